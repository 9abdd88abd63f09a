"""The speed of decoding a source of images into the cache, on all cores."""

import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from facedemo.data.preparation import prepare
from facedemo.progress import Progress


@dataclass(frozen=True)
class Decoding:
    images: int
    seconds: float
    cached_seconds: float  # seconds to open them again
    cores: int

    @property
    def images_per_second(self) -> float:
        return self.images / self.seconds


def measure_decoding(source: str, size: int, progress: Progress | None = None) -> Decoding:
    """Decodes all images of a source into an empty cache, and opens them from there."""
    with tempfile.TemporaryDirectory() as cache:
        start = time.perf_counter()
        images = len(prepare(source, size, progress=progress, cache=Path(cache)).names)
        decoded = time.perf_counter()
        prepare(source, size, cache=Path(cache))
        return Decoding(images, decoded - start, time.perf_counter() - decoded, os.cpu_count() or 1)
