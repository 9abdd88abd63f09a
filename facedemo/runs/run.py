"""Run directories: the single source of truth about a run, and the interface to its training process.

    runs/2026-11-23-233642-ours-3f2a/
        config.json     RunConfig            metrics.csv       a row every few iterations
        status.json     its current state    marks.jsonl       settings changed while it trained
        orders.jsonl    the commands so far  samples/<step>.png
        start/          the start model, if any
        images.json     count and digest of the training images
        log.txt         in words             checkpoints/<step>.ckpt, model.safetensors (for sampling)
        notes.md        the notes of its user

Every file is either written under a temporary name and renamed, or only appended to.
"""

import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from facedemo.config.messages import error_message
from facedemo.config.schedule import SettingChange
from facedemo.config.schema import Budget, RunConfig, one_line
from facedemo.runs import records
from facedemo.runs.directory import ProcessDirectory, RunError, find_one
from facedemo.storage.atomic import read_lines, read_object, replace_file
from facedemo.storage.locations import CONFIG, WEIGHTS, runs_root
from facedemo.storage.process_status import STATUS

METRICS, MARKS, IMAGES = "metrics.csv", "marks.jsonl", "images.json"


@dataclass(frozen=True)
class Run(ProcessDirectory):
    """A run directory: reads its files and sends commands to its training process."""

    worker = "facedemo.training.worker"

    @property
    def name(self) -> str:
        """The name given by the user, or else the directory's name."""
        return str(read_object(self.path / CONFIG).get("name") or self.id)

    @property
    def config(self) -> RunConfig:
        """The settings with which the run was started.  Raises RunError if they are missing or damaged."""
        try:
            return RunConfig.model_validate_json((self.path / CONFIG).read_text("utf8"))
        except OSError as error:
            raise RunError(f"“{self.id}” is not a run directory: it has no readable config.json.") from error
        except ValueError as error:
            raise RunError(f"The config.json of “{self.id}” is damaged: {error_message(error)}") from error

    def runs_to_train(self) -> "list[Run]":
        return [self]

    def expected_seconds(self) -> float | None:
        status = self.status_on_disk()
        if 0 < status.progress < 1 and status.seconds:
            return status.seconds * (1 - status.progress) / status.progress
        try:
            minutes = self.config.budget.minutes
        except RunError:
            return None
        return minutes and minutes * 60

    def metrics(self) -> dict[str, list[float]]:
        """The columns of metrics.csv, complete rows only; {} if there are none, or the file is damaged."""
        columns, rows, _ = records.read_metrics(self.path / METRICS)
        return dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True)) if rows else {}

    def setting_changes(self) -> list[SettingChange]:
        """Settings changed during training, ordered by iteration."""
        return records.setting_changes(read_lines(self.path / MARKS))

    def samples(self) -> dict[int, Path]:
        """Iteration → its sample grid, in order."""
        paths = (self.path / "samples").glob("*.png")
        return {int(path.stem): path for path in sorted(paths) if path.stem.isdigit()}

    def checkpoints(self) -> list[Path]:
        """Full-state checkpoints, newest first."""
        return sorted((self.path / "checkpoints").glob("[0-9]*.ckpt"), reverse=True)

    @property
    def notes(self) -> str:
        return self.text("notes.md")

    def write_notes(self, text: str) -> None:
        """Raises RunError if the run no longer exists or belongs to somebody else."""
        self.refuse_if_foreign()
        if not self.path.is_dir():
            raise RunError(f"“{self.id}” no longer exists.")
        replace_file(self.path / "notes.md", text)

    @property
    def has_model(self) -> bool:
        """Whether it has weights to generate faces with."""
        return (self.path / CONFIG).exists() and (self.path / WEIGHTS).exists()

    @property
    def model_version(self) -> str:
        """A number that changes whenever the weights on disk change."""
        try:
            return str((self.path / WEIGHTS).stat().st_mtime_ns)
        except OSError:
            return ""

    def steer(self, **changes: float) -> None:
        """Requests a change of settings while the run trains.  Raises ValueError as `RunConfig.steered` does."""
        self.config.steered(changes)
        self.send("set", changes)

    def stop(self) -> None:
        """Requests a checkpoint and the end of training; `resume` continues from there."""
        self.send("stop")

    def extend(self, budget: Budget) -> None:
        """Replaces the budget of a run that is not training.

        Raises RunError if it is training, or if it has used up the new budget already.
        """
        with self.exclusive("The budget cannot be changed while the run trains. Stop it first."):
            status = self.status
            if budget.fraction(status.step, status.images, status.seconds) >= 1:
                raise RunError(
                    f"The run has already used a budget of {budget.text}. Choose a larger one, counted from its start."
                )
            config = self.config.model_copy(update={"budget": budget})
            replace_file(self.path / CONFIG, config.model_dump_json(indent=2))

    def rename(self, name: str) -> None:
        """Gives a run that is not training another name.  Raises RunError if it is training, or the name is empty."""
        if not name.strip():
            raise RunError("A run needs a name. Enter one.")
        with self.exclusive("The run cannot be renamed while it trains. Stop it first."):
            config = self.config.model_copy(update={"name": one_line(name)})
            replace_file(self.path / CONFIG, config.model_dump_json(indent=2))

    def use_images(self, source: str | None = None, changed: bool = False) -> None:
        """Makes a run that is not training resume with images that have moved or changed.

        source: their new place.  changed: accept them although they are not those that the run started with.  Raises
        RunError if it is training.
        """
        with self.exclusive("The images cannot be changed while the run trains. Stop it first."):
            if source is not None:
                config = self.config
                data = config.data.model_copy(update={"source": source})
                config = config.model_copy(update={"data": data})
                replace_file(self.path / CONFIG, config.model_dump_json(indent=2))
            if changed:
                (self.path / IMAGES).unlink(missing_ok=True)


def create_run(config: RunConfig, root: Path | None = None) -> Run:
    """Creates a new, numbered run directory with its config; `launch` or the worker starts the training."""
    root = root or runs_root()
    path = new_folder(root, config.family)
    try:
        for folder in ("samples", "checkpoints"):
            (path / folder).mkdir()
        replace_file(path / CONFIG, config.model_dump_json(indent=2))
    except OSError:  # the disk is full
        shutil.rmtree(path, ignore_errors=True)
        raise
    return Run(path)


def new_folder(root: Path, kind: str) -> Path:
    """A folder of the time and the kind, and of a name that no other has, even if it was created in the same second."""
    stamp = time.strftime("%Y-%m-%d-%H%M%S")
    while True:
        path = root / f"{stamp}-{kind}-{secrets.token_hex(2)}"
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            continue
        return path


def is_run(path: Path) -> bool:
    """Whether a folder is a run's: a bundle also has settings and weights, but no status."""
    return (path / STATUS).exists() or ((path / CONFIG).is_file() and not (path / WEIGHTS).exists())


def list_runs(root: Path | None = None) -> list[Run]:
    """All runs below `root`, newest first; [] if there is no such folder."""
    root = root or runs_root()
    if not root.is_dir():
        return []
    folders = [path for path in root.iterdir() if (path / CONFIG).is_file()]
    return [Run(path) for path in sorted(folders, key=lambda path: path.name, reverse=True)]


def find_run(text: str, root: Path | None = None) -> Run:
    """A run by its path, its directory's name or the end of that name.

    Raises RunError if none or several match, and for a bundle, which must not be trained, renamed or deleted as a run.
    """
    if (Path(text) / CONFIG).is_file():
        if not is_run(Path(text)):
            raise RunError(f"“{text}” is a model, not a run. Use `facedemo train --start-from` to fine-tune it.")
        return Run(Path(text))
    return find_one(text, list_runs(root), "run", "facedemo runs")
