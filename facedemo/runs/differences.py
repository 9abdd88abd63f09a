"""The settings that differ between runs, in words. Imports no torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from facedemo.config.schema import Budget, DataConfig, RunConfig, TrainingConfig, is_legacy
from facedemo.data.source_files import file_names
from facedemo.runs.run import IMAGES, Run
from facedemo.runs.summary import steered
from facedemo.storage.atomic import read_object

NOTHING = "–"
UNITS = {  # setting → unit of its value
    "size": "pixels",
    "latent": "numbers",
    "width": "channels",
    "batch_size": "images",
    "decay_every": "iterations",
    "ema_images": "images",
    "log_every": "iterations",
    "sample_every": "iterations",
    "checkpoint_every": "iterations",
    "evaluate_every": "images",
    "minutes": "minutes",
    "count": "images",
}
BUDGETS = {"iterations": "Budget in iterations", "images": "Budget in real images", "minutes": "Budget in minutes"}


@dataclass(frozen=True)
class Difference:
    """A setting that differs.  title: with its unit.  values: of each run, as text."""

    title: str
    values: list[str]


@dataclass(frozen=True)
class Differences:
    """The settings that differ between runs.  same: the number of the other settings, which are equal."""

    rows: list[Difference]
    same: int

    def summary(self) -> str:
        """ "3 settings differ; the other 32 are the same." """
        if not self.rows:
            return f"All {self.same} settings are the same."
        differ = "1 setting differs" if len(self.rows) == 1 else f"{len(self.rows)} settings differ"
        return f"{differ}; the other {self.same} are the same."


def differences(runs: Sequence[Run]) -> Differences:
    """The settings in which runs differ, with the changes made while they trained.

    Names of runs are left out, and images are named without their folders.  Raises RunError if a config is damaged.
    """
    columns = [settings(run) for run in runs]
    titles: dict[str, str] = {}
    for run in runs:
        titles |= {name: title for name, title in titles_of(run.config).items() if name not in titles}
    rows = []
    for name, title in titles.items():
        values = [column.get(name) for column in columns]
        if any(value != values[0] for value in values) and not (name == "count" and (None,) in values):
            rows.append(Difference(title, value_texts(name, values)))
    return Differences(rows, len(titles) - len(rows))


def settings(run: Run) -> dict[str, tuple[Any, ...]]:
    """Setting → its value, and after changes during the training the last one."""
    config, changes = run.config, steered(run)
    values = {"family": config.family, "count": read_object(run.path / IMAGES).get("count")}
    for part in (config.model, config.data, config.training):
        values |= part.model_dump()
    values |= {f"budget {name}": value for name, value in config.budget.model_dump().items()}
    return {
        name: (value, changes[name]) if name in changes and changes[name] != value else (value,)
        for name, value in values.items()
    }


def titles_of(config: RunConfig) -> dict[str, str]:
    """Setting → its title with its unit, in the order of a table."""
    fields: dict[str, FieldInfo] = {"family": RunConfig.model_fields["family"]}
    fields |= type(config.model).model_fields
    titles = titled(fields) | titled(DataConfig.model_fields) | {"count": "Training images"}
    titles |= {f"budget {name}": BUDGETS[name] for name in Budget.model_fields}
    return titles | titled({name: field for name, field in TrainingConfig.model_fields.items() if not is_legacy(field)})


def titled(fields: dict[str, FieldInfo]) -> dict[str, str]:
    titles = {name: field.title or name.replace("_", " ").capitalize() for name, field in fields.items()}
    return {name: f"{title} ({UNITS[name]})" if name in UNITS else title for name, title in titles.items()}


def value_texts(name: str, values: Sequence[tuple[Any, ...] | None]) -> list[str]:
    """The values of one setting as text, different ones as different texts."""
    texts = [" → ".join(value_text(name, value) for value in pair) if pair is not None else NOTHING for pair in values]
    distinct = list(dict.fromkeys(values))
    if len(set(texts)) == len(distinct):
        return texts
    return [f"{text} ({distinct.index(value) + 1})" for text, value in zip(texts, values, strict=True)]


def value_text(name: str, value: Any) -> str:
    if name == "source":
        return file_names(value) or value
    if name == "start":
        return Path(value).name or "random weights"
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int):
        return f"{value:,}"
    return format(Decimal(f"{value:.6g}"), "f") if isinstance(value, float) else str(value)
