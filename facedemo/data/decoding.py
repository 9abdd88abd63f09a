"""Decoding of image files to pixels, for data sets and for photos."""

import io
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TypeVar

import numpy as np
import pillow_heif
from PIL import Image, ImageOps

from facedemo.data import face_recognition

Decoded = TypeVar("Decoded")

MAX_PIXELS = 64_000_000
# Otherwise Pillow would try all its formats, and its EPS reader starts an external program.
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF", "HEIF")
ANNOTATED = ("MPO", "HEIF")  # photos from phones: additional pictures in them are not frames of an animation
PNG = b"\x89PNG\r\n\x1a\n"
USED_CHUNKS = frozenset({b"tRNS", b"eXIf", b"acTL", b"fcTL", b"fdAT"})  # in addition to the mandatory chunks of a PNG

pillow_heif.register_heif_opener()


class ColourError(ValueError):
    """It is unknown which colours the values of an image represent."""


def decoded(data: bytes, use: Callable[[Image.Image], Decoded]) -> Decoded:
    """The result of `use` for an opened image file; a PNG may have damaged text, colour profile or similar chunks.

    `use` may be called twice.
    Raises whatever Pillow raises for damaged files, from SyntaxError to struct.error, and whatever `use` raises.
    """
    imported = face_recognition.is_imported()
    result = decoded_once(data, use)
    if face_recognition.is_imported() != imported:  # while it was being imported, Pillow accepted truncated images
        result = decoded_once(data, use)
    return result


def decoded_once(data: bytes, use: Callable[[Image.Image], Decoded]) -> Decoded:
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return use(image)
    except Exception:
        if (bare := b"".join(needed_chunks(data))) == data:
            raise
    with Image.open(io.BytesIO(bare), formats=FORMATS) as image:
        return use(image)


def needed_chunks(data: bytes) -> Iterator[bytes]:
    """A PNG file without the chunks that do not affect its pixels; any other file unchanged."""
    if not data.startswith(PNG):
        yield data
        return
    yield PNG
    offset = len(PNG)
    while offset + 8 <= len(data):
        kind, end = data[offset + 4 : offset + 8], offset + 12 + int.from_bytes(data[offset : offset + 4])
        if kind[:1].isupper() or kind in USED_CHUNKS:
            yield data[offset:end]
        offset = end


def is_animated(image: Image.Image) -> bool:
    return image.format not in ANNOTATED and getattr(image, "is_animated", False)


def turn_upright(image: Image.Image) -> None:
    """Rotates an image in place according to its EXIF data, unless these are damaged."""
    with suppress(Exception):  # any error, from SyntaxError to struct.error; the pixels are fine
        ImageOps.exif_transpose(image, in_place=True)


def rgb(image: Image.Image) -> Image.Image:
    """An image in 8-bit RGB, transparency over white.  Raises ColourError if it is unknown which value is white."""
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
