"""The one way from the bytes of an image file to pixels, for data sets and for photos alike."""

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TypeVar

import numpy as np
import pillow_heif
from PIL import Image, ImageOps

Decoded = TypeVar("Decoded")

# Pillow would otherwise try everything it knows by content, and its EPS reader starts an external program.
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF", "HEIF")
ANNOTATED = ("MPO", "HEIF")  # phones' photos: further pictures in them are no frames of an animation
PNG = b"\x89PNG\r\n\x1a\n"
USED_CHUNKS = frozenset({b"tRNS", b"eXIf", b"acTL", b"fcTL", b"fdAT"})  # beside those that a PNG cannot do without

pillow_heif.register_heif_opener()


class ColourError(ValueError):
    """The values of an image do not say which colours they stand for."""


def decoded(data: bytes, use: Callable[[Image.Image], Decoded]) -> Decoded:
    """What `use` makes of an opened image file; of a PNG also if its text, colour profile or the like is damaged.

    Raises what Pillow does on damaged files, from SyntaxError to struct.error, and what `use` does.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return use(image)
    except Exception:
        if (bare := b"".join(needed_chunks(data))) == data:
            raise
    with Image.open(io.BytesIO(bare), formats=FORMATS) as image:
        return use(image)


def needed_chunks(data: bytes) -> Iterator[bytes]:
    """A PNG file without the chunks that do not matter for its pixels; any other file as it is."""
    if not data.startswith(PNG):
        yield data
        return
    yield PNG
    place = len(PNG)
    while place + 8 <= len(data):
        kind, end = data[place + 4 : place + 8], place + 12 + int.from_bytes(data[place : place + 4])
        if kind[:1].isupper() or kind in USED_CHUNKS:
            yield data[place:end]
        place = end


def is_animated(image: Image.Image) -> bool:
    return image.format not in ANNOTATED and getattr(image, "is_animated", False)


def turn_upright(image: Image.Image) -> None:
    """Turns an image as its EXIF data say, in place; not if these are damaged."""
    with suppress(Exception):  # anything, from SyntaxError to struct.error, and the pixels are fine
        ImageOps.exif_transpose(image, in_place=True)


def rgb(image: Image.Image) -> Image.Image:
    """In 8-bit RGB, what is transparent on white.  Raises ColourError if nothing says which value is white."""
    if image.mode.startswith("I;16"):
        values = np.asarray(image).astype(np.uint32)
        return Image.fromarray(((values * 255 + 32767) // 65535).astype(np.uint8)).convert("RGB")
    if image.mode in ("I", "F"):
        raise ColourError
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")
