"""Conversion of arrays to pictures and back: grids, and PNG files with their settings as metadata."""

import io
import json
import math
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

if TYPE_CHECKING:
    from torch import Tensor


PICTURES = (".png", ".jpg", ".jpeg")


def to_uint8(images: "Tensor") -> np.ndarray:
    """(n, 3, height, width) in [−1, 1] → uint8 (n, height, width, 3)."""
    levels = images.add(1).mul(127.5).round().clamp(0, 255)
    return levels.byte().permute(0, 2, 3, 1).contiguous().numpy()


def grid_columns(count: int) -> int:
    """Columns of a roughly square grid: 64 → 8."""
    return max(1, math.ceil(math.sqrt(count)))


def grid(images: np.ndarray, columns: int | None = None, padding: int = 2) -> Image.Image:
    """A grid of images on white, row by row.

    images: uint8 (n, height, width, 3), n > 0.  padding: pixels between and around them.
    """
    count, height, width, _ = images.shape
    columns = columns or grid_columns(count)
    rows = math.ceil(count / columns)
    down, right = height + padding, width + padding
    sheet = np.full((rows * down + padding, columns * right + padding, 3), 255, np.uint8)
    for index, image in enumerate(images):
        top, left = padding + index // columns * down, padding + index % columns * right
        sheet[top : top + height, left : left + width] = image
    return Image.fromarray(sheet)


def picture_file(image: Image.Image | np.ndarray, suffix: str, **settings: object) -> bytes:
    """A picture with `settings` as metadata: a PNG, or for .jpg and .jpeg a JPEG with a JSON comment.

    suffix: one of PICTURES, in any case.  Raises ValueError for another one.
    """
    if suffix.lower() == ".png":
        return png(image, **settings)
    if suffix.lower() not in PICTURES:
        raise ValueError(f"Pictures are written as {', '.join(PICTURES)}, not as “{suffix}”.")
    file = io.BytesIO()
    as_image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    comment = json.dumps({name: str(value) for name, value in settings.items()}, ensure_ascii=False)
    as_image.save(file, "JPEG", quality=95, subsampling=0, comment=comment.encode())
    return file.getvalue()


def png(image: Image.Image | np.ndarray, **settings: object) -> bytes:
    """A PNG file with `settings` as text metadata, which `read_settings` reads."""
    text = PngInfo()
    for name, value in settings.items():
        text.add_text(name, str(value))
    file = io.BytesIO()
    as_image = Image.fromarray(image) if isinstance(image, np.ndarray) else image
    as_image.save(file, "PNG", pnginfo=text, compress_level=1)  # half the time for 8 % more bytes
    return file.getvalue()


def read_settings(file: bytes | Path) -> dict[str, str]:
    """The settings that `png` wrote into a file."""
    with Image.open(io.BytesIO(file) if isinstance(file, bytes) else file) as image:
        try:
            image.load()
        except SyntaxError as error:  # what Pillow raises for a broken PNG
            raise ValueError(f"The picture is damaged: {error}.") from error
        return {str(name): value for name, value in image.info.items() if isinstance(value, str)}


def read_grid(file: bytes | Path, count: int, padding: int = 2) -> np.ndarray:
    """The first `count` images of a square grid of `grid` and `png`: uint8 (count, size, size, 3).

    Raises ValueError or OSError if the file is not a PNG with that many images.
    """
    held = int(read_settings(file).get("count", 0))
    if not 0 < count <= held:
        raise ValueError(f"The picture contains {held} faces, not {count}.")
    with Image.open(io.BytesIO(file) if isinstance(file, bytes) else file) as image:
        sheet = np.asarray(image.convert("RGB"))
    columns = grid_columns(held)
    step = (sheet.shape[1] - padding) // columns
    if sheet.shape != (padding + math.ceil(held / columns) * step, padding + columns * step, 3):
        raise ValueError(f"The picture is not a grid of {held} faces.")
    corners = [(padding + index // columns * step, padding + index % columns * step) for index in range(count)]
    return np.stack([sheet[top : top + step - padding, left : left + step - padding] for top, left in corners])


def faces_zip(images: np.ndarray, seeds: Sequence[int], model_name: str, scale: float) -> bytes:
    """A ZIP with one PNG per face, named after its seed.  images: uint8 (n, height, width, 3), n = len(seeds)."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:  # PNG files are already compressed
        for name, content in _named_faces(images, seeds, model_name, scale):
            # With a fixed date, the same faces make the same file.
            archive.writestr(zipfile.ZipInfo(name), content)
    return file.getvalue()


def _named_faces(
    images: np.ndarray, seeds: Sequence[int], model_name: str, scale: float
) -> Iterator[tuple[str, bytes]]:
    for image, seed in zip(images, seeds, strict=True):
        yield f"{seed}.png", png(image, model=model_name, seed=seed, scale=scale)
