"""Races: several models trained one after another on the same images, from the same seed, under the same budget.

    runs/races/2026-11-24-101530-race-3f2a/
        race.json       Plan: what runs, in which order, and how it is judged
        status.json     what it is doing          orders.jsonl, log.txt      as those of a run

Each contender is an ordinary run beside the others, with two files more: detection.jsonl, how many of some faces were
found as it learned, and report.json, its evaluation.
"""

import json
import secrets
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from facedemo.config.presets import configure
from facedemo.config.schema import BUILT_IN, Budget, RunConfig
from facedemo.gans.registry import config_class, family_names
from facedemo.runs.directory import ProcessDirectory, RunError, find_one
from facedemo.runs.run import Run
from facedemo.runs.trash import TRASH
from facedemo.storage.atomic import read_lines, read_object, replace_file
from facedemo.storage.locations import runs_root

FOLDER = "races"
PLAN = "race.json"
DETECTION = "detection.jsonl"
POINTS = 20  # checkpoints over a budget, each of which is looked at
ROW = 160  # real images from one row of metrics to the next, for every family
GUESS = 60.0  # images/s at 64×64 on a laptop's processor: all that a budget in minutes lets one guess by
GPU = 20.0  # times as many on a GPU

Kind = Literal["race", "sweep"]


@dataclass(frozen=True)
class Entry:
    """A contender.  run: the name of its directory among the runs."""

    label: str
    run: str


@dataclass(frozen=True)
class Plan:
    """What a race is, once and for all.

    kind: "sweep" where the contenders differ in γ alone.  about: what all have in common, in words.  seed: of weights,
    data order and judged faces.  count: faces judged of each at its end, 0 for none.  split: part of the data that it
    is compared with.  copies: look for the nearest training faces, too.  command: what starts the same race again.
    """

    title: str
    kind: Kind
    entries: list[Entry]
    about: str = ""
    seed: int = 0
    count: int = 1000
    split: str = "test"
    copies: bool = False
    command: str = ""


@dataclass(frozen=True)
class Race(ProcessDirectory):
    """The directory of a race, for reading it and for asking things of it."""

    worker = "facedemo.comparison.worker"
    crash_message = "Its process ended without a word. Resume goes on where it was."

    @property
    def name(self) -> str:
        """Its contenders, or else its directory."""
        return str(read_object(self.path / PLAN).get("title") or self.id)

    @property
    def plan(self) -> Plan:
        """Raises RunError where it is missing or damaged."""
        try:
            return TypeAdapter(Plan).validate_json((self.path / PLAN).read_text("utf8"))
        except OSError as error:
            raise RunError(f"“{self.id}” is no race: it has no readable {PLAN}.") from error
        except ValueError as error:
            raise RunError(f"The {PLAN} of “{self.id}” is damaged.") from error

    def run(self, entry: Entry) -> Run:
        """The run of a contender, which may have been deleted meanwhile."""
        return Run(self.path.parent.parent / Path(entry.run).name)

    def stop(self) -> None:
        """Asks for an end, with a checkpoint of whoever trains; `launch` goes on from there."""
        self.order("stop")
        for run in map(self.run, self.plan.entries):
            if run.status.active:
                run.stop()


def create_race(
    contenders: Mapping[str, "RunConfig"], root: Path | None = None, kind: Kind = "race", **judging: Any
) -> Race:
    """A new race of label → config, whose run directories are made now and trained later.

    judging: fields of `Plan`.  Raises ValueError for fewer than two contenders.
    """
    from facedemo.training.warm_start import new_run  # imports torch, which listing races need not wait for

    if len(contenders) < 2:
        raise ValueError("A race needs two contenders at least: choose another family, or several values of γ.")
    root = root or runs_root()
    path = root / FOLDER / f"{time.strftime('%Y-%m-%d-%H%M%S')}-{kind}-{secrets.token_hex(2)}"
    path.mkdir(parents=True)
    entries = []
    for label, config in contenders.items():
        named = config.model_copy(update={"name": f"{label}, {kind} {path.name[-4:]}"})
        entries.append(Entry(label, new_run(named, root).id))
    about = in_common(next(iter(contenders.values())))
    plan = Plan(title=" · ".join(contenders), kind=kind, entries=entries, about=about, **judging)
    replace_file(path / PLAN, json.dumps(asdict(plan), indent=1, ensure_ascii=False) + "\n")
    return Race(path)


def in_common(config: "RunConfig") -> str:
    """ "celeba.tar, 64×64, 10 minutes each"."""
    limits = [f"{limit:,g} {unit}" for unit, limit in config.budget.model_dump().items() if limit]
    return f"{Path(config.data.source).name}, {config.model.size}×{config.model.size}, {', '.join(limits)} each"


def list_races(root: Path | None = None) -> list[Race]:
    """All races below `root`, newest first, damaged ones too; [] where there are none."""
    return races_in((root or runs_root()) / FOLDER)


def races_in(folder: Path) -> list[Race]:
    found = [path.parent for path in folder.glob(f"*/{PLAN}")]
    return [Race(path) for path in sorted(found, key=lambda path: path.name, reverse=True)]


def deleted_races(root: Path | None = None) -> list[Race]:
    """The races in the trash, newest first."""
    return races_in((root or runs_root()) / FOLDER / TRASH)


def find_race(text: str, root: Path | None = None) -> Race:
    """A race by its path, its directory's name or the end of it.  Raises RunError where none or several fit."""
    if (Path(text) / PLAN).is_file():
        return Race(Path(text))
    return find_one(text, list_races(root), "race", "facedemo races")


def contenders(
    options: Mapping[str, Any], families: Sequence[str] = (), gammas: Sequence[float] = (), preset: str | None = None
) -> dict[str, "RunConfig"]:
    """Label → config of each family, and of each γ where a family has one; all else is the same.

    options: settings by their own names, as `presets.configure` takes them; of those that only some families have, each
    takes its own.  families: all of them unless given, or with several values of γ those that have it.
    Raises ValueError as `configure` does.
    """
    having = [name for name in family_names() if "gamma" in config_class(name).model_fields]
    chosen = list(dict.fromkeys(families)) or (having if len(gammas) > 1 else family_names())
    found = {}
    for family in chosen:
        title = config_class(family).title
        values = list(dict.fromkeys(gammas)) if family in having else []
        for gamma in values or [None]:
            settings = {**own_options(options, family), "family": family} | ({} if gamma is None else {"gamma": gamma})
            label = f"γ {gamma:g}" if len(values) > 1 else title
            found[label if len(chosen) == 1 or len(values) < 2 else f"{title}, {label}"] = paced(
                configure(settings, preset)
            )
    return found


def own_options(options: Mapping[str, Any], family: str) -> dict[str, Any]:
    """The options without those that other families have and this one has not."""
    others = {name for other in family_names() for name in config_class(other).model_fields}
    missing = others - config_class(family).model_fields.keys()
    return {name: value for name, value in options.items() if name not in missing}


def trainable(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a race as those of its runs: on the part for training, unless the images are built-in.

    options: as `contenders` takes them.  Raises ValueError where no budget is among them.
    """
    if not options.keys() & Budget.model_fields.keys():
        raise ValueError("Give the budget of each: --minutes, --images or --iterations.")
    own = options.get("source", BUILT_IN) == BUILT_IN
    return {"split": "all" if own else "train", **options}


def command_of(
    options: Mapping[str, Any],
    families: Sequence[str],
    gammas: Sequence[float],
    preset: str | None,
    judging: Mapping[str, Any],
) -> str:
    """The command that starts this race again, with the data by its name."""
    words: list[object] = ["facedemo", "compare"]
    for name, value in options.items():
        option = name.replace("_", "-")
        if name == "source":
            words += ["--data", Path(value).name]
        elif isinstance(value, bool):
            words.append(f"--{option}" if value else f"--no-{option}")
        else:
            words += [f"--{option}", plain(value)]
    for name, values in (("--family", families), ("--gamma", gammas), ("--preset", [preset] if preset else [])):
        for value in values:
            words += [name, plain(value)]
    for name in ("seed", "count", "split"):
        if name in judging and name not in options:
            words += [f"--{name}", judging[name]]
    return shlex.join(map(str, words)) + ("" if judging.get("copies", True) else " --no-copies")


def plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def kind_of(contenders: Mapping[str, "RunConfig"]) -> Kind:
    """Whether the contenders differ in γ alone."""
    gammas = {getattr(config.model, "gamma", None) for config in contenders.values()}
    return "sweep" if len(gammas) == len(contenders) and None not in gammas else "race"


def paced(config: "RunConfig") -> "RunConfig":
    """The config with rows of metrics, samples and checkpoints after as many images as every other family's."""
    step, budget = config.model.images_per_step, config.budget
    expected = [
        budget.iterations and budget.iterations * step,
        budget.images,
        budget.minutes and budget.minutes * 60 * guess(config.model.size),
    ]
    between = max(1, round(min(filter(None, expected)) / POINTS / step))
    pace = {
        "checkpoint_every": min(between, 1_000_000),
        "sample_every": min(between, 1_000_000),
        "log_every": max(1, min(between, ROW // step)),
    }
    return config.model_copy(update={"training": config.training.model_copy(update=pace)})


def guess(size: int) -> float:
    """Images/s that a training at `size` pixels may reach here."""
    import torch  # which listing races need not wait for

    return GUESS * (64 / size) ** 2 * (GPU if torch.cuda.is_available() else 1)


def detection(path: Path) -> list[dict[str, float]]:
    """How many faces were found as a run learned, by iteration: step, images, seconds, found, of; [] where unknown."""
    rows = {}
    for row in read_lines(path / DETECTION):
        if all(isinstance(row.get(name), int | float) for name in ("step", "images", "seconds", "found", "of")):
            rows[row["step"]] = row
    return [rows[step] for step in sorted(rows)]
