"""The single-step debugger: one training iteration at a time, forwards and backwards, with everything it computes.

The iterations are those of the training itself: `Family.step` through the engine's `FabricUpdates`, on the run's own
batches and noise. Only the pictures before and after a step are computed here.
"""

import copy
from collections import deque
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor
from torch.func import functional_call

from facedemo.config.schedule import SettingChange, SettingsSchedule
from facedemo.config.schema import RunConfig
from facedemo.data.images import Images
from facedemo.explore.step_pictures import SHOWN, PictureRow, picture_row
from facedemo.gans.base import Equation, Family, Reconstructing
from facedemo.gans.settings import family_tunables
from facedemo.progress import Progress
from facedemo.training.iteration import Iteration
from facedemo.training.restore import TrainingState, load_training_state

UNDO_STEPS = 20  # that `back` undoes at once; for older ones, the steps before them are taken again
UNDO_BYTES = 160_000_000
SHOWN_AGAIN = 3  # the last of the steps that are taken again, with their pictures
LARGEST_BATCH = 16  # of a model whose optimisers were not saved, so that a step takes about a second on a CPU


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
        saved = load_training_state(path)
        self.resumed = bool(saved.optimizers)  # otherwise the optimisers start from scratch
        self.saved = (lambda: saved) if self.resumed else partial(load_training_state, path)  # a run may train on
        self.number_before, self.schedule_before = saved.number, saved.schedule
        self.batch_in_training = saved.schedule.config.model.batch_size
        if not self.resumed:
            batch = {"batch_size": min(self.batch_in_training, LARGEST_BATCH)}
            config = saved.schedule.config
            saved.schedule.config = config.model_copy(update={"model": config.model.model_copy(update=batch)})
        self.start(saved)

    def start(self, saved: TrainingState) -> None:
        self.steps: list[Step] = []
        self.changes: list[SettingChange] = []  # of settings, by `steer`
        self.undo: deque[Snapshot] = deque()
        self.schedule = copy.deepcopy(self.schedule_before)
        self.awake: Iteration | None = self.iteration_from(saved, self.schedule)

    def restart(self) -> None:
        """Goes back to the saved model; changed settings are discarded."""
        self.start(self.saved())

    def iteration_from(self, saved: TrainingState, schedule: SettingsSchedule) -> Iteration:
        iteration = Iteration(self.fabric, schedule, self.images)
        iteration.restore(saved.number, saved.family, saved.optimizers)
        return iteration

    def fork(self) -> "TrainingStepper":
        """A stepper in the same state; neither changes with the other's steps."""
        twin = copy.copy(self)
        twin.schedule = copy.deepcopy(self.schedule)
        if self.awake is not None:
            twin.awake = Iteration(self.fabric, twin.schedule, self.images)
            twin.awake.restore(self.number, self.family.state_dict(), self.awake.optimizer_states())
        twin.steps, twin.changes, twin.undo = self.steps.copy(), self.changes.copy(), self.undo.copy()
        return twin

    @property
    def iteration(self) -> Iteration:
        """Its training; after `rest`, it is computed again."""
        if self.awake is None:
            self.replay(len(self.steps))
            self.hold_settings(self.number)
        assert self.awake is not None
        return self.awake

    @property
    def bytes(self) -> int:
        """Memory that `rest` frees, as far as it is of weights and optimisers."""
        if self.awake is None:
            return 0
        state = Snapshot(self.family.state_dict(), self.awake.optimizer_states())
        return sum(snapshot.bytes for snapshot in (state, *self.undo))

    def rest(self) -> None:
        """Frees the memory of weights and optimisers.

        The steps can still be shown, but for the pictures of earlier ones; any other needs all of them taken again.
        """
        self.awake = None
        self.undo.clear()
        self.drop_pictures()

    def replay(self, steps: int, progress: Progress = lambda done, total: None) -> None:
        """Goes to a lower or the same number of steps by taking them again, which gives the same to the bit.

        progress: called after each; if it raises an exception, everything stays as it was.
        """
        schedule = copy.deepcopy(self.schedule_before)
        schedule.recorded = self.changes.copy()
        iteration = self.iteration_from(self.saved(), schedule)
        for done in range(steps):
            schedule.replay(iteration.step)
            iteration.take()
            progress(done + 1, steps)
        self.awake = iteration
        self.undo.clear()
        del self.steps[steps:]

    def hold_settings(self, number: int) -> None:
        """The settings that were changed after a number of iterations hold from there on, because steps are undone."""
        self.changes = [replace(change, step=min(change.step, number)) for change in self.changes]
        self.schedule = self.iteration.schedule = copy.deepcopy(self.schedule_before)
        self.schedule.recorded = self.changes.copy()
        self.schedule.replay(self.number)

    @property
    def config(self) -> RunConfig:
        return self.schedule.config

    @property
    def family(self) -> Family:
        return self.iteration.family

    @property
    def number(self) -> int:
        """Total iterations, including those of the original training."""
        return self.number_before + len(self.steps)

    def settings(self) -> dict[str, float]:
        """The values of the settings in `family_tunables` for the next step."""
        return {
            tunable.name: getattr(self.config.model, tunable.name)
            for tunable in family_tunables(type(self.config.model))
        }

    def steer(self, **changes: float) -> None:
        """Changes settings from the next step on.  Raises ValueError as `RunConfig.steered` does."""
        change = SettingChange(self.number, changes)
        self.schedule.apply(change)
        self.changes.append(change)

    def forward(self) -> Step:
        """The next iteration."""
        self.store_state()
        before = {name: float(value) for name, value in self.family.named_buffers(recurse=False) if value.ndim == 0}
        taken = self.iteration.take()
        row = {name: float(value) for name, value in taken.row.items()}
        x, z = taken.real[: self.config.model.batch_size], taken.latents
        pictures, changes = self.outputs_and_changes(x, z)
        equations = self.family.equations(before, row)
        self.steps.append(Step(self.number, before, row, self.settings(), equations, pictures, changes))
        self.drop_pictures()
        self.schedule.replay(self.number)
        return self.steps[-1]

    def drop_pictures(self) -> None:
        """Drops the pictures of the steps that `back` cannot return to at once."""
        for index in range(len(self.steps) - 1 - len(self.undo)):
            self.steps[index] = replace(self.steps[index], pictures=[], changes=[])

    def go_to_step(self, steps: int, progress: Progress = lambda done, total: None) -> None:
        """Goes forwards or backwards to the given number of steps.

        Far back, or after `rest`, the steps before are taken again, and count for `progress`, too.  If that raises an
        exception, the steps are as before, or those that were reached.
        """
        if steps == len(self.steps):
            return
        begun = len(self.steps)
        if self.awake is None or not self.undoes_to(steps):
            begun = 0
            self.replay(min(len(self.steps), max(0, steps - SHOWN_AGAIN)), lambda done, total: progress(done, steps))
            self.hold_settings(self.number_before + steps)
        while len(self.steps) > steps:
            self.back()
        while len(self.steps) < steps:
            self.forward()
            progress(len(self.steps) - begun, steps - begun)

    def undoes_to(self, steps: int) -> bool:
        """Whether a number of steps is not lower than now, or `back` returns to it at once, and with pictures."""
        pictured = not 0 < steps < len(self.steps) or bool(self.steps[steps - 1].pictures)
        return pictured and steps >= len(self.steps) - len(self.undo)

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
        """Undoes the last iteration, bit for bit; changed settings stay.  Raises ValueError if there is none."""
        if not self.steps:
            raise ValueError("There is no step to undo.")
        if not self.undo:
            self.go_to_step(len(self.steps) - 1)
            return
        snapshot = self.undo.pop()
        self.steps.pop()
        self.iteration.restore(self.number, snapshot.family, snapshot.optimizers)
        self.hold_settings(self.number)


def network_output(family: Family, network: str, state: dict[str, Tensor], inputs: Tensor) -> Tensor:
    """A network's output for a batch in training mode.

    network: "generator" or "discriminator".  state: of the family; its running statistics are not updated.
    """
    module, prefix = family.get_submodule(network), f"{network}."
    weights = {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
    weights |= {name: weights[name].clone() for name, _ in module.named_buffers()}
    with torch.no_grad():
        return functional_call(module, weights, (inputs,)).float()


def tensor_bytes(value: object) -> int:
    if isinstance(value, Tensor):
        return value.nbytes
    return sum(map(tensor_bytes, value.values())) if isinstance(value, dict) else 0
