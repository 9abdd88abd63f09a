"""The single-step debugger: one training iteration at a time, forwards and backwards, with everything it computes.

The iterations are those of the training itself: `Family.step` through the engine's `FabricUpdates`, on the run's own
batches and noise. Only the pictures before and after a step are computed here.
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
from torch import Tensor
from torch.func import functional_call

from facedemo.config.schedule import SettingChange
from facedemo.config.schema import RunConfig
from facedemo.data.images import Images
from facedemo.gans.base import Equation, Family, Reconstructing
from facedemo.gans.settings import family_tunables
from facedemo.imaging.pictures import to_uint8
from facedemo.progress import Progress
from facedemo.training.iteration import Iteration
from facedemo.training.restore import load_training_state

UNDO_STEPS = 20
UNDO_BYTES = 256_000_000
SHOWN = 6  # number of images of a batch that are shown
LARGEST_BATCH = 16  # of a model whose optimisers were not saved, so that a step takes about a second on a CPU
GAINS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)  # factors by which differences can be amplified


@dataclass(frozen=True)
class PictureRow:
    """Pictures of one kind, (n, s, s, 3) float32: in [−1, 1], or differences of such pictures.

    scores: the discriminator's output for each, (n,), if that is a number.
    """

    symbol: str  # D(x)
    explanation: str
    images: np.ndarray
    scores: np.ndarray | None = None


@dataclass(frozen=True)
class Step:
    """One iteration.  number: iterations that the model had before.  before, row: as in `Family.equations`."""

    number: int
    before: dict[str, float]
    row: dict[str, float]
    settings: dict[str, float]  # of the live settings, as the step used them
    equations: list[Equation]
    pictures: list[PictureRow]
    changes: list[PictureRow]


@dataclass(frozen=True)
class Snapshot:
    family: dict[str, Tensor]
    optimizers: dict[str, dict[str, Any]]

    @property
    def bytes(self) -> int:
        return sum(map(tensor_bytes, [self.family, self.optimizers]))


class TrainingStepper:
    """A model in training, as it was saved.

    Raises BundleError if the folder cannot be opened, or contains no discriminator to train.
    """

    def __init__(self, path: Path, images: Images, about_images: str = "Training images.") -> None:
        """path: a bundle or a run directory.  images: n of uint8 (s, s, 3), to train on.

        about_images: what they are, as a sentence.
        """
        self.path, self.images, self.about_images = path, images, about_images
        self.fabric = Fabric(accelerator="auto", devices=1, precision="32-true")
        self.restart()

    def restart(self) -> None:
        """Reloads the saved model; changed settings are discarded."""
        saved = load_training_state(self.path)
        self.resumed = bool(saved.optimizers)  # otherwise the optimisers start from scratch
        self.schedule, self.batch_in_training = saved.schedule, saved.schedule.config.model.batch_size
        if not self.resumed:
            batch = {"batch_size": min(self.batch_in_training, LARGEST_BATCH)}
            model = self.config.model.model_copy(update=batch)
            self.schedule.config = self.config.model_copy(update={"model": model})
        self.iteration = Iteration(self.fabric, self.schedule, self.images)
        self.iteration.restore(saved.number, saved.family, saved.optimizers)
        self.steps: list[Step] = []
        self.undo: deque[Snapshot] = deque()

    def fork(self) -> "TrainingStepper":
        """A stepper in the same state; neither changes with the other's steps."""
        twin = copy.copy(self)
        twin.schedule = copy.deepcopy(self.schedule)
        twin.iteration = Iteration(self.fabric, twin.schedule, self.images)
        twin.iteration.restore(self.number, self.family.state_dict(), self.iteration.optimizer_states())
        twin.steps, twin.undo = list(self.steps), self.undo.copy()
        return twin

    @property
    def config(self) -> RunConfig:
        return self.schedule.config

    @property
    def family(self) -> Family:
        return self.iteration.family

    @property
    def number(self) -> int:
        """Total iterations, including those of the original training."""
        return self.iteration.step

    def settings(self) -> dict[str, float]:
        """The values of the settings in `family_tunables` for the next step."""
        return {
            tunable.name: getattr(self.config.model, tunable.name)
            for tunable in family_tunables(type(self.config.model))
        }

    def steer(self, **changes: float) -> None:
        """Changes settings from the next step on.  Raises ValueError as `RunConfig.steered` does."""
        self.schedule.apply(SettingChange(self.number, changes))

    def forward(self) -> Step:
        """The next iteration."""
        self.store_state()
        before = {name: float(value) for name, value in self.family.named_buffers(recurse=False) if value.ndim == 0}
        taken = self.iteration.take()
        row = {name: float(value) for name, value in taken.row.items()}
        x, z = taken.real[: self.config.model.batch_size], taken.latents
        pictures, changes = self.outputs_and_changes(x, z)
        equations = self.family.equations(before, row)
        self.steps.append(Step(self.number - 1, before, row, self.settings(), equations, pictures, changes))
        if self.first_kept > 0:  # it can no longer be reached: its pictures are dropped
            self.steps[self.first_kept - 1] = replace(self.steps[self.first_kept - 1], pictures=[], changes=[])
        return self.steps[-1]

    @property
    def first_kept(self) -> int:
        """The lowest number of steps to which `back` can still return."""
        return len(self.steps) - len(self.undo)

    def go_to_step(self, steps: int, progress: Progress = lambda done, total: None) -> None:
        """Goes forwards or backwards to the given number of steps.  Raises ValueError as `back` does."""
        while len(self.steps) > steps:
            self.back()
        begun = len(self.steps)
        while len(self.steps) < steps:
            self.forward()
            progress(len(self.steps) - begun, steps - begun)

    def outputs_and_changes(self, x: Tensor, z: Tensor) -> tuple[list[PictureRow], ...]:
        """The networks' outputs for x and z before the last step, and how that step changed them."""
        weights = [self.undo[-1].family, self.family.state_dict()]
        g, g_after = (network_output(self.family, "generator", state, z) for state in weights)
        outputs, after = (
            [network_output(self.family, "discriminator", state, images) for images in (x, g)] for state in weights
        )
        pictures = [
            picture_row("x", self.about_images, x),
            picture_row("G(z)", "Images generated from random vectors z.", g),
        ]
        changes = [picture_row("G(z)", "Change of the generated images by this step.", g_after - g)]
        for index, symbol in enumerate(("x", "G(z)")):
            if isinstance(self.family, Reconstructing):
                explanation = f"The discriminator's reconstructions of {symbol}."
                pictures.insert(2 * index + 1, picture_row(f"D({symbol})", explanation, outputs[index]))
                explanation = f"Change of the discriminator's reconstructions of {symbol} by this step."
                changes.append(picture_row(f"D({symbol})", explanation, after[index] - outputs[index]))
            else:
                scored = pictures[index]
                scores = outputs[index][:SHOWN].cpu().numpy()
                pictures[index] = PictureRow(scored.symbol, scored.explanation, scored.images, scores)
        return pictures, changes

    def store_state(self) -> None:
        """Stores the current state for `back`, dropping the oldest one if there are too many."""
        self.undo.append(copy.deepcopy(Snapshot(self.family.state_dict(), self.iteration.optimizer_states())))
        allowed = max(1, min(UNDO_STEPS, UNDO_BYTES // max(1, self.undo[-1].bytes)))
        while len(self.undo) > allowed:
            self.undo.popleft()

    def back(self) -> None:
        """Undoes the last iteration, bit for bit; changed settings stay.

        Raises ValueError if no state is stored that far back.
        """
        if not self.undo:
            raise ValueError("The steps before this one can no longer be undone. Start again instead.")
        snapshot = self.undo.pop()
        self.iteration.restore(self.number - 1, snapshot.family, snapshot.optimizers)
        self.steps.pop()


def network_output(family: Family, network: str, state: dict[str, Tensor], inputs: Tensor) -> Tensor:
    """A network's output for a batch in training mode.

    network: "generator" or "discriminator".  state: of the family; its running statistics are not updated.
    """
    module, prefix = family.get_submodule(network), f"{network}."
    weights = {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
    weights |= {name: weights[name].clone() for name, _ in module.named_buffers()}
    with torch.no_grad():
        return functional_call(module, weights, (inputs,)).float()


def picture_row(symbol: str, explanation: str, images: Tensor) -> PictureRow:
    return PictureRow(symbol, explanation, images[:SHOWN].permute(0, 2, 3, 1).cpu().numpy())


def picture(images: np.ndarray) -> np.ndarray:
    """float32 (n, s, s, 3) in [−1, 1] → uint8, clipped."""
    return to_uint8(torch.from_numpy(images).permute(0, 3, 1, 2))


def amplified(changes: np.ndarray, gain: float) -> np.ndarray:
    """Differences of images as uint8 pictures: grey where nothing changed, brighter where a colour increased.

    changes: float32 (n, s, s, 3), differences of images in [−1, 1]; they are multiplied by `gain` and clipped.
    """
    return picture(np.asarray(changes * gain, np.float32))


def sheet(step: Step, gain: float) -> np.ndarray:
    """All pictures of a step, kind by kind, then its changes: uint8 (n, s, s, 3)."""
    rows = [picture(picture_row.images) for picture_row in step.pictures]
    return np.concatenate(rows + [amplified(change.images, gain) for change in step.changes])


def fitting_gain(changes: Sequence[PictureRow]) -> int:
    """The largest of GAINS at which at least 99 % of the pixels stay in range."""
    largest = max((float(np.quantile(np.abs(change.images), 0.99)) for change in changes), default=0.0)
    return max((gain for gain in GAINS if gain * largest <= 1.0), default=GAINS[0])


def tensor_bytes(value: object) -> int:
    if isinstance(value, Tensor):
        return value.nbytes
    return sum(map(tensor_bytes, value.values())) if isinstance(value, dict) else 0
