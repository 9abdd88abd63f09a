"""Run directories: the whole truth about a run, and the only way that pages and command line talk to its training.

    runs/2026-11-23-233642-ours-3f2a/
        config.json     RunConfig            metrics.csv       a row every few iterations
        status.json     what it is doing     marks.jsonl       settings changed while it trained
        orders.jsonl    what people asked    samples/<step>.png
        start/          the model it goes on from, if any
        log.txt         in words             checkpoints/<step>.ckpt, model.safetensors (for sampling)
        notes.md        what people wrote down

Every file is written under a temporary name and renamed, or only appended to.
"""

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from filelock import FileLock, Timeout
from pydantic import TypeAdapter

from facedemo.runs import records
from facedemo.training import warm_start
from facedemo.storage.locations import CONFIG, WEIGHTS
from facedemo.storage.atomic import append_line, overwrite_file, read_lines, read_object, replace_file
from facedemo.storage.run_lock import acquired, is_held
from facedemo.storage.process_status import Status, process_facts

if TYPE_CHECKING:
    from facedemo.config.schema import Budget, RunConfig
    from facedemo.comparison.race import Race

Kept = TypeVar("Kept", "Run", "Race")

STATUS, METRICS, MARKS, ORDERS = "status.json", "metrics.csv", "marks.jsonl", "orders.jsonl"


class RunError(ValueError):
    """What a run cannot do, in words for its user."""


def runs_root() -> Path:
    """Where runs are kept: `FACEDEMO_RUNS`, or `runs` in the working directory."""
    return Path(os.environ.get("FACEDEMO_RUNS", "runs"))


@dataclass(frozen=True)
class Run:
    """A run directory, for reading it and for asking things of its training."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def name(self) -> str:
        """The name its user gave it, or else the directory's."""
        return str(read_object(self.path / CONFIG).get("name") or self.id)

    @property
    def config(self) -> "RunConfig":
        """The settings the run was started with.  Raises RunError where they are missing or damaged."""
        from facedemo.config.schema import RunConfig, in_words

        try:
            return RunConfig.model_validate_json((self.path / CONFIG).read_text("utf8"))
        except OSError as error:
            raise RunError(f"“{self.id}” is no run directory: it has no readable config.json.") from error
        except ValueError as error:
            raise RunError(f"The config.json of “{self.id}” is damaged: {in_words(error)}") from error

    @property
    def status(self) -> Status:
        """What the run is doing now, as far as its files and its process tell."""
        status = self.status_on_disk()
        if status.active and not status.process_lives() and not is_held(self.path):
            status.state = "crashed"
            status.message = "Its process ended without a word. Resume goes on from the last checkpoint."
        return status

    def status_on_disk(self) -> Status:
        """What its status.json says, whether or not that process still lives."""
        try:
            return TypeAdapter(Status).validate_json((self.path / STATUS).read_text("utf8"))
        except OSError:
            return Status(message="This run never started.")
        except ValueError:
            return Status(state="damaged", message="Its status.json is damaged. Resume writes a new one.")

    def set_aside_status(self, status: Status) -> str:
        """Keeps a status.json that cannot be read under another name, before a new one is written; returns that."""
        return records.set_aside(self.path / STATUS) if status.state == "damaged" else ""

    @contextmanager
    def exclusive(self, refusal: str, to_train: bool = False) -> Iterator[FileLock]:
        """Holds the run's lock, so that nothing else trains, starts, changes or moves the run meanwhile.

        to_train: whether this process was started to train the run, as its status may say already.
        Raises RunError with the words of `refusal` if the run trains, or is being started or moved, and if it is gone.
        """
        self.refuse_if_active(self.status, refusal, to_train)
        try:
            lock = acquired(self.path)
        except Timeout:
            raise RunError(refusal) from None
        except OSError as error:
            raise RunError(f"The folder of “{self.id}” cannot be written to: {error.strerror or error}.") from error
        try:
            self.refuse_if_active(self.status_on_disk(), refusal, to_train)
            yield lock
        finally:
            lock.release()

    def refuse_if_active(self, status: Status, refusal: str, to_train: bool) -> None:
        if not self.path.is_dir():
            raise RunError(f"“{self.id}” is no longer there.")
        # the lock tells whether a process trains; the status alone knows one that has been started and is still loading
        own = to_train and (status.of_this_process or not status.of_this_computer)
        if status.active and not own and status.process_lives():
            raise RunError(refusal)

    def write_status(self, status: Status) -> None:
        content = json.dumps(asdict(status), indent=2)
        try:
            replace_file(self.path / STATUS, content, flush=False)
        except OSError:  # a full disk has no room for a second file, but a new status can take the place of the old one
            overwrite_file(self.path / STATUS, content)

    def metrics(self) -> dict[str, list[float]]:
        """The columns of metrics.csv, complete rows only; {} before the first one, or if it is damaged."""
        columns, rows, _ = records.read_metrics(self.path / METRICS)
        return dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True)) if rows else {}

    def marks(self) -> list[dict[str, Any]]:
        """Settings changed while it trained: {"step", "changes", "command"} each, by iteration."""
        return records.marks(read_lines(self.path / MARKS))

    def orders(self) -> list[dict[str, Any]]:
        """What was asked of its training: "do", with "set" the "changes", and its "number"."""
        return records.read_orders(self.path / ORDERS)

    def samples(self) -> dict[int, Path]:
        """Iteration → its sample grid, in order."""
        found = (self.path / "samples").glob("*.png")
        return {int(path.stem): path for path in sorted(found) if path.stem.isdigit()}

    def checkpoints(self) -> list[Path]:
        """Full-state checkpoints, newest first."""
        return sorted((self.path / "checkpoints").glob("[0-9]*.ckpt"), reverse=True)

    def log_text(self) -> str:
        return self.text("log.txt")

    @property
    def notes(self) -> str:
        return self.text("notes.md")

    def write_notes(self, text: str) -> None:
        """Raises RunError where the run is gone."""
        if not self.path.is_dir():
            raise RunError(f"“{self.id}” is no longer there.")
        replace_file(self.path / "notes.md", text)

    def text(self, name: str) -> str:
        """A text file of the run; "" where there is none."""
        try:
            return (self.path / name).read_text("utf8", errors="replace")
        except OSError:
            return ""

    @property
    def has_model(self) -> bool:
        """Whether it can be sampled from."""
        return (self.path / CONFIG).exists() and (self.path / WEIGHTS).exists()

    @property
    def model_version(self) -> str:
        """Changes whenever its weights on disk do."""
        try:
            return str((self.path / WEIGHTS).stat().st_mtime_ns)
        except OSError:
            return ""

    def order(self, do: str, **extra: Any) -> None:
        append_line(self.path / ORDERS, {"do": do, "time": time.time(), **extra})

    def steer(self, **changes: float) -> None:
        """Asks for settings to change while it trains.  Raises ValueError as `RunConfig.steered` does."""
        self.config.steered(changes)
        self.order("set", changes=changes)

    def pause(self) -> None:
        self.order("pause")

    def unpause(self) -> None:
        self.order("continue")

    def stop(self) -> None:
        """Asks for a checkpoint and an end; `resume` goes on from there."""
        self.order("stop")

    def extend(self, budget: "Budget") -> None:
        """Replaces the budget of a run that is not training.  Raises RunError for one that is."""
        with self.exclusive("The budget cannot be changed while the run trains. Stop it first."):
            config = self.config.model_copy(update={"budget": budget})
            replace_file(self.path / CONFIG, config.model_dump_json(indent=2))

    def launch(self, worker: str = "facedemo.training.worker") -> None:
        """Starts or resumes its training in a process of its own, at low priority.  Raises RunError while it trains.

        worker: the module that is run on the directory.
        """
        with self.exclusive(f"“{self.name}” is training already."):
            with (self.path / "log.txt").open("ab") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", worker, str(self.path.resolve())],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # so that it outlives the app
                )
            status = self.status_on_disk()
            self.set_aside_status(status)
            changes = {"state": "starting", "message": "Starting…", "advice": [], "updated": time.time()}
            self.write_status(replace(status, **changes, **process_facts(process.pid)))


def create_run(config: "RunConfig", root: Path | None = None) -> Run:
    """A new, numbered run directory holding its config; training is started with `launch`, or by the worker.

    Raises ValueError where it is to start from a model that is not there or does not fit.
    """
    root = root or runs_root()
    stamp = time.strftime("%Y-%m-%d-%H%M%S")
    path = root / f"{stamp}-{config.family}-{secrets.token_hex(2)}"
    path.mkdir(parents=True)
    for folder in ("samples", "checkpoints"):
        (path / folder).mkdir()
    if config.training.start:
        try:
            warm_start.copy(config, path)
        except (ValueError, OSError):
            shutil.rmtree(path)
            raise
    replace_file(path / CONFIG, config.model_dump_json(indent=2))
    return Run(path)


def is_run(path: Path) -> bool:
    """Whether a folder is a run's.  A bundle has settings and weights, too, but no training has left a status there."""
    return (path / STATUS).exists() or ((path / CONFIG).is_file() and not (path / WEIGHTS).exists())


def list_runs(root: Path | None = None) -> list[Run]:
    """All runs below `root`, newest first; [] where there is no such folder."""
    root = root or runs_root()
    if not root.is_dir():
        return []
    found = [path for path in root.iterdir() if (path / CONFIG).is_file()]
    return [Run(path) for path in sorted(found, key=lambda path: path.name, reverse=True)]


def find_run(text: str, root: Path | None = None) -> Run:
    """A run by its path, its directory's name or the end of that name.

    Raises RunError where none or several fit, and for a bundle, which is not to be trained, renamed or deleted as one.
    """
    if (Path(text) / CONFIG).is_file():
        if not is_run(Path(text)):
            raise RunError(f"“{text}” is a model, not a run. `facedemo train --start-from` goes on from its weights.")
        return Run(Path(text))
    return the_one(text, list_runs(root), "run", "facedemo runs")


def the_one(text: str, among: Iterable[Kept], kind: str, command: str) -> Kept:
    """The one whose directory's name ends in `text`.

    kind, command: what they are, and what lists them.  Raises RunError where none or several fit.
    """
    fitting = [one for one in among if one.id.endswith(text)]
    if len(fitting) != 1:
        raise RunError(f"{'No' if not fitting else 'More than one'} {kind} fits “{text}”. `{command}` lists them.")
    return fitting[0]
