"""What every family offers to training, sampling and the app."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from facedemo.gans.registry import gan_class
from facedemo.gans.settings import FamilyConfig


class Updates(Protocol):
    """How a family changes its players; the training engine hands one to `Family.step`."""

    def gradients(self, loss: Tensor, *players: str, keep_graph: bool = False) -> None:
        """Sets the gradients of the named players' parameters, and of no others, to those of the scalar `loss`.

        keep_graph: another loss will be taken through what this one was computed by.
        """

    def apply(self, *players: str) -> None:
        """One optimiser step for each named player, from the gradients set before."""

    def mean(self, value: Tensor) -> Tensor:
        """The mean of `value` over the processes that share the batch; `value` itself where there is one."""


@dataclass(frozen=True)
class Equation:
    """One of a family's equations, and what came out of it in one training step."""

    symbol: str  # what it defines, in plain text
    formula: str  # in plain text, without the symbol
    latex: str  # both sides, " = " between them; `\\ &` begins a line where a narrow screen would cut it off
    numbers: str  # the formula with the step's numbers in it, or "" where a mean over images cannot be written so
    value: float
    about: str  # in words


def summand(value: float) -> str:
    """A number for `Equation.numbers`, in parentheses where its sign would meet another."""
    return f"({value:.5f})" if value < 0 else f"{value:.5f}"


@runtime_checkable
class Reconstructing(Protocol):
    """What a family offers besides where its discriminator is an auto-encoder.  Images: (n, 3, s, s) in [−1, 1]."""

    def reconstruct(self, images: Tensor) -> Tensor:
        """D(v) of each image, of the same shape; no gradients."""

    def reconstruction_loss(self, images: Tensor, reconstructions: Tensor) -> Tensor:
        """L(v) of each image, (n,)."""

    def realism(self, images: Tensor) -> Tensor:
        """A score in (0, 1) of each image, (n,): 0.5 is a training image of average difficulty."""

    def remembered_loss(self) -> tuple[float, float]:
        """Mean and deviation of L(x) over training images, as far as training remembers them."""


class Family(nn.Module, ABC):
    """A generator and a discriminator, how they are trained, and all that must be remembered between steps.

    State beyond the networks' weights is a registered buffer: it is saved and resumed with no further code.
    """

    Config: ClassVar[type[FamilyConfig]]
    latent_limit: ClassVar[float | None] = None  # no number of a latent is larger than this, where there is a limit

    generator: nn.Module
    discriminator: nn.Module
    average: nn.Module  # moving average of the generator's weights: what samples are drawn from

    def __init__(self, config: FamilyConfig) -> None:
        super().__init__()
        self.config = config

    @property
    def metrics(self) -> dict[str, str]:
        """What `step` returns → its name on charts."""
        return self.config.metrics

    def set_networks(self, generator: nn.Module, discriminator: nn.Module) -> None:
        self.generator, self.discriminator = generator, discriminator
        self.average = copy.deepcopy(generator).eval().requires_grad_(False)

    @abstractmethod
    def latents(self, n: int, rng: np.random.RandomState) -> Tensor:
        """n latents of this family's distribution, (n, h) float32 on the CPU, the same on every machine."""

    @abstractmethod
    def optimizers(self) -> dict[str, Optimizer]:
        """One optimiser a player, by the player's attribute name: `generator`, `discriminator`."""

    @abstractmethod
    def step(self, real: Tensor, noise: Callable[[], Tensor], updates: Updates) -> dict[str, Tensor]:
        """One training step.

        real: (images_per_step, 3, size, size) in [−1, 1].  noise(): a fresh batch of latents, (batch_size, h).
        Of both, a process that trains with others is given its share.
        Returns the scalars that `metrics` names, detached and on the device.
        """

    def equations(self, before: Mapping[str, float], row: Mapping[str, float]) -> list[Equation]:
        """The paper's equations with the numbers of one step, in reading order; [] where a family has none to show.

        before: the family's own scalar buffers before the step.  row: what `step` returned.
        """
        return []

    def adapted(self, other: "Family") -> dict[str, Tensor]:
        """The state of a trained model of this family, as it may fit this one; overridden where it can be made to."""
        return other.state_dict()

    @torch.no_grad()
    def start_from(self, other: "Family") -> None:
        """Takes over the weights and buffers of a trained model.

        Raises ValueError, naming the settings that differ, where they do not fit; nothing is changed then.
        """
        weights, own = self.adapted(other) if isinstance(other, type(self)) else {}, self.state_dict()
        if {name: tensor.shape for name, tensor in weights.items()} != {name: own[name].shape for name in own}:
            mine, theirs = self.config.model_dump(), other.config.model_dump()
            shaping = [name for name in mine if name in self.config.shaping and mine[name] != theirs.get(name)]
            differ = ", ".join(f"{name} {theirs.get(name, '–')} there, {mine[name]} here" for name in shaping)
            why = differ if weights else f"it is of the family {other.config.title}"
            raise ValueError(f"Its weights do not fit: {why}.")
        self.load_state_dict(weights)

    @property
    def matches_codes(self) -> bool:
        """Whether it has an encoder, and a generator like the decoder of its codes: `match_codes` needs both."""
        return False

    def match_codes(self, images: Iterable[Tensor], share: float) -> None:
        """Chooses the code's coordinates anew, so that those of real images spread as z does; D computes as before.

        images: batches, (n, 3, s, s) in [−1, 1].  share: how far to go, 0 to 1.
        Raises ValueError where `matches_codes` is false, or the images are too few or too alike.
        """
        raise ValueError(f"{self.config.title}: this takes an encoder, and a generator like the decoder.")

    @torch.no_grad()
    def update_average(self, weight: float) -> None:
        """average ← average + weight · (generator − average); counters are copied."""
        ours, theirs = list(self.average.parameters()), list(self.generator.parameters())
        torch._foreach_lerp_(ours, theirs, weight)
        for mean, now in zip(self.average.buffers(), self.generator.buffers(), strict=True):
            mean.lerp_(now, weight) if mean.is_floating_point() else mean.copy_(now)


def create(name: str, config: FamilyConfig) -> Family:
    """A freshly initialised family; its weights follow torch's global random state."""
    return gan_class(name)(config)
