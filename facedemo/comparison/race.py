"""Races: several models trained one after another on the same images, from the same seed, under the same budget.

    runs/races/2026-11-24-101530-race-3f2a/
        race.json       Plan: what runs, in which order, and how it is evaluated
        status.json     the current state         orders.jsonl, log.txt      as those of a run

Each entrant is an ordinary run with two additional files: evaluations.jsonl, its evaluations during training, and
report.json, its evaluation.
"""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from facedemo.config.presets import configure, start_of
from facedemo.config.schema import BUILTIN_SOURCE, Budget, RunConfig
from facedemo.data.source_files import file_names, lines
from facedemo.gans.registry import config_class, family_names
from facedemo.runs.directory import ProcessDirectory, RunError, find_one
from facedemo.runs.run import Run, new_folder
from facedemo.runs.trash import TRASH
from facedemo.storage.atomic import read_object, replace_file
from facedemo.storage.locations import runs_root

FOLDER = "races"
PLAN = "race.json"
CHECKPOINTS_PER_RACE = 20  # checkpoints per budget
MAX_PACE_RATIO, PACE_SECONDS = 1.2, 5.0  # speeds that differ more are mentioned, after this time of training
LEAST_EVALUATED = 2000  # real images between evaluations, at least
IMAGES_PER_METRICS_ROW = 160  # real images per row of metrics, for every family
ASSUMED_IMAGES_PER_SECOND = 60.0  # assumed images/s at 64×64 on a laptop's CPU, to estimate from a budget in minutes
GPU_SPEEDUP = 20.0  # assumed speedup on a GPU

Kind = Literal["race", "sweep"]


@dataclass(frozen=True)
class Entrant:
    """A model in a race.  run: the name of its run directory."""

    label: str
    run: str


@dataclass(frozen=True)
class Plan:
    """The fixed settings of a race.

    kind: "sweep" if the entrants differ only in γ.  about: description of what all have in common.  seed: of weights,
    data order and evaluated faces.  count: faces to evaluate per entrant at the end, 0 for none.  split: held-out
    split to compare with.  copies: also find the nearest training faces.  command: starts the same race again.
    """

    title: str
    kind: Kind
    entries: list[Entrant]
    about: str = ""
    seed: int = 0
    count: int = 1000
    split: str = "test"
    copies: bool = False
    command: str = ""


@dataclass(frozen=True)
class Race(ProcessDirectory):
    """The directory of a race: reads its files and sends commands to its process."""

    worker = "facedemo.comparison.worker"
    crash_message = "Its process exited unexpectedly. Resume continues from where it stopped."

    @property
    def name(self) -> str:
        """Its entrants, or else its directory."""
        return str(read_object(self.path / PLAN).get("title") or self.id)

    @property
    def plan(self) -> Plan:
        """Raises RunError if it is missing or damaged."""
        try:
            return TypeAdapter(Plan).validate_json((self.path / PLAN).read_text("utf8"))
        except OSError as error:
            raise RunError(f"“{self.id}” is not a race: it has no readable {PLAN}.") from error
        except ValueError as error:
            raise RunError(f"The {PLAN} of “{self.id}” is damaged.") from error

    def runs_to_train(self) -> list[Run]:
        found = [self.run(entrant) for entrant in self.plan.entries]
        return [run for run in found if run.path.is_dir() and run.status_on_disk().state != "finished"]

    def expected_seconds(self) -> float | None:
        known = [run.expected_seconds() for run in self.runs_to_train()]
        return None if None in known else sum(filter(None, known))

    def run(self, entrant: Entrant) -> Run:
        """The run of an entrant, which may have been deleted."""
        return Run(self.path.parent.parent / Path(entrant.run).name)

    def pause(self) -> None:
        """Requests a pause in the queue.  Raises RunError if the race does not wait."""
        if self.status.state != "waiting":
            raise RunError(f"“{self.name}” does not wait in the queue: only a race that waits can be paused. Stop it.")
        super().pause()

    def stop(self) -> None:
        """Requests a stop; the model in training saves a checkpoint, and `launch` continues from there."""
        self.send("stop")
        for run in map(self.run, self.plan.entries):
            if run.status.active:
                run.stop()


def create_race(
    entrants: Mapping[str, "RunConfig"], root: Path | None = None, kind: Kind = "race", **evaluation: Any
) -> Race:
    """Creates a race from label → config; the run directories are created now and trained later.

    evaluation: fields of `Plan`.  Raises ValueError for fewer than two entrants.
    """
    from facedemo.training.warm_start import new_run  # imports torch, which listing races need not wait for

    if len(entrants) < 2:
        raise ValueError("A race needs at least two models: choose another family, or several values of γ.")
    root = root or runs_root()
    path = new_folder(root / FOLDER, kind)
    entries = []
    for label, config in entrants.items():
        named = config.model_copy(update={"name": f"{label}, {kind} {path.name[-4:]}"})
        entries.append(Entrant(label, new_run(named, root).id))
    about = shared_description(next(iter(entrants.values())))
    plan = Plan(title=" · ".join(entrants), kind=kind, entries=entries, about=about, **evaluation)
    replace_file(path / PLAN, json.dumps(asdict(plan), indent=1, ensure_ascii=False) + "\n")
    return Race(path)


def shared_description(config: "RunConfig") -> str:
    """ "celeba.tar, 64×64, 10 minutes each"."""
    limits = [f"{limit:,g} {unit}" for unit, limit in config.budget.model_dump().items() if limit]
    return f"{file_names(config.data.source)}, {config.model.size}×{config.model.size}, {', '.join(limits)} each"


def list_races(root: Path | None = None) -> list[Race]:
    """All races below `root`, newest first, including damaged ones; [] if there are none."""
    return races_in((root or runs_root()) / FOLDER)


def upcoming_entrants(root: Path | None = None) -> dict[str, Race]:
    """Run directory → the race in progress that will train it when its turn comes."""
    found: dict[str, Race] = {}
    for race in list_races(root):
        if race.status.active and not unplanned(race):
            found |= {run.id: race for run in race.runs_to_train() if run.status.state == "stopped"}
    return found


def unplanned(race: Race) -> bool:
    """Whether the plan of a race is missing or damaged."""
    try:
        return not race.plan
    except RunError:
        return True


def races_in(folder: Path) -> list[Race]:
    found = [path.parent for path in folder.glob(f"*/{PLAN}")]
    return [Race(path) for path in sorted(found, key=lambda path: path.name, reverse=True)]


def deleted_races(root: Path | None = None) -> list[Race]:
    """The races in the trash, newest first."""
    return races_in((root or runs_root()) / FOLDER / TRASH)


def find_race(text: str, root: Path | None = None) -> Race:
    """A race by its path, its directory's name or the end of that name.  Raises RunError if none or several match."""
    if (Path(text) / PLAN).is_file():
        return Race(Path(text))
    return find_one(text, list_races(root), "race", "facedemo races")


def entrant_configs(
    options: Mapping[str, Any], families: Sequence[str] = (), gammas: Sequence[float] = (), preset: str | None = None
) -> dict[str, "RunConfig"]:
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
    found = {}
    for family in chosen:
        title = config_class(family).title
        values = list(dict.fromkeys(gammas)) if family in having else []
        for gamma in values or [None]:
            settings = {**family_options(options, family), "family": family} | (
                {} if gamma is None else {"gamma": gamma}
            )
            label = f"γ {gamma:g}" if len(values) > 1 else title
            found[label if len(chosen) == 1 or len(values) < 2 else f"{title}, {label}"] = with_equal_logging(
                configure(settings, preset)
            )
    return found


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


def command_line(
    options: Mapping[str, Any],
    families: Sequence[str],
    gammas: Sequence[float],
    preset: str | None,
    evaluation: Mapping[str, Any],
) -> str:
    """The command that starts this race again, with the data's file name."""
    words: list[object] = ["facedemo", "compare"]
    for name, value in options.items():
        option = name.replace("_", "-")
        if name == "source":
            words += [word for line in lines(value) for word in ("--data", Path(line).name)]
        elif isinstance(value, bool):
            words.append(f"--{option}" if value else f"--no-{option}")
        else:
            words += [f"--{option}", format_value(value)]
    for name, values in (("--family", families), ("--gamma", gammas), ("--preset", [preset] if preset else [])):
        for value in values:
            words += [name, format_value(value)]
    for name in ("seed", "count", "split"):
        if name in evaluation and name not in options:
            words += [f"--{name}", evaluation[name]]
    return shlex.join(map(str, words)) + ("" if evaluation.get("copies", True) else " --no-copies")


def pace_note(paces: Mapping[str, tuple[int, float]]) -> str:
    """A sentence on models that trained at different speeds; "" if they differ by at most MAX_PACE_RATIO.

    paces: label → real images seen, and seconds of training; only of models that have trained for a while.
    """
    speeds = {label: images / seconds for label, (images, seconds) in paces.items() if seconds >= PACE_SECONDS}
    if len(speeds) < 2 or max(speeds.values()) <= MAX_PACE_RATIO * min(speeds.values()):
        return ""
    words = "; ".join(f"{label}: {speed:,.0f} images/s, {paces[label][0]:,} images" for label, speed in speeds.items())
    return f"The models trained at different speeds. {words}."


def format_value(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def kind_of(entrants: Mapping[str, "RunConfig"]) -> Kind:
    """Whether the entrants differ only in γ."""
    gammas = {getattr(config.model, "gamma", None) for config in entrants.values()}
    return "sweep" if len(gammas) == len(entrants) and None not in gammas else "race"


def with_equal_logging(config: "RunConfig") -> "RunConfig":
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
