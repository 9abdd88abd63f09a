"""The interface of a GAN family to training, sampling and the app."""

import copy
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from facedemo.gans.augmentation import augmented
from facedemo.gans.blocks import LatentLayer
from facedemo.gans.registry import gan_class
from facedemo.gans.settings import FamilyConfig

INITIALISING = threading.RLock()  # held while weights are drawn: threads share torch's global random state


class Updates(Protocol):
    """How a family updates its networks; the training engine passes an implementation to `Family.step`."""

    def gradients(self, loss: Tensor, *networks: str, keep_graph: bool = False) -> None:
        """Sets the gradients of the named networks' parameters, and of no others, to those of the scalar `loss`.

        keep_graph: another loss will be backpropagated through the same graph.
        """
        ...

    def apply(self, *networks: str) -> None:
        """One optimiser step for each named network, with the current gradients."""
        ...

    def mean(self, value: Tensor) -> Tensor:
        """The mean of `value` over the processes that share the batch; `value` itself if there is only one process."""
        ...


@dataclass(frozen=True)
class Equation:
    """One of a family's equations, with its value in one training step."""

    symbol: str  # the left-hand side, in plain text
    formula: str  # the right-hand side, in plain text
    latex: str  # both sides, joined by " = "; `\\ &` begins a new line for narrow screens
    numbers: str  # the formula with the step's numbers, or "" if it is a mean over images
    value: float
    explanation: str


def summand(value: float) -> str:
    """A number for `Equation.numbers`, in parentheses if it is negative."""
    return f"({value:.5f})" if value < 0 else f"{value:.5f}"


@runtime_checkable
class Reconstructing(Protocol):
    """The additional interface of a family whose discriminator is an auto-encoder. Images: (n, 3, s, s) in [−1, 1]."""

    def reconstruct(self, images: Tensor) -> Tensor:
        """D(v) of each image, of the same shape; no gradients."""
        ...

    def reconstruction_loss(self, images: Tensor, reconstructions: Tensor) -> Tensor:
        """L(v) of each image, (n,)."""
        ...

    def realism(self, images: Tensor) -> Tensor:
        """A score in (0, 1) of each image, (n,): 0.5 is a training image of average difficulty."""
        ...

    def loss_stats(self) -> tuple[float, float]:
        """Mean and standard deviation of L(x) over training images, as recorded during training."""
        ...


class Family(nn.Module, ABC):
    """A generator and a discriminator, their update rule, and all state between steps.

    State beyond the networks' weights is stored in registered buffers, so it is saved and resumed automatically.
    """

    Config: ClassVar[type[FamilyConfig]]
    latent_limit: ClassVar[float | None] = None  # the largest absolute value in a latent, if there is a limit

    generator: nn.Module
    discriminator: nn.Module
    average: nn.Module  # the moving average (EMA) of the generator's weights, used for samples

    def __init__(self, config: FamilyConfig) -> None:
        super().__init__()
        self.config = config
        # for the augmentation; replaced before every step, so that runs resume exactly
        self.random = np.random.RandomState(0)

    @property
    def metrics(self) -> dict[str, str]:
        """Column returned by `step` → its name on charts."""
        return self.config.metrics

    def set_networks(self, generator: nn.Module, discriminator: nn.Module) -> None:
        self.generator, self.discriminator = generator, discriminator
        self.average = copy.deepcopy(generator).eval().requires_grad_(False)

    @abstractmethod
    def latents(self, n: int, rng: np.random.RandomState) -> Tensor:
        """n latents from this family's prior, (n, h) float32 on the CPU, the same on every machine."""

    @abstractmethod
    def optimizers(self) -> dict[str, Optimizer]:
        """One optimiser per network, by the network's attribute name: `generator`, `discriminator`."""

    def augment(self, images: Tensor) -> Tensor:
        """The images as the discriminator sees them in `step`: real and generated ones go through this alike."""
        return augmented(images, self.config.augment, self.random)

    @abstractmethod
    def step(self, real: Tensor, noise: Callable[[], Tensor], updates: Updates) -> dict[str, Tensor]:
        """One training step.

        real: (images_per_step, 3, size, size) in [−1, 1]. noise(): a fresh batch of latents, (batch_size, h). If
        several processes train together, each receives its share of both.  Returns the scalars that `metrics` names,
        detached and on the device.
        """

    def equations(self, before: Mapping[str, float], row: Mapping[str, float]) -> list[Equation]:
        """The paper's equations with the numbers of one step, in reading order; [] if the family shows none.

        before: the family's own scalar buffers before the step.  row: what `step` returned.
        """
        return []

    def adapted(self, other: "Family") -> dict[str, Tensor]:
        """The state of a trained model, adapted to this model; overridden by families that can adapt weights."""
        return other.state_dict()

    @torch.no_grad()
    def start_from(self, other: "Family") -> None:
        """Loads the weights and buffers of a trained model.

        Raises ValueError, naming the settings that differ, if the weights do not fit; nothing is changed then.
        """
        weights, own = self.adapted(other) if isinstance(other, type(self)) else {}, self.state_dict()
        layers = [name for name, module in self.named_modules() if isinstance(module, LatentLayer)]
        shapes = {name: tensor.shape for name, tensor in own.items()}
        if all(f"{layer}.bias" in weights for layer in layers):  # they are gained by loading
            shapes |= {f"{layer}.bias": shapes[f"{layer}.weight"][:1] for layer in layers}
        if {name: tensor.shape for name, tensor in weights.items()} != shapes:
            mine, theirs = self.config.model_dump(), other.config.model_dump()
            shaping = [name for name in mine if name in self.config.shaping and mine[name] != theirs.get(name)]
            differ = ", ".join(f"{name} is {theirs.get(name, '–')} there and {mine[name]} here" for name in shaping)
            why = differ if weights else f"its family is {other.config.title}"
            raise ValueError(f"The model's weights do not fit: {why}.")
        self.load_state_dict(weights)

    @torch.no_grad()
    def update_average(self, weight: float) -> None:
        """average ← average + weight · (generator − average); counters are copied."""
        ours: list[Tensor] = list(self.average.parameters())
        theirs: list[Tensor] = list(self.generator.parameters())
        torch._foreach_lerp_(ours, theirs, weight)
        for mean, now in zip(self.average.buffers(), self.generator.buffers(), strict=True):
            mean.lerp_(now, weight) if mean.is_floating_point() else mean.copy_(now)


def create(name: str, config: FamilyConfig) -> Family:
    """A randomly initialised family; its weights depend on torch's global random state."""
    with INITIALISING:
        return gan_class(name)(config)
