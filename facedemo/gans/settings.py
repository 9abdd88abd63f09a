"""The settings that every family has, and what is said of a family before its networks exist; imports no torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field


@dataclass(frozen=True)
class MetricBounds:
    """A metric that lives between two bounds, and what it means when it stays at one of them."""

    metric: str
    low: float
    high: float
    stuck_low: str
    stuck_high: str


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

    title: ClassVar[str]
    paper: ClassVar[str]
    metrics: ClassVar[dict[str, str]]  # what a training step returns → its name on charts
    metric_help: ClassVar[dict[str, str]] = {}  # metric, or "losses" for all whose names begin so → what it says
    shaping: ClassVar[tuple[str, ...]] = ("size", "latent", "width")  # settings that decide the shapes of weights
    bounded: ClassVar[tuple[MetricBounds, ...]] = ()
    progress: ClassVar[tuple[str, str] | None] = None  # the metric that tells how far training has come, its symbol
    balance_help: ClassVar[str] = ""  # what decides which way the family's remembered state goes

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

    @classmethod
    def situation(cls, recent: Mapping[str, float]) -> str:
        """What the training is going through, in one sentence for people; "" if there is nothing to say.

        recent: the means of the last few rows of `metrics`, as far as they were recorded.
        """
        return ""


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
