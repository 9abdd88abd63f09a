"""Named starting points for a run, for the Train page and `facedemo train --preset`."""

import copy
import time
from dataclasses import dataclass
from typing import Any

from facedemo.config.schema import Budget, DataConfig, RunConfig, TrainingConfig


@dataclass(frozen=True)
class Preset:
    title: str
    help: str
    settings: dict[str, Any]  # the fields of a `RunConfig` that it sets; the others keep their defaults


PAPER_MODEL = {
    "generator": "decoder",
    "optimizer_d": "adam",
    "alpha": 0.0,
    "lambda_k": 0.001,
    "stem": "full",
    "width": 64,
    "learning_rate_g": 1e-4,
    "learning_rate_d": 1e-4,
    "decay": 0.9,
    "decay_every": 2000,
    "gamma": 0.5,
}

PRESETS = {
    "minute": Preset(
        "One minute",
        "32×32 faces from random weights in about a minute on a laptop: small, soft and rather alike.",
        {
            "family": "ours",
            "model": {
                "size": 32,
                "width": 16,
                "latent": 24,
                "stem": "quarter",
                "generator": "deconv",
                "gamma": 0.8,
                "lambda_k": 0.02,
                "alpha": 0.3,
                "batch_size": 8,
                "beta1": 0.0,
                "optimizer_d": "muon",
                "learning_rate_g": 1e-3,
                "learning_rate_d": 1e-3,
            },
            # Networks this small train twice as fast on one thread as on two.
            "training": {"log_every": 20, "sample_every": 50, "ema_images": 200, "threads": 1},
            "budget": {"images": 12_000},
        },
    ),
    "quick-64": Preset(
        "Five minutes, 64×64",
        "64×64 faces of different people within minutes on two cores: soft, and of varying quality.",
        {
            "family": "ours",
            "model": {"size": 64, "width": 32},
            "training": {"sample_every": 100},
            "budget": {"images": 15_000},
        },
    ),
    "good-64": Preset(
        "Good faces, 64×64",
        "Our best-measured settings at 64×64: half-resolution stems, Muon for the discriminator, γ 0.7, α 0.1.",
        {"family": "ours", "model": {"size": 64, "latent": 128}, "budget": {"images": 120_000}},
    ),
    "own-64": Preset(
        "Your own photos, 64×64",
        "Fine-tunes the bundled model r3gan-64 on the faces in your own photos, which are turned upright and cut as "
        "those that it learned from. Uses small learning rates and augmentation, so that the discriminator is slower "
        "to memorise them.",
        {  # without network settings, which are those of the model to start from, see `warm_start.configured`
            "family": "r3gan",
            "model": {
                "batch_size": 16,  # more updates on a CPU than with the start model's 64
                "augment": 0.1,
                "penalty": 0.5,
                "learning_rate_g": 2e-5,
                "learning_rate_d": 1e-4,  # measured: the distance to real photos falls further than with equal rates
                "decay": 0.9,
                "decay_every": 75,
                "rate_floor": 2e-6,
            },
            "data": {"crop": "face"},  # measured: with faces at another place, the generator has to learn that first
            "training": {"start": "r3gan-64", "sample_every": 100, "ema_images": 4000},
            "budget": {"images": 15_000},
        },
    ),
    "paper-64": Preset(
        "Paper, 64×64",
        "The paper's 64×64 model: full-resolution convolutions, learning rate 1e-4, decay 0.9 every 2,000 iterations. "
        "Slow.",
        {"family": "ours", "model": {"size": 64, **PAPER_MODEL}, "budget": {"images": 1_600_000}},
    ),
    "paper-128": Preset(
        "Paper, 128×128",
        "The paper's 128×128 model, meant for a GPU: it takes days on a laptop. Needs images of at least 128 pixels.",
        {"family": "ours", "model": {"size": 128, **PAPER_MODEL}, "budget": {"images": 3_200_000}},
    ),
}

SMALL_SET = 5000  # images; with fewer, a discriminator soon memorises them


def fitting_preset(count: int) -> tuple[str, str]:
    """The preset for a number of the user's own images, and why."""
    if count < SMALL_SET:
        return "own-64", (
            f"With fewer than {SMALL_SET:,} images, a model that starts from random weights soon memorises them. This "
            "preset fine-tunes r3gan-64, which generates faces already. It finds the faces in your images and cuts "
            "them as those that r3gan-64 learned from, and it augments them, so that the discriminator sees each of "
            "them in many versions. The generated faces come to resemble yours, but are coarser."
        )
    return "good-64", f"{SMALL_SET:,} images and more are enough to start from random weights, as this preset does."


def start_of(preset: str | None) -> str:
    """The trained model that a preset fine-tunes; "" if it starts from random weights, or does not exist."""
    settings = PRESETS[preset].settings if preset in PRESETS else {}
    return settings.get("training", {}).get("start", "")


def family_of(preset: str | None) -> str:
    """The family that a preset has settings for; "" if it has none, or does not exist."""
    return PRESETS[preset].settings.get("family", "") if preset in PRESETS else ""


def configure(options: dict[str, Any], preset: str | None = None, base: dict[str, Any] | None = None) -> RunConfig:
    """A run's config from settings by name, which override those of a preset, which override those of `base`.

    options: such as {"size": 64, "gamma": 0.5, "minutes": 10, "source": "faces.zip"}; each goes to the section of
    `RunConfig` that declares it.  base: sections of a `RunConfig`, such as `warm_start.settings`.  Raises ValueError
    for an unknown preset, an unknown name or a value out of bounds.
    """
    if preset is not None and preset not in PRESETS:
        raise ValueError(f"There is no preset “{preset}”. Presets: {', '.join(PRESETS)}.")
    settings = copy.deepcopy(base or {})
    for name, value in copy.deepcopy(PRESETS[preset].settings if preset else {}).items():
        settings[name] = settings.get(name, {}) | value if isinstance(value, dict) else value
    parts = {"data": DataConfig, "budget": Budget, "training": TrainingConfig}
    if options.keys() & Budget.model_fields.keys():
        settings["budget"] = {}
    for name, value in options.items():
        if name in ("name", "family"):
            settings[name] = value
        else:
            part = next((part for part, cls in parts.items() if name in cls.model_fields), "model")
            settings.setdefault(part, {})[name] = value
    return RunConfig.model_validate(settings)


def default_name(preset: str | None, config: RunConfig) -> str:
    """The name of a run that was given none: "One minute, γ 0.8, 14:07", or "dcgan, 14:07" without preset and γ."""
    gamma = getattr(config.model, "gamma", None)
    parts = [PRESETS[preset].title if preset in PRESETS else config.family]
    if gamma is not None:
        parts.append(f"γ {gamma:g}")
    elif preset in PRESETS:
        parts.append(config.family)
    return ", ".join([*parts, time.strftime("%H:%M")])
