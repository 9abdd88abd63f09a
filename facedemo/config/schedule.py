"""Settings that change while a run trains, and the learning-rate schedule they act on.

The settings at an iteration depend only on the run's config and its changes, so a resumed run replays them.
"""

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


def decayed(rate: float, decay: float, every: int, floor: float, steps: int) -> float:
    """rate · decay^⌊steps / every⌋, never below `floor` (nor above `rate`, if the floor is higher)."""
    return max(rate * decay ** (steps // every), min(rate, floor))


class SettingsSchedule:
    """The settings at an iteration."""

    def __init__(self, config: RunConfig) -> None:
        self.config = config
        self.start = 0  # the iteration from which the decay counts
        self.base = {network: getattr(config.model, name) for network, name in LEARNING_RATE_FIELD.items()}

    def fits(self, change: SettingChange) -> bool:
        """Whether `apply` accepts a recorded change; changes of other families are ignored."""
        try:
            self.config.steered(change.changes)
        except ValueError:
            return False
        return True

    def apply(self, change: SettingChange) -> None:
        """Applies a recorded change.

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
