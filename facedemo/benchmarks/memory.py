"""Memory use of training on a data set of CelebA's size, and the cost of reading it with a cold page cache."""

import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil

from facedemo.benchmarks.training import Waiting
from facedemo.config.schema import RunConfig
from facedemo.data.cache import write_faces
from facedemo.runs.run import create_run
from facedemo.training import device
from facedemo.training.recorder import Recorder
from facedemo.training.trainer import Trainer

CELEBA = 202_599


@dataclass(frozen=True)
class Memory:
    images: int
    steps: int
    resident_gib: float  # peak during training
    data_share: float  # share of the time spent waiting for images, starting with a cold page cache


def noise(count: int, size: int) -> Iterator[tuple[str, np.ndarray]]:
    """Synthetic data of the same size as real images."""
    rng = np.random.default_rng(0)
    for number in range(count):
        yield f"{number:06d}.jpg", rng.integers(0, 256, (size, size, 3), dtype=np.uint8)


def measure_memory(config: RunConfig, count: int = CELEBA, seconds: float = 60.0) -> Memory:
    """Trains for `seconds` on `count` images that have not been read since they were written."""
    with tempfile.TemporaryDirectory() as folder:
        faces = write_faces("noise", noise(count, config.model.size), config.model.size, "noise", Path(folder))
        forget(faces.path / "images.u8")
        fabric = device.start_fabric(config.training)
        record = Recorder(create_run(config, Path(folder)))
        engine = Trainer(fabric, record, config, faces.images)
        waiting = engine.iteration.batches = Waiting(engine.iteration.batches)
        process, most, start = psutil.Process(), 0, time.perf_counter()
        while (spent := time.perf_counter() - start) < seconds:
            engine.advance()
            most = max(most, process.memory_info().rss)
        engine.metrics.close()
        return Memory(count, engine.step, most / 2**30, waiting.seconds / spent)


def forget(path: Path) -> None:
    """Drops a file from the system's page cache, if the system supports that."""
    if hasattr(os, "posix_fadvise"):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
