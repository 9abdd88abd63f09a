"""Races: several models trained one after another on the same images, from the same seed, under the same budget.

    runs/races/2026-11-24-101530-race-3f2a/
        race.json       Plan: what runs, in which order, and how it is evaluated
        status.json     the current state         orders.jsonl, log.txt      as those of a run

Each entrant is an ordinary run with two additional files: evaluations.jsonl, its evaluations during training, and
report.json, its evaluation.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import TypeAdapter

from facedemo.config.schema import RunConfig
from facedemo.data.source_files import file_names
from facedemo.runs.directory import ProcessDirectory, RunError, find_one
from facedemo.runs.run import Run, new_folder
from facedemo.runs.trash import TRASH
from facedemo.storage.atomic import read_object, replace_file
from facedemo.storage.locations import runs_root

FOLDER = "races"
PLAN = "race.json"
MAX_PACE_RATIO, PACE_SECONDS = 1.2, 5.0  # speeds that differ more are mentioned, after this time of training

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
        runs = [self.run(entrant) for entrant in self.plan.entries]
        return [run for run in runs if run.path.is_dir() and run.status_on_disk().state != "finished"]

    def expected_seconds(self) -> float | None:
        seconds = [run.expected_seconds() for run in self.runs_to_train()]
        return None if None in seconds else sum(filter(None, seconds))

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
    entrants: Mapping[str, RunConfig], root: Path | None = None, kind: Kind = "race", **evaluation: Any
) -> Race:
    """Creates a race from label → config; the run directories are created now and trained later.

    evaluation: fields of `Plan`.  Raises ValueError for fewer than two entrants.
    """
    from facedemo.training.warm_start import new_run  # imports torch, which listing races need not wait for

    if len(entrants) < 2:
        raise ValueError("A race needs at least two models: choose another family, or several values of γ.")
    root = root or runs_root()
    created = [new_folder(root / FOLDER, kind)]
    path, entries = created[0], []
    try:
        for label, config in entrants.items():
            named = config.model_copy(update={"name": f"{label}, {kind} {path.name[-4:]}"})
            created.append(new_run(named, root).path)
            entries.append(Entrant(label, created[-1].name))
        about = shared_description(next(iter(entrants.values())))
        plan = Plan(title=" · ".join(entrants), kind=kind, entries=entries, about=about, **evaluation)
        replace_file(path / PLAN, json.dumps(asdict(plan), indent=1, ensure_ascii=False) + "\n")
    except (ValueError, OSError):
        for folder in created:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    return Race(path)


def shared_description(config: RunConfig) -> str:
    """ "celeba.tar, 64×64, 10 minutes each"."""
    return f"{file_names(config.data.source)}, {config.model.size}×{config.model.size}, {config.budget.text} each"


def list_races(root: Path | None = None) -> list[Race]:
    """All races below `root`, newest first, including damaged ones; [] if there are none."""
    return races_in((root or runs_root()) / FOLDER)


def upcoming_entrants(root: Path | None = None) -> dict[str, Race]:
    """Run directory → the race in progress that will train it when its turn comes."""
    races: dict[str, Race] = {}
    for race in list_races(root):
        if race.status.active and not unplanned(race):
            races |= {run.id: race for run in race.runs_to_train() if run.status.state == "stopped"}
    return races


def unplanned(race: Race) -> bool:
    """Whether the plan of a race is missing or damaged."""
    try:
        return not race.plan
    except RunError:
        return True


def races_in(folder: Path) -> list[Race]:
    folders = [path.parent for path in folder.glob(f"*/{PLAN}")]
    return [Race(path) for path in sorted(folders, key=lambda path: path.name, reverse=True)]


def deleted_races(root: Path | None = None) -> list[Race]:
    """The races in the trash, newest first."""
    return races_in((root or runs_root()) / FOLDER / TRASH)


def find_race(text: str, root: Path | None = None) -> Race:
    """A race by its path, its directory's name or the end of that name.  Raises RunError if none or several match."""
    if (Path(text) / PLAN).is_file():
        return Race(Path(text))
    return find_one(text, list_races(root), "race", "facedemo races")


def pace_note(paces: Mapping[str, tuple[int, float]]) -> str:
    """A sentence on models that trained at different speeds; "" if they differ by at most MAX_PACE_RATIO.

    paces: label → real images seen, and seconds of training; only of models that have trained for a while.
    """
    speeds = {label: images / seconds for label, (images, seconds) in paces.items() if seconds >= PACE_SECONDS}
    if len(speeds) < 2 or max(speeds.values()) <= MAX_PACE_RATIO * min(speeds.values()):
        return ""
    speeds_text = "; ".join(
        f"{label}: {speed:,.0f} images/s, {paces[label][0]:,} images" for label, speed in speeds.items()
    )
    return f"The models trained at different speeds. {speeds_text}."
