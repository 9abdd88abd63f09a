"""Faces drawn from a bundled model: the data set that needs no data."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from facedemo.data.images import Faces, Progress, write_faces
from facedemo.data.sources import DataError

COUNT = 4096
FIRST_SEED = 1_000_000  # away from the seeds that people try, so that a model is not shown what it was trained on
PART = 64


def draw_faces(size: int, progress: Progress | None = None, cache: Path | None = None) -> Faces:
    """COUNT faces at `size` pixels by the first bundled model, drawn once and then taken from the cache.

    Raises DataError where no bundled model is there to draw them.
    """
    from facedemo.bundle import WEIGHTS, bundled

    models = bundled()
    if not models:
        raise DataError("There is no bundled model to draw built-in faces from. Choose a folder or archive of images.")
    with (models[0] / WEIGHTS).open("rb") as weights:
        content = hashlib.file_digest(weights, "blake2b").hexdigest()
    key = hashlib.blake2b(f"built-in {COUNT} {size} {content}".encode(), digest_size=16).hexdigest()
    return write_faces(key, draw(models[0], size, progress), size, f"faces drawn by {models[0].name}", cache)


def draw(path: Path, size: int, progress: Progress | None) -> Iterator[tuple[str, np.ndarray]]:
    from facedemo import bundle, sampling

    model = bundle.load(path)
    for start in range(0, COUNT, PART):
        seeds = list(range(FIRST_SEED + start, FIRST_SEED + start + PART))
        for seed, face in zip(seeds, sampling.generate(model, seeds), strict=True):
            yield f"{seed}.png", np.asarray(Image.fromarray(face).resize((size, size), Image.Resampling.LANCZOS))
        if progress:
            progress(start + PART, COUNT)
