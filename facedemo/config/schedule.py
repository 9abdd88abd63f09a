"""Settings that change while a run trains, and the learning-rate schedule they act on.

The settings at an iteration depend only on the run's config and its changes, so a resumed run replays them.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from facedemo.config.schema import RunConfig

LEARNING_RATE_FIELD = {"generator": "learning_rate_g", "discriminator": "learning_rate_d"}


@dataclass(frozen=True)
class SettingChange:
    """Settings changed just before iteration `step` (0-based).

    command: ID of the command that requested it, "" if there was none; in files of earlier versions, its line number.
    """

    step: int
    changes: dict[str, float]
    command: str = ""

    def __str__(self) -> str:
        return f"iteration {self.step}: " + ", ".join(f"{name} = {value:g}" for name, value in self.changes.items())


def decayed(rate: float, decay: float, every: int, floor: float, steps: int) -> float:
    """rate · decay^⌊steps / every⌋, never below `floor` (nor above `rate`, if the floor is higher)."""
    return max(rate * decay ** (steps // every), min(rate, floor))


class SettingsSchedule:
    """The settings at an iteration."""

    def __init__(self, config: RunConfig, recorded: Iterable[SettingChange] = ()) -> None:
        """config: the settings at the start.  recorded: changes in an earlier process, for `replay`."""
        self.config = config
        self.recorded = sorted(recorded, key=lambda change: change.step)
        self.start = 0  # the iteration from which the decay counts
        self.base = {network: getattr(config.model, name) for network, name in LEARNING_RATE_FIELD.items()}

    def replay(self, step: float = math.inf) -> list[str]:
        """Applies the recorded changes up to iteration `step` that were not applied before.

        Those that do not fit are ignored. Returns a line on each, for a log.
        """
        due = [change for change in self.recorded if change.step <= step]
        self.recorded = self.recorded[len(due) :]
        lines = []
        for change in due:
            if fits := self.fits(change):
                self.apply(change)
            lines.append(str(change) if fits else f"ignored: {change}")
        return lines

    def fits(self, change: SettingChange) -> bool:
        """Whether `apply` accepts a recorded change, which may be of another family."""
        try:
            self.config.steered(change.changes)
        except ValueError:
            return False
        return True

    def apply(self, change: SettingChange) -> None:
        """Applies a change.

        The learning rates continue from their current values: a new decay or interval counts from the change, and a new
        rate replaces the decayed one.  Raises ValueError, without changing anything, if a setting cannot be changed or
        is out of bounds.
        """
        config = self.config.steered(change.changes)
        if change.changes.keys() & {"decay", "decay_every", *LEARNING_RATE_FIELD.values()}:
            self.base = {
                network: change.changes.get(name, self.rate(network, change.step))
                for network, name in LEARNING_RATE_FIELD.items()
            }
            self.start = change.step
        self.config = config

    def rate(self, network: str, step: int) -> float:
        """The learning rate of `generator` or `discriminator` at iteration `step`."""
        model = self.config.model
        return decayed(self.base[network], model.decay, model.decay_every, model.rate_floor, step - self.start)
