"""The data set that needs no data: faces that a bundled model drew, kept in a small file beside this one."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from facedemo.data.cache import Faces, write_faces
from facedemo.data.source_files import DataError

ARCHIVE = Path(__file__).with_name("builtin_faces.zip")
SOURCE = "built-in faces"


def builtin_faces(size: int, cache: Path | None = None) -> Faces:
    """The 4,096 built-in faces at `size` pixels.

    The bundled `ours-64` drew 9,000 faces from the seeds 1,000,000 to 1,008,999, at 64×64 pixels. These are the ones
    that dlib's HOG detector is most certain of, each named by its seed.
    Raises DataError if the file is missing or damaged, or the cache folder cannot be written.
    """
    try:
        digest = hashlib.blake2b(ARCHIVE.read_bytes() + size.to_bytes(2), digest_size=16).hexdigest()
        return write_faces(digest, resized_faces(size), size, SOURCE, cache)
    except (OSError, zipfile.BadZipFile) as error:
        raise DataError(f"{ARCHIVE} cannot be read ({error}). Install facedemo again.") from error


def resized_faces(size: int) -> Iterator[tuple[str, np.ndarray]]:
    """Each face's file name and its pixels, uint8 (size, size, 3)."""
    with zipfile.ZipFile(ARCHIVE) as archive:
        for name in archive.namelist():
            with Image.open(io.BytesIO(archive.read(name))) as image:
                yield name, np.asarray(image.convert("RGB").resize((size, size), Image.Resampling.LANCZOS))
