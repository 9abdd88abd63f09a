"""Settings that change while a run trains, and the learning-rate schedule they act on.

The settings at an iteration depend only on the run's config and its marks, so a resumed run replays them.
"""

from dataclasses import dataclass

from facedemo.config.schema import RunConfig

PLAYERS = {"generator": "learning_rate_g", "discriminator": "learning_rate_d"}


@dataclass(frozen=True)
class Mark:
    """Settings changed just before iteration `step` (0-based); `command` is the number of the request."""

    step: int
    changes: dict[str, float]
    command: int


def decayed(rate: float, decay: float, every: int, floor: float, steps: int) -> float:
    """rate · decay^⌊steps / every⌋, never below `floor` (nor above `rate`, if the floor is higher)."""
    return max(rate * decay ** (steps // every), min(rate, floor))


class Steering:
    """The settings at an iteration."""

    def __init__(self, config: RunConfig) -> None:
        self.config = config
        self.start = 0  # the iteration from which the decay counts
        self.base = {player: getattr(config.model, name) for player, name in PLAYERS.items()}

    def fits(self, mark: Mark) -> bool:
        """Whether `apply` accepts a recorded mark; marks of other families are ignored."""
        try:
            self.config.steered(mark.changes)
        except ValueError:
            return False
        return True

    def apply(self, mark: Mark) -> None:
        """Applies a mark's changes.

        The learning rates continue from their current values: a new decay or interval counts from the mark, and a new
        rate replaces the decayed one.  Raises ValueError, without changing anything, if a setting cannot be changed or
        is out of bounds.
        """
        config = self.config.steered(mark.changes)
        if mark.changes.keys() & {"decay", "decay_every", *PLAYERS.values()}:
            self.base = {
                player: mark.changes.get(name, self.rate(player, mark.step)) for player, name in PLAYERS.items()
            }
            self.start = mark.step
        self.config = config

    def rate(self, player: str, step: int) -> float:
        """The learning rate of `generator` or `discriminator` at iteration `step`."""
        model = self.config.model
        return decayed(self.base[player], model.decay, model.decay_every, model.rate_floor, step - self.start)
