"""Small trainings in this process, for the lessons: a few iterations at a time, seen from both networks."""

import copy
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric

from facedemo.config.presets import PRESETS, configure
from facedemo.config.schedule import SettingChange, SettingsSchedule
from facedemo.config.schema import RunConfig
from facedemo.data.images import Images
from facedemo.gans.base import INITIALISING, Equation, Family, Reconstructing
from facedemo.imaging.pictures import to_uint8
from facedemo.pretrained.sampling import from_uint8
from facedemo.training.batches import random_stream
from facedemo.training.iteration import Iteration

PRESET, SIZE = "minute", 32
FACES = 16  # generated with the same latents each time
SHOWN = 4  # pictures of the discriminator's view
ROWS = 400  # rows of metrics that are kept at most; then every other one is dropped
WORST = 1e4  # a loss above this has diverged as well as one that is not a number


class Threads:
    """How many threads torch has while no lesson trains, and how many lessons train now."""

    lock, users, before = Lock(), 0, 1


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread for torch, until the last of all that train at the same time has finished."""
    with Threads.lock:
        if not Threads.users:
            Threads.before = torch.get_num_threads()
        Threads.users += 1
    torch.set_num_threads(1)
    try:
        yield
    finally:
        with Threads.lock:
            Threads.users -= 1
            torch.set_num_threads(1 if Threads.users else Threads.before)


def live_config(settings: dict[str, float | str | int]) -> RunConfig:
    """The config of a small training: PRESET, or for another family its defaults at the same size."""
    if settings.get("family", PRESETS[PRESET].settings["family"]) == PRESETS[PRESET].settings["family"]:
        return configure(settings, PRESET)
    return configure({"size": SIZE, "width": 16, "batch_size": 16, "ema_images": 2000, "images": 1, **settings})


@dataclass(frozen=True)
class SavedState:
    """A copy of a training's state.  iteration: as `Iteration.restore` takes it.  The rest: as in LiveTraining."""

    iteration: tuple[int, dict[str, torch.Tensor], dict[str, dict[str, Any]]]
    schedule: SettingsSchedule
    metrics: dict[str, list[float]]
    every: int


class LiveTraining:
    """A training that only this process knows; it is lost with the process."""

    def __init__(self, images: Images, **settings: float | str | int) -> None:
        """images: n of uint8 (32, 32, 3).  settings: replace those of PRESET, or of another family's defaults."""
        self.images = images
        self.config = live_config(settings)
        self.schedule = SettingsSchedule(self.config)
        fabric = Fabric(accelerator="cpu", devices=1, precision="32-true")
        with INITIALISING, torch.random.fork_rng():
            torch.manual_seed(self.config.training.seed)
            self.iteration = Iteration(fabric, self.schedule, images)
        self.metrics: dict[str, list[float]] = {"step": [], **{name: [] for name in self.family.metrics}}
        self.every = 1  # iterations between rows of metrics
        self.diverged = False
        self.saved: SavedState | None = None
        self.lock = Lock()  # a page that was clicked on trains to the end of an iteration while its next run begins
        self.latents = self.family.latents(FACES, random_stream(0, "samples", 0))

    @property
    def family(self) -> Family:
        return self.iteration.family

    @property
    def step(self) -> int:
        return self.iteration.step

    @property
    def settings(self) -> dict[str, float]:
        """The settings of the model that are in force."""
        return self.schedule.config.model.model_dump()

    @property
    def images_seen(self) -> int:
        """Real images so far."""
        return self.step * self.config.model.images_per_step

    def train(self, seconds: float, most: int = 1_000_000) -> None:
        """Trains for about that time, and at most that many iterations; not at all if the training has diverged."""
        until = time.perf_counter() + seconds
        with self.lock, one_thread():  # networks this small train twice as fast on one thread as on two
            for _ in range(most):
                if self.diverged or time.perf_counter() >= until:
                    return
                row = self.iteration.take().row
                if self.step % self.every == 0:
                    self.record({name: float(value) for name, value in row.items()})

    def explained_step(self) -> list[Equation]:
        """One iteration, as the family's equations with its numbers."""
        with self.lock, one_thread():
            before = {name: float(value) for name, value in self.family.named_buffers(recurse=False) if value.ndim == 0}
            row = {name: float(value) for name, value in self.iteration.take().row.items()}
            self.record(row)
        return self.family.equations(before, row)

    def record(self, row: dict[str, float]) -> None:
        if any(not math.isfinite(value) or abs(value) > WORST for value in row.values()):
            self.diverged = True
            return
        for name, value in {"step": self.step, **row}.items():
            self.metrics[name].append(value)
        if len(self.metrics["step"]) >= ROWS:
            self.every *= 2
            self.metrics = {name: values[1::2] for name, values in self.metrics.items()}

    def steer(self, **changes: float) -> None:
        """Changes settings from the next iteration on.  Raises ValueError as `RunConfig.steered` does."""
        self.schedule.apply(SettingChange(self.step, changes))

    def save(self) -> None:
        """Keeps a copy of the present state, for `go_back`."""
        with self.lock:
            state = self.step, self.family.state_dict(), self.iteration.optimizer_states()
            self.saved = copy.deepcopy(SavedState(state, self.schedule, self.metrics, self.every))

    def go_back(self) -> None:
        """Restores the saved state, with its settings and its rows of metrics, and no longer keeps it.

        Raises ValueError if there is none.
        """
        with self.lock:
            if (saved := self.saved) is None:
                raise ValueError("No state of this training was saved.")
            self.iteration.restore(*saved.iteration)
            self.schedule = self.iteration.schedule = saved.schedule
            self.metrics, self.every = saved.metrics, saved.every
            self.diverged, self.saved = False, None

    @torch.inference_mode()
    def samples(self) -> np.ndarray:
        """Faces of the same FACES latents, uint8 (FACES, 32, 32, 3), by the moving average of the generator."""
        return to_uint8(torch.nan_to_num(self.family.average(self.latents).float()).clamp(-1, 1))

    @torch.inference_mode()
    def discriminator_view(self) -> dict[str, np.ndarray]:
        """Symbol → SHOWN pictures, uint8 (SHOWN, 32, 32, 3): x and G(z), and D's reconstruction of each, if any."""
        inputs = {"x": from_uint8(np.stack([self.images[row] for row in range(SHOWN)]))}
        inputs["G(z)"] = self.family.average(self.latents[:SHOWN]).float()
        pictures = {}
        for symbol, images in inputs.items():
            pictures[symbol] = images
            if isinstance(self.family, Reconstructing):
                pictures[f"D({symbol})"] = self.family.reconstruct(images)
        return {symbol: to_uint8(torch.nan_to_num(images).clamp(-1, 1)) for symbol, images in pictures.items()}

    @torch.inference_mode()
    def loss_of(self, images: Images) -> float:
        """Mean reconstruction loss L of images, n of uint8 (32, 32, 3).  The family must reconstruct."""
        assert isinstance(self.family, Reconstructing)
        batch = from_uint8(np.stack([images[row] for row in range(len(images))]))
        return float(self.family.reconstruction_loss(batch, self.family.reconstruct(batch)).mean())
