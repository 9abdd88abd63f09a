"""How long a visitor waits, alone and while a run trains, for a grid of faces and for a step of the page One step."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facedemo.config.presets import configure
from facedemo.explore import single_step
from facedemo.imaging import pictures
from facedemo.pretrained import sampling
from facedemo.pretrained.model import FaceModel, load_model
from facedemo.pretrained.seeds import face_seeds
from facedemo.runs.run import create_run
from facedemo.training import dataset

FACES = 64
WARM_UP = 3


@dataclass(frozen=True)
class Delay:
    """Milliseconds: median and 95th percentile of `count` measurements."""

    median: float
    percentile_95: float
    count: int


def measure_generating(model: FaceModel, count: int) -> Delay:
    """From a seed to the PNG of a grid of FACES faces."""

    def generate(seed: int) -> None:
        pictures.png(pictures.grid(sampling.generate(model, face_seeds(seed, FACES))), seed=seed)

    return measured(generate, count)


def measure_steps(folder: Path, count: int) -> Delay:
    """One training step of a bundle or run, with the pictures before and after it."""
    images = dataset.for_model(load_model(folder).config, False).images
    stepper = single_step.TrainingStepper(folder, images)
    return measured(lambda _: stepper.forward(), count)


def measured(work: Callable[[int], object], count: int) -> Delay:
    """Calls `work` with 0, 1, …; the first WARM_UP calls do not count."""
    times = []
    for number in range(count + WARM_UP):
        start = time.perf_counter()
        work(number)
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
