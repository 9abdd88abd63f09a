"""The entrants of a race: their configs from the options of the command line or the form."""

from collections.abc import Mapping, Sequence
from typing import Any

from facedemo.comparison.race import Kind
from facedemo.config.presets import configure, start_of
from facedemo.config.schema import BUILTIN_SOURCE, Budget, RunConfig
from facedemo.gans.registry import config_class, family_names

CHECKPOINTS_PER_RACE = 20  # checkpoints per budget
LEAST_EVALUATED = 2000  # real images between evaluations, at least
IMAGES_PER_METRICS_ROW = 160  # real images per row of metrics, for every family
ASSUMED_IMAGES_PER_SECOND = 60.0  # assumed images/s at 64×64 on a laptop's CPU, to estimate from a budget in minutes
GPU_SPEEDUP = 20.0  # assumed speedup on a GPU


def entrant_configs(
    options: Mapping[str, Any], families: Sequence[str] = (), gammas: Sequence[float] = (), preset: str | None = None
) -> dict[str, RunConfig]:
    """Label → config for each family, and for each γ if the family has one; all other settings are the same.

    options: settings by name, as for `presets.configure`; settings that a family does not have are ignored for it.
    families: by default all families, or with several values of γ those that have it.  Raises ValueError as `configure`
    does, and for a preset that fine-tunes a model.
    """
    if start_of(preset):
        raise ValueError(
            f"A race starts from random weights, and “{preset}” fine-tunes a model. Choose another preset."
        )
    having = [name for name in family_names() if "gamma" in config_class(name).model_fields]
    chosen = list(dict.fromkeys(families)) or (having if len(gammas) > 1 else family_names())
    configs = {}
    for family in chosen:
        title = config_class(family).title
        values = list(dict.fromkeys(gammas)) if family in having else []
        for gamma in values or [None]:
            settings = {**family_options(options, family), "family": family} | (
                {} if gamma is None else {"gamma": gamma}
            )
            label = f"γ {gamma:g}" if len(values) > 1 else title
            configs[label if len(chosen) == 1 or len(values) < 2 else f"{title}, {label}"] = with_equal_logging(
                configure(settings, preset)
            )
    return configs


def family_options(options: Mapping[str, Any], family: str) -> dict[str, Any]:
    """The options without those that other families have and this one has not."""
    others = {name for other in family_names() for name in config_class(other).model_fields}
    missing = others - config_class(family).model_fields.keys()
    return {name: value for name, value in options.items() if name not in missing}


def race_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a race as options of its runs, which use the train split unless the images are built-in.

    options: as for `entrant_configs`.  Raises ValueError if they contain no budget.
    """
    if not options.keys() & Budget.model_fields.keys():
        raise ValueError("Give a budget per model: --minutes, --images or --iterations.")
    own = options.get("source", BUILTIN_SOURCE) == BUILTIN_SOURCE
    return {"split": "all" if own else "train", **options}


def kind_of(entrants: Mapping[str, RunConfig]) -> Kind:
    """Whether the entrants differ only in γ."""
    gammas = {getattr(config.model, "gamma", None) for config in entrants.values()}
    return "sweep" if len(gammas) == len(entrants) and None not in gammas else "race"


def with_equal_logging(config: RunConfig) -> RunConfig:
    """The config with metrics, samples, checkpoints and evaluations at the same numbers of images for all families."""
    step, budget = config.model.images_per_step, config.budget
    expected = [
        budget.iterations and budget.iterations * step,
        budget.images,
        budget.minutes and budget.minutes * 60 * assumed_speed(config.model.size),
    ]
    between = max(1, round(min(filter(None, expected)) / CHECKPOINTS_PER_RACE / step))
    pace = {
        "checkpoint_every": min(between, 1_000_000),
        "sample_every": min(between, 1_000_000),
        "evaluate_every": max(between * step, LEAST_EVALUATED),
        "log_every": max(1, min(between, IMAGES_PER_METRICS_ROW // step)),
    }
    return config.model_copy(update={"training": config.training.model_copy(update=pace)})


def assumed_speed(size: int) -> float:
    """Estimated training speed in images/s at `size` pixels on this machine."""
    import torch  # which listing races need not wait for

    return ASSUMED_IMAGES_PER_SECOND * (64 / size) ** 2 * (GPU_SPEEDUP if torch.cuda.is_available() else 1)
