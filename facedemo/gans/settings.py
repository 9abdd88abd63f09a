"""The settings of every family, and its descriptions that need no networks; imports no torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field


@dataclass(frozen=True)
class MetricBounds:
    """A metric with two bounds, and the warnings if it stays at one of them."""

    metric: str
    low: float
    high: float
    stuck_low: str
    stuck_high: str


@dataclass(frozen=True)
class Tunable:
    """A numeric setting of a family that the app shows as a control."""

    name: str
    title: str
    help: str
    default: float
    minimum: float
    maximum: float
    live: bool  # can be changed while the run trains

    @property
    def whole(self) -> bool:
        return isinstance(self.default, int)


def tunable(default: float, title: str, description: str, minimum: float, maximum: float, live: bool = False) -> Any:
    """A bounded pydantic field that is listed by `tunables`."""
    return Field(
        default,
        title=title,
        description=description,
        ge=minimum,
        le=maximum,
        allow_inf_nan=False,
        json_schema_extra={"tunable": True, "live": live},
    )


class FamilyConfig(BaseModel):
    """The settings of every family; a family's own class adds settings and overrides defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: ClassVar[str]
    paper: ClassVar[str]
    metrics: ClassVar[dict[str, str]]  # column returned by a training step → its name on charts
    metric_help: ClassVar[dict[str, str]] = {}  # metric, or "losses" for all loss columns → its explanation
    # settings that determine the shapes of the weights
    shaping: ClassVar[tuple[str, ...]] = ("size", "latent", "width")
    bounded: ClassVar[tuple[MetricBounds, ...]] = ()
    progress: ClassVar[tuple[str, str] | None] = None  # the progress metric and its symbol
    balance_help: ClassVar[str] = ""  # help on the direction in which the family's own state changes

    size: Literal[32, 64, 128] = Field(64, title="Image size", description="Side of the square images, in pixels.")
    latent: int = tunable(
        64, "Latent size", "Length h of the latent vector z from which an image is generated.", 2, 1024
    )
    width: int = tunable(
        48, "Width", "Channels of the highest-resolution layers. Doubling them takes about four times as long.", 4, 256
    )
    batch_size: int = tunable(16, "Batch size", "Real images per training step.", 2, 512)
    learning_rate_g: float = tunable(
        1e-4, "Generator learning rate", "Step size of the generator's optimiser.", 0.0, 0.1, live=True
    )
    learning_rate_d: float = tunable(
        1e-4, "Discriminator learning rate", "Step size of the discriminator's optimiser.", 0.0, 0.1, live=True
    )
    decay: float = tunable(
        0.9,
        "Learning-rate decay",
        "Factor by which both learning rates are multiplied at every decay interval.",
        0.01,
        1.0,
        live=True,
    )
    decay_every: int = tunable(
        2000, "Decay interval", "Iterations between decays of the learning rates.", 1, 10_000_000, live=True
    )
    rate_floor: float = tunable(
        2e-5,
        "Learning-rate floor",
        "Lower limit for the decay; a lower rate lets the balance drift.",
        0.0,
        0.1,
        live=True,
    )

    augment: float = tunable(
        0.0,
        "Augmentation",
        "Share of the images, real and generated alike, whose colours are changed, that are shifted, and from which a "
        "square is cut out, before the discriminator sees them. Helps with small data sets, whose images the "
        "discriminator would memorise.",
        0.0,
        1.0,
        live=True,
    )

    @property
    def images_per_step(self) -> int:
        """Real images per call of `Family.step`."""
        return self.batch_size

    @classmethod
    def situation(cls, recent: Mapping[str, float]) -> str:
        """The situation of the training, in one sentence for users; "" if there is nothing to say.

        recent: the means of the last few rows of `metrics`; metrics that were not recorded are missing.
        """
        return ""


SIZES: tuple[int, ...] = get_args(FamilyConfig.model_fields["size"].annotation)  # in pixels per side


def tunables(config: type[FamilyConfig], live: bool | None = None) -> list[Tunable]:
    """The bounded numbers of `config` in order; `live` selects those that can (or cannot) change during training."""
    declared = []
    for name, field in config.model_fields.items():
        extra = field.json_schema_extra
        if not isinstance(extra, dict) or not extra.get("tunable") or live not in (None, extra["live"]):
            continue
        bounds = {key: getattr(item, key) for item in field.metadata for key in ("ge", "le") if hasattr(item, key)}
        declared.append(
            Tunable(
                name=name,
                title=field.title or name,
                help=field.description or "",
                default=field.default,
                minimum=bounds["ge"],
                maximum=bounds["le"],
                live=bool(extra["live"]),
            )
        )
    return declared


def family_tunables(config: type[FamilyConfig]) -> list[Tunable]:
    """A family's own settings that can be changed between steps, such as γ, but not the learning rates."""
    return [tunable for tunable in tunables(config, live=True) if tunable.name not in FamilyConfig.model_fields]
