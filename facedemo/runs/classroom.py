"""A shared app: the workspaces of its visitors, and the rules for their trainings.

    RUNS/people/<id>/account.json   who it is
                     runs/          the visitor's runs and races
                     models/        the visitor's models
    RUNS/people/closed              exists if no training may start

The rules come from the environment, so that they hold for a service and for a container.
"""

import math
import os
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from facedemo.config.schema import BUILTIN_SOURCE, RunConfig
from facedemo.data.source_files import lines
from facedemo.runs.directory import ProcessDirectory, RunError
from facedemo.runs.run import Run, list_runs
from facedemo.storage.atomic import read_object, replace_file, stats_below
from facedemo.storage.locations import CONFIG, Workspace, all_runs_root, upload_prefix, uploads_root, workspace

ACCOUNT, SHARED, CLOSED = "account.json", "shared", "closed"
RACES = "races"
DAY = 24 * 3600.0


@dataclass(frozen=True)
class Rules:
    """What the teacher allows.

    minutes: of a training.  size: of its images, in pixels.  trainings: of a visitor at once, waiting ones included.
    upload_megabytes: of a visitor's uploads in all.  run_days: after which runs are removed.
    """

    minutes: float = 60.0
    size: int = 64
    trainings: int = 2
    upload_megabytes: float = 1000.0
    run_days: float = 90.0

    @property
    def trainings_text(self) -> str:
        return f"{self.trainings} training{'s' if self.trainings != 1 else ''}"

    @property
    def upload_limit(self) -> int:
        """The largest file to upload, in MB."""
        return max(1, math.ceil(self.upload_megabytes))


def rules() -> Rules:
    """The rules from FACEDEMO_MAX_MINUTES, _MAX_SIZE, _MAX_TRAININGS, _MAX_UPLOAD_MB and FACEDEMO_RUN_DAYS."""
    names = ("MAX_MINUTES", "MAX_SIZE", "MAX_TRAININGS", "MAX_UPLOAD_MB", "RUN_DAYS")
    chosen = {}
    for name, (field, default) in zip(names, vars(Rules()).items(), strict=True):
        try:
            chosen[field] = type(default)(text := os.environ.get(f"FACEDEMO_{name}") or default)
        except ValueError:
            raise ValueError(f"FACEDEMO_{name} is not a number: “{text}”.") from None
        if not 0 < chosen[field] < math.inf:
            raise ValueError(f"FACEDEMO_{name} must be a number above 0, not “{text}”.")
    return Rules(**chosen)


def people_root() -> Path:
    return all_runs_root() / "people"


def workspace_of(person: str, teacher: bool = False) -> Workspace:
    """A visitor's workspace.  teacher: may change everybody's runs."""
    folder = people_root() / person
    return Workspace(folder, people_root() if teacher else folder)


def name_of(folder: Path) -> str:
    """The name of the person whose workspace this is."""
    return str(read_object(folder / ACCOUNT).get("name") or folder.name)


def owner_of(directory: ProcessDirectory) -> str:
    """The name of the person to whom a run or a race in a workspace belongs."""
    folder = directory.path.parent if directory.path.parent.name != RACES else directory.path.parent.parent
    return name_of(folder.parent)


def workspaces() -> list[Path]:
    return sorted((path.parent for path in people_root().glob(f"*/{ACCOUNT}")), key=name_of)


def everything_in(folder: Path) -> list[ProcessDirectory]:
    """The runs and races of a workspace."""
    races = (path for path in (folder / "runs" / RACES).glob("*") if not path.name.startswith("."))
    return [*list_runs(folder / "runs"), *map(ProcessDirectory, sorted(races))]


def active_in(folder: Path) -> list[ProcessDirectory]:
    """The trainings of a workspace; a race counts as one."""
    active = [directory for directory in everything_in(folder) if directory.status.active]
    races = [directory for directory in active if directory.path.parent.name == RACES]
    entries = [entry for race in races for entry in read_object(race.path / "race.json").get("entries", [])]
    of_races = {entry.get("run") for entry in entries if isinstance(entry, dict)}
    return [directory for directory in active if directory.id not in of_races]


def set_shared(run: Run, shared: bool) -> None:
    """Lets the other visitors watch a run, or no longer."""
    run.refuse_if_foreign()
    if shared:
        replace_file(run.path / SHARED, "")
    else:
        (run.path / SHARED).unlink(missing_ok=True)


def is_shared(run: Run) -> bool:
    return (run.path / SHARED).exists()


def shared_by_others() -> list[Run]:
    """The runs of others that the current visitor may watch, newest first; a teacher may watch all."""
    own = workspace()
    if own is None:
        return []
    others = [folder for folder in workspaces() if folder != own.folder]
    runs = [run for folder in others for run in list_runs(folder / "runs")]
    may_watch = [run for run in runs if own.realm == people_root() or is_shared(run)]
    return sorted(may_watch, key=lambda run: run.id, reverse=True)


def check_launch(directory: ProcessDirectory) -> None:
    """Holds the current visitor's training to the rules, and limits its minutes.  Raises RunError if it breaks them."""
    own = workspace()
    if own is None:
        return
    allowed = rules()
    if (people_root() / CLOSED).exists():
        raise RunError("The class has ended. Nothing can be trained until the teacher begins the next one.")
    if len(active_in(own.folder)) >= allowed.trainings:
        raise RunError(
            f"You may have {allowed.trainings_text} at once, waiting ones included. Stop one, or wait until it ends."
        )
    for run in directory.runs_to_train():
        check_config(run.config, allowed)
        if run.status_on_disk().seconds >= allowed.minutes * 60:
            raise RunError(f"“{run.name}” has been trained for the {allowed.minutes:g} minutes that are allowed.")
        budget = run.config.budget
        minutes = min(budget.minutes or allowed.minutes, allowed.minutes)
        config = run.config.model_copy(update={"budget": budget.model_copy(update={"minutes": minutes})})
        replace_file(run.path / CONFIG, config.model_dump_json(indent=2))


def check_config(config: RunConfig, allowed: Rules) -> None:
    if config.model.size > allowed.size:
        raise RunError(f"Images of up to {allowed.size}×{allowed.size} pixels are allowed. Choose a smaller size.")
    if config.training.devices * config.training.num_nodes > 1:
        raise RunError("A shared app trains with one process. Set Processes and Machines to 1.")
    if not may_use(config.data.source):
        raise RunError("Only the built-in faces and images that you uploaded can be used here.")


def may_use(source: str) -> bool:
    """Whether the current visitor may use these images: in a shared app, their own uploads and the built-in faces.

    A run or an imported model may name any path of the server as its training images.
    """
    if workspace() is None or source == BUILTIN_SOURCE:
        return True
    own_upload = f"{uploads_root().resolve()}{os.sep}{upload_prefix()}"
    return all(str(Path(line).resolve()).startswith(own_upload) for line in lines(source))


def set_closed(closed: bool) -> None:
    """Ends the class, so that no training can start, or begins it."""
    people_root().mkdir(parents=True, exist_ok=True)
    if closed:
        (people_root() / CLOSED).touch()
    else:
        (people_root() / CLOSED).unlink(missing_ok=True)


def is_closed() -> bool:
    return (people_root() / CLOSED).exists()


def stop(directories: Iterable[ProcessDirectory]) -> None:
    """Stops trainings with a checkpoint; a race passes the command on to the run that it trains.

    Raises RunError, after stopping the others, if some cannot be stopped.
    """
    problems = []
    for directory in directories:
        try:
            directory.send("stop")
        except OSError as error:
            if directory.path.is_dir():  # otherwise it was deleted meanwhile
                problems.append(f"“{directory.name}” cannot be stopped: {error.strerror or error}.")
    if problems:
        raise RunError(" ".join(problems))


def remove_old_runs() -> list[Path]:
    """Removes the runs and races of all visitors whose files have not changed for `run_days`; returns their paths."""
    limit, removed = time.time() - rules().run_days * DAY, []
    for folder in people_root().glob("*"):
        deleted = [Run(path) for part in (".", RACES) for path in (folder / "runs" / part / ".trash").glob("*")]
        for directory in [*everything_in(folder), *deleted]:
            newest = max((file.st_mtime for file in stats_below(directory.path)), default=math.inf)
            if newest <= limit and not directory.status.active:
                shutil.rmtree(directory.path, ignore_errors=True)
                removed.append(directory.path)
    return removed
