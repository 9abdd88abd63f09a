"""Faces drawn from a bundled model: the data set that needs no data."""

import hashlib
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors import SafetensorError, safe_open

from facedemo.checkpoints import WEIGHTS, bundled
from facedemo.data.cache import Faces, open_faces, write_faces
from facedemo.data.entries import DataError
from facedemo.data.images import Progress

COUNT = 4096
FIRST_SEED = 1_000_000  # away from the seeds that people try, so that a model is not shown what it was trained on
PART = 64


def draw_faces(size: int, progress: Progress | None = None, cache: Path | None = None) -> Faces:
    """COUNT faces at `size` pixels by the first bundled model, drawn once and then taken from the cache.

    Raises DataError where no bundled model is there to draw them.
    """
    model = drawing_model()
    return write_faces(cache_key(model, size), draw(model, size, progress), size, source_name(model), cache)


def drawn_faces(size: int, cache: Path | None = None) -> Faces | None:
    """What `draw_faces` would find in the cache; None where it would have to draw.  Raises DataError as it does."""
    model = drawing_model()
    return open_faces(cache_key(model, size), size, source_name(model), cache)


def few_faces(size: int, count: int, progress: Progress | None = None) -> np.ndarray:
    """The first of the faces that `draw_faces` draws, stored nowhere: uint8 (count, size, size, 3).

    count: in [1, COUNT].  Raises DataError as `draw_faces` does.
    """
    faces = list[np.ndarray]()
    for _, face in itertools.islice(draw(drawing_model(), size, None), count):
        faces.append(face)
        if progress:
            progress(len(faces), count)
    return np.stack(faces)


def drawing_model() -> Path:
    """The first bundled model whose weights are whole."""
    for model in bundled():
        try:
            with safe_open(model / WEIGHTS, "numpy"):
                return model
        except (SafetensorError, OSError):
            continue
    raise DataError("There is no bundled model to draw built-in faces from. Choose a folder or archive of images.")


def source_name(model: Path) -> str:
    return f"faces drawn by {model.name}"


def cache_key(model: Path, size: int) -> str:
    with (model / WEIGHTS).open("rb") as weights:
        content = hashlib.file_digest(weights, "blake2b").hexdigest()
    return hashlib.blake2b(f"built-in {COUNT} {size} {content}".encode(), digest_size=16).hexdigest()


def draw(path: Path, size: int, progress: Progress | None) -> Iterator[tuple[str, np.ndarray]]:
    from facedemo import bundle, sampling

    model = bundle.load(path)
    for start in range(0, COUNT, PART):
        seeds = list(range(FIRST_SEED + start, FIRST_SEED + start + PART))
        for seed, face in zip(seeds, sampling.generate(model, seeds), strict=True):
            yield f"{seed}.png", np.asarray(Image.fromarray(face).resize((size, size), Image.Resampling.LANCZOS))
        if progress:
            progress(start + PART, COUNT)
