"""Time from a seed to the PNG of a grid of 64 faces, alone and while a run trains."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facedemo.config.presets import configure
from facedemo.imaging import pictures
from facedemo.pretrained import sampling
from facedemo.pretrained.model import FaceModel
from facedemo.pretrained.seeds import face_seeds
from facedemo.runs.run import create_run

FACES = 64
WARM_UP = 3


@dataclass(frozen=True)
class Delay:
    """Milliseconds from a seed to the PNG: median and 95th percentile over `count` grids."""

    median: float
    percentile_95: float
    count: int


def measure_generating(model: FaceModel, count: int) -> Delay:
    """Generates grids from new seeds."""
    times = []
    for seed in range(count + WARM_UP):
        start = time.perf_counter()
        pictures.png(pictures.grid(sampling.generate(model, face_seeds(seed, FACES))), seed=seed)
        times.append(1000 * (time.perf_counter() - start))
    return Delay(float(np.median(times[WARM_UP:])), float(np.percentile(times[WARM_UP:], 95)), count)


@contextmanager
def training_beside(size: int) -> Iterator[None]:
    """A run of the default model as the app starts it: in a separate process at low priority."""
    with tempfile.TemporaryDirectory() as folder:
        run = create_run(configure({"size": size, "minutes": 60}), Path(folder))
        run.launch(now=True)
        try:
            while run.status.step < 20:
                if not run.status.active:
                    raise ValueError(f"The training did not start: {run.status.message}")
                time.sleep(0.2)
            yield
        finally:
            run.stop()
            while run.status.active:
                time.sleep(0.1)
