"""Training in slow motion: one iteration at a time, forth and back, with all that it computes on the table.

The iterations are the training's own: `Family.step` through the engine's `Players`, on the batches and the noise that
the run would get.  Only the pictures before and after are made here.
"""

import copy
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn
from torch.func import functional_call

from facedemo.config.schedule import Mark
from facedemo.config.schema import RunConfig
from facedemo.gans.base import Equation, Family, Reconstructing
from facedemo.gans.settings import FamilyConfig, Knob, knobs
from facedemo.imaging.pictures import to_uint8
from facedemo.pretrained.sampling import Progress
from facedemo.training.iteration import Iteration
from facedemo.training.restore import open_saved

UNDO_STEPS = 20
UNDO_BYTES = 256_000_000
SHOWN = 6  # images of a batch that are shown
GAINS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)  # by which differences are amplified


@dataclass(frozen=True)
class Shown:
    """Pictures of one kind, (n, s, s, 3) float32: in [−1, 1], or differences of such.

    scores: what the discriminator says of each, (n,), where that is a number.
    """

    symbol: str  # D(x)
    about: str
    images: np.ndarray
    scores: np.ndarray | None = None


@dataclass(frozen=True)
class Step:
    """One iteration.  number: iterations that the model had before it.  before, row: as in `Family.equations`."""

    number: int
    before: dict[str, float]
    row: dict[str, float]
    settings: dict[str, float]  # of the knobs, as the step found them
    equations: list[Equation]
    pictures: list[Shown]
    changes: list[Shown]


@dataclass(frozen=True)
class Snapshot:
    family: dict[str, Tensor]
    optimizers: dict[str, dict[str, Any]]

    @property
    def bytes(self) -> int:
        return sum(map(tensor_bytes, [self.family, self.optimizers]))


class SlowMotion:
    """A model in training, as it was saved.

    Raises BundleError where the folder cannot be opened, or holds no discriminator to train.
    """

    def __init__(self, path: Path, images: Sequence[np.ndarray]) -> None:
        """path: a bundle or a run directory.  images: n of uint8 (s, s, 3), to be learned from."""
        self.path, self.images = path, images
        self.fabric = Fabric(accelerator="auto", devices=1, precision="32-true")
        self.restart()

    def restart(self) -> None:
        """Back to the model as it is saved; what the knobs were turned to is forgotten."""
        saved = open_saved(self.path)
        self.steering = saved.steering
        self.resumed = bool(saved.optimizers)  # otherwise the optimisers begin anew
        self.iteration = Iteration(self.fabric, self.steering, self.images)
        self.iteration.restore(saved.number, saved.family, saved.optimizers)
        self.steps: list[Step] = []
        self.undo: deque[Snapshot] = deque()

    @property
    def config(self) -> RunConfig:
        return self.steering.config

    @property
    def family(self) -> Family:
        return self.iteration.family

    @property
    def number(self) -> int:
        """Iterations taken in all, those of the training included."""
        return self.iteration.step

    def settings(self) -> dict[str, float]:
        """The knobs of `own_knobs`, as the next step will find them."""
        return {knob.name: getattr(self.config.model, knob.name) for knob in own_knobs(type(self.config.model))}

    def steer(self, **changes: float) -> None:
        """Turns knobs from the next step on.  Raises ValueError as `RunConfig.steered` does."""
        self.steering.apply(Mark(self.number, changes, command=-1))
        self.family.config = self.config.model

    def forward(self) -> Step:
        """The next iteration."""
        self.remember()
        before = {name: float(value) for name, value in self.family.named_buffers(recurse=False) if value.ndim == 0}
        generator, discriminator = copy.deepcopy(self.family.generator), copy.deepcopy(self.family.discriminator)
        taken = self.iteration.take()
        row = {name: float(value) for name, value in taken.row.items()}
        x, z = taken.real[: self.config.model.batch_size], taken.latents
        pictures, changes = self.look(x, z, generator, discriminator)
        equations = self.family.equations(before, row)
        self.steps.append(Step(self.number - 1, before, row, self.settings(), equations, pictures, changes))
        if self.first_kept > 0:  # no way leads back to it: its pictures may go
            self.steps[self.first_kept - 1] = replace(self.steps[self.first_kept - 1], pictures=[], changes=[])
        return self.steps[-1]

    @property
    def first_kept(self) -> int:
        """The number of steps taken, to which `back` can still lead."""
        return len(self.steps) - len(self.undo)

    def reach(self, steps: int, progress: Progress = lambda done, total: None) -> None:
        """Goes forth or back until so many steps are taken.  Raises ValueError as `back` does."""
        while len(self.steps) > steps:
            self.back()
        begun = len(self.steps)
        while len(self.steps) < steps:
            self.forward()
            progress(len(self.steps) - begun, steps - begun)

    def look(self, x: Tensor, z: Tensor, generator: nn.Module, discriminator: nn.Module) -> tuple[list[Shown], ...]:
        """What the players made of x and z before the step, and what it changed in that.

        generator, discriminator: as they were before the step.
        """
        g, g_after = quietly(generator, z), quietly(self.family.generator, z)
        judged = [quietly(discriminator, images) for images in (x, g)]
        after = [quietly(self.family.discriminator, images) for images in (x, g)]
        pictures = [shown("x", "Real images.", x), shown("G(z)", "What the generator draws from random vectors z.", g)]
        changes = [shown("G(z)", "What the step changed in the pictures that the generator draws.", g_after - g)]
        for place, symbol in enumerate(("x", "G(z)")):
            if isinstance(self.family, Reconstructing):
                about = f"What the discriminator makes of {symbol}."
                pictures.insert(2 * place + 1, shown(f"D({symbol})", about, judged[place]))
                about = f"What the step changed in the discriminator's copies of {symbol}."
                changes.append(shown(f"D({symbol})", about, after[place] - judged[place]))
            else:
                scored = pictures[place]
                scores = judged[place][:SHOWN].cpu().numpy()
                pictures[place] = Shown(scored.symbol, scored.about, scored.images, scores)
        return pictures, changes

    def remember(self) -> None:
        """Keeps the state as it is, for `back`; the oldest one kept goes when there are too many."""
        self.undo.append(copy.deepcopy(Snapshot(self.family.state_dict(), self.iteration.optimizer_states())))
        allowed = max(1, min(UNDO_STEPS, UNDO_BYTES // max(1, self.undo[-1].bytes)))
        while len(self.undo) > allowed:
            self.undo.popleft()

    def back(self) -> None:
        """Takes back the last iteration, to the bit; what the knobs were turned to stays.

        Raises ValueError where that is further back than states are kept.
        """
        if not self.undo:
            raise ValueError("The steps before this one cannot be taken back any more. Start again instead.")
        snapshot = self.undo.pop()
        self.iteration.restore(self.number - 1, snapshot.family, snapshot.optimizers)
        self.steps.pop()


def own_knobs(config: type[FamilyConfig]) -> list[Knob]:
    """The knobs of a family's own that may be turned between steps: γ, not the learning rates that all have."""
    return [knob for knob in knobs(config, live=True) if knob.name not in FamilyConfig.model_fields]


def quietly(network: nn.Module, inputs: Tensor) -> Tensor:
    """What a network makes of a batch in training, without a trace in its running statistics."""
    buffers = {name: buffer.clone() for name, buffer in network.named_buffers()}
    with torch.no_grad():
        return functional_call(network, buffers, (inputs,)).float()


def shown(symbol: str, about: str, images: Tensor) -> Shown:
    return Shown(symbol, about, images[:SHOWN].permute(0, 2, 3, 1).cpu().numpy())


def picture(images: np.ndarray) -> np.ndarray:
    """float32 (n, s, s, 3) in [−1, 1] → uint8, clipped."""
    return to_uint8(torch.from_numpy(images).permute(0, 3, 1, 2))


def amplified(changes: np.ndarray, gain: float) -> np.ndarray:
    """Differences of images as uint8 pictures: grey where nothing changed, brighter where a colour grew.

    changes: float32 (n, s, s, 3), differences of images in [−1, 1]; what is out of range after `gain` is clipped.
    """
    return picture(np.asarray(changes * gain, np.float32))


def sheet(step: Step, gain: float) -> np.ndarray:
    """All pictures of a step, kind by kind, then its changes: uint8 (n, s, s, 3)."""
    rows = [picture(shown.images) for shown in step.pictures]
    return np.concatenate(rows + [amplified(change.images, gain) for change in step.changes])


def fitting_gain(changes: Sequence[Shown]) -> int:
    """The largest of GAINS at which all but a hundredth of the pixels stay in range."""
    largest = max((float(np.quantile(np.abs(change.images), 0.99)) for change in changes), default=0.0)
    return max((gain for gain in GAINS if gain * largest <= 1.0), default=GAINS[0])


def tensor_bytes(value: object) -> int:
    if isinstance(value, Tensor):
        return value.nbytes
    return sum(map(tensor_bytes, value.values())) if isinstance(value, dict) else 0
