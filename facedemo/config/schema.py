"""The settings of a run, validated; `config.json` on disk is exactly a `RunConfig`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny, ValidationError, field_validator, model_validator

from facedemo.gans.registry import config_class
from facedemo.gans.settings import FamilyConfig, knobs

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

BUILT_IN = "built-in"  # the data source that needs no data: faces drawn from a bundled model


def message(error: "ErrorDetails") -> str:
    """What is wrong with a setting, in words: of one entry of a `ValidationError`."""
    return error["msg"].removeprefix("Value error, ")


def in_words(error: Exception, prefix: str = "") -> str:
    """What an error says, without pydantic's own words around it; a setting that is wrong is named.

    prefix: put before the name of a setting; with "--" it is named as the option of a command is.
    """
    if not isinstance(error, ValidationError):
        return str(error)
    lines = []
    for item in error.errors():
        name = str(item["loc"][-1]) if item["loc"] else ""
        name = f"{prefix}{name.replace('_', '-') if prefix else name}: " if name else ""
        lines.append(name + message(item))
    return "\n".join(lines)


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataConfig(Part):
    source: str = Field(
        BUILT_IN,
        title="Data",
        description="A folder of images, a .zip or .tar of one, a CelebA folder, or “built-in”: faces drawn from a "
        "bundled model.",
    )
    crop: Literal["auto", "tight", "wide", "square"] = Field(
        "auto",
        title="Crop",
        description="auto: CelebA's aligned images are cut tightly around the face, others to their largest centred "
        "square. wide: more hair and background.",
    )
    split: Literal["all", "train", "validation", "test"] = Field(
        "all",
        title="Part",
        description="Part of the images to train on. train: four fifths, by person where CelebA's list says who is on "
        "them; the rest is for measuring the model on faces it has not seen.",
    )
    flip: bool = Field(True, title="Mirror", description="Show each image mirrored half of the time.")


class Budget(Part):
    """When a run is done: at the first of the limits that are set."""

    iterations: int | None = Field(None, ge=1, le=1_000_000_000, description="Stop after this many iterations.")
    images: int | None = Field(None, ge=1, le=1_000_000_000_000, description="Stop after this many real images.")
    minutes: float | None = Field(
        None, gt=0, le=1_000_000, allow_inf_nan=False, description="Stop after this many minutes of training."
    )

    @model_validator(mode="after")
    def one_at_least(self) -> "Budget":
        if self.iterations is None and self.images is None and self.minutes is None:
            raise ValueError("Say when the run is done: after so many iterations, images or minutes.")
        return self

    def fraction(self, step: int, images: int, seconds: float) -> float:
        """How much of the budget is spent after `step` iterations, so many real images and `seconds`, in [0, 1]."""
        spent = [
            (step, self.iterations),
            (images, self.images),
            (seconds / 60, self.minutes),
        ]
        return min(1.0, max(done / limit for done, limit in spent if limit is not None))


class TrainingConfig(Part):
    start: str = Field(
        "",
        max_length=4096,
        title="Start from",
        description="A trained model whose weights to go on from, instead of new ones: for other images, another γ, "
        "and with ours a larger latent size, or 128×128 with quarter stems from 64×64 with half ones.",
    )
    match_codes: float = Field(
        0.0,
        ge=0.0,
        le=1.0,
        title="Match codes",
        description="How far the codes of the images, E(x), are made to spread as z does before the first iteration, "
        "by new coordinates of the code; what the discriminator does stays the same. It helps where a model draws some "
        "kinds of faces too seldom. Needs a model to start from that has an encoder.",
    )
    seed: int = Field(
        0, ge=0, le=2**32 - 1, title="Seed", description="Start weights, data order and noise follow from it."
    )
    precision: Literal["auto", "32-true", "bf16-mixed"] = Field(
        "auto",
        title="Precision",
        description="auto: bf16 where this machine computes faster in it, fp32 elsewhere. 32-true: fp32, resumable to "
        "the bit.",
    )
    devices: int = Field(
        1, ge=1, le=1024, title="Processes", description="Processes or GPUs on each machine; they share every batch."
    )
    num_nodes: int = Field(1, ge=1, le=10_000, title="Machines", description="Machines that train together.")
    threads: int = Field(
        0, ge=0, le=1024, title="Threads", description="Of each process on a CPU; 0: its share of the cores."
    )
    average: float = Field(
        0.999,
        ge=0.0,
        lt=1.0,
        title="Moving average",
        description="Decay of the moving average of the generator's weights that samples and bundles use. After s "
        "iterations it is at most s / (s + 10), so that a young average forgets the start.",
    )
    log_every: int = Field(10, ge=1, le=100_000, title="Log interval", description="Iterations between metrics rows.")
    sample_every: int = Field(
        250, ge=1, le=1_000_000, title="Sample interval", description="Iterations between sample grids."
    )
    checkpoint_every: int = Field(
        500, ge=1, le=1_000_000, title="Checkpoint interval", description="Iterations between full checkpoints."
    )


class RunConfig(Part):
    name: str = Field("", max_length=80, title="Name", description="What to call the run; may stay empty.")
    family: str = Field("ours", title="Family", description="Which GAN to train.")
    model: SerializeAsAny[FamilyConfig] = Field(default_factory=dict, validate_default=True)
    data: DataConfig = DataConfig()
    budget: Budget = Budget(minutes=60)
    training: TrainingConfig = TrainingConfig()

    @field_validator("family")
    @classmethod
    def known_family(cls, family: str) -> str:
        config_class(family)
        return family

    @field_validator("model", mode="before")
    @classmethod
    def settings_of_the_family(cls, model: Any, info: Any) -> Any:
        if isinstance(model, dict) and "family" in info.data:
            return config_class(info.data["family"]).model_validate(model)
        return model

    @model_validator(mode="after")
    def equal_shares(self) -> "RunConfig":
        processes = self.training.devices * self.training.num_nodes
        if self.model.batch_size % processes:
            raise ValueError(
                f"A batch of {self.model.batch_size} cannot be shared equally by {processes} processes. "
                f"Choose a batch size that {processes} divides."
            )
        return self

    @model_validator(mode="after")
    def codes_to_match(self) -> "RunConfig":
        if self.training.match_codes and not self.training.start:
            raise ValueError("New weights have no codes worth matching. Choose a model to start from.")
        return self

    def without_paths(self) -> "RunConfig":
        """This config with files by their names alone: whoever gets it need not learn how folders are called here."""
        data = self.data.model_copy(update={"source": Path(self.data.source).name})
        training = self.training.model_copy(update={"start": Path(self.training.start).name})
        return self.model_copy(update={"data": data, "training": training})

    def steerable(self) -> set[str]:
        """Names that `steered` takes: the family's live knobs and the sample interval."""
        return {knob.name for knob in knobs(type(self.model), live=True)} | {"sample_every"}

    def steered(self, changes: dict[str, float]) -> "RunConfig":
        """This config with some settings changed.  Raises ValueError for unsteerable ones and values out of bounds."""
        unknown = set(changes) - self.steerable()
        if unknown:
            raise ValueError(f"Cannot be changed while training: {', '.join(sorted(unknown))}.")
        config = self.model_dump()
        for name, value in changes.items():
            part = "training" if name in TrainingConfig.model_fields else "model"
            config[part][name] = value
        try:
            return RunConfig.model_validate(config)
        except ValidationError as error:
            raise ValueError(in_words(error)) from error
