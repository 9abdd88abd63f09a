"""What every family offers to training, sampling and the app, and the registry that finds it."""

import copy
import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.optim import Optimizer

FAMILIES = {  # a name for the command line → where its class is
    "ours": "facedemo.gans.ours.model:Ours",
    "dcgan": "facedemo.gans.dcgan.model:DCGAN",
    "wgan": "facedemo.gans.wgan.model:WGAN",
}


SHAPING = ("size", "latent", "width", "generator", "stem")  # settings that decide the shapes of weights


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
class Knob:
    """A number of a family's config that the app draws as a control."""

    name: str
    title: str
    help: str
    default: float
    minimum: float
    maximum: float
    live: bool  # may be turned while the run trains

    @property
    def whole(self) -> bool:
        return isinstance(self.default, int)


def knob(default: float, title: str, description: str, minimum: float, maximum: float, live: bool = False) -> Any:
    """A bounded pydantic field that `knobs` lists."""
    return Field(
        default,
        title=title,
        description=description,
        ge=minimum,
        le=maximum,
        allow_inf_nan=False,
        json_schema_extra={"knob": True, "live": live},
    )


class FamilyConfig(BaseModel):
    """Settings every family has; a family's own class adds to them and overrides the defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: Literal[32, 64, 128] = Field(64, title="Image size", description="Side of the square images, in pixels.")
    latent: int = knob(64, "Latent size", "Length h of the vector z that an image is made from.", 2, 1024)
    width: int = knob(
        48, "Width", "Channels of the widest-resolution layers. Doubling it costs about four times the time.", 4, 256
    )
    batch_size: int = knob(16, "Batch size", "Real images a training step sees.", 2, 512)
    learning_rate_g: float = knob(
        1e-4, "Generator learning rate", "Step size of the generator's optimiser.", 0.0, 0.1, live=True
    )
    learning_rate_d: float = knob(
        1e-4, "Discriminator learning rate", "Step size of the discriminator's optimiser.", 0.0, 0.1, live=True
    )
    decay: float = knob(
        0.9,
        "Learning-rate decay",
        "Both learning rates are multiplied by this at every interval.",
        0.01,
        1.0,
        live=True,
    )
    decay_every: int = knob(
        2000, "Decay interval", "Iterations from one decay of the learning rates to the next.", 1, 10_000_000, live=True
    )
    rate_floor: float = knob(
        2e-5,
        "Learning-rate floor",
        "The decay stops here: too small a rate lets the balance drift.",
        0.0,
        0.1,
        live=True,
    )

    @property
    def images_per_step(self) -> int:
        """Real images that one `Family.step` is given."""
        return self.batch_size


def knobs(config: type[FamilyConfig], live: bool | None = None) -> list[Knob]:
    """The bounded numbers of `config` in the order of declaration; with `live`, only those that can(not) be steered."""
    found = []
    for name, field in config.model_fields.items():
        extra = field.json_schema_extra
        if not isinstance(extra, dict) or not extra.get("knob") or live not in (None, extra["live"]):
            continue
        bounds = {key: getattr(item, key) for item in field.metadata for key in ("ge", "le") if hasattr(item, key)}
        found.append(
            Knob(
                name=name,
                title=field.title or name,
                help=field.description or "",
                default=field.default,
                minimum=bounds["ge"],
                maximum=bounds["le"],
                live=bool(extra["live"]),
            )
        )
    return found


@dataclass(frozen=True)
class Bounded:
    """A metric that lives between two bounds, and what it means when it stays at one of them."""

    metric: str
    low: float
    high: float
    stuck_low: str
    stuck_high: str


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
    title: ClassVar[str]
    paper: ClassVar[str]
    metrics: ClassVar[dict[str, str]]  # what `step` returns → its name on charts
    metric_help: ClassVar[dict[str, str]] = {}  # metric, or "losses" for all whose names begin so → what it says
    bounded: ClassVar[tuple[Bounded, ...]] = ()
    latent_limit: ClassVar[float | None] = None  # no number of a latent is larger than this, where there is a limit

    generator: nn.Module
    discriminator: nn.Module
    average: nn.Module  # moving average of the generator's weights: what samples are drawn from

    def __init__(self, config: FamilyConfig) -> None:
        super().__init__()
        self.config = config

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
            shaping = [name for name in mine if name in SHAPING and mine[name] != theirs.get(name)]
            differ = ", ".join(f"{name} {theirs.get(name, '–')} there, {mine[name]} here" for name in shaping)
            raise ValueError(f"Its weights do not fit: {differ if weights else f'it is of the family {other.title}'}.")
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
        raise ValueError(f"{self.title}: this takes an encoder, and a generator like the decoder.")

    @classmethod
    def situation(cls, recent: Mapping[str, float]) -> str:
        """What the training is going through, in one sentence for people; "" if there is nothing to say.

        recent: the means of the last few rows of `metrics`, as far as they were recorded.
        """
        return ""

    @torch.no_grad()
    def update_average(self, weight: float) -> None:
        """average ← average + weight · (generator − average); counters are copied."""
        ours, theirs = list(self.average.parameters()), list(self.generator.parameters())
        torch._foreach_lerp_(ours, theirs, weight)
        for mean, now in zip(self.average.buffers(), self.generator.buffers(), strict=True):
            mean.lerp_(now, weight) if mean.is_floating_point() else mean.copy_(now)


def family_names() -> list[str]:
    return list(FAMILIES)


def family_class(name: str) -> type[Family]:
    """The class of a family.  Raises ValueError, naming those there are, for an unknown one."""
    if name not in FAMILIES:
        raise ValueError(f"There is no family “{name}”. Families: {', '.join(FAMILIES)}.")
    module, cls = FAMILIES[name].split(":")
    return getattr(importlib.import_module(module), cls)


def create(name: str, config: FamilyConfig) -> Family:
    """A freshly initialised family; its weights follow torch's global random state."""
    return family_class(name)(config)
