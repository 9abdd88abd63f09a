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

import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facedemo.config.schema import Budget, RunConfig, in_words
from facedemo.runs import records
from facedemo.runs.directory import STATUS, ProcessDirectory, RunError, find_one
from facedemo.storage.atomic import read_lines, read_object, replace_file
from facedemo.storage.locations import CONFIG, WEIGHTS, runs_root

METRICS, MARKS = "metrics.csv", "marks.jsonl"


@dataclass(frozen=True)
class Run(ProcessDirectory):
    """A run directory, for reading it and for asking things of its training."""

    worker = "facedemo.training.worker"

    @property
    def name(self) -> str:
        """The name its user gave it, or else the directory's."""
        return str(read_object(self.path / CONFIG).get("name") or self.id)

    @property
    def config(self) -> RunConfig:
        """The settings the run was started with.  Raises RunError where they are missing or damaged."""
        try:
            return RunConfig.model_validate_json((self.path / CONFIG).read_text("utf8"))
        except OSError as error:
            raise RunError(f"“{self.id}” is no run directory: it has no readable config.json.") from error
        except ValueError as error:
            raise RunError(f"The config.json of “{self.id}” is damaged: {in_words(error)}") from error

    def metrics(self) -> dict[str, list[float]]:
        """The columns of metrics.csv, complete rows only; {} before the first one, or if it is damaged."""
        columns, rows, _ = records.read_metrics(self.path / METRICS)
        return dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True)) if rows else {}

    def marks(self) -> list[dict[str, Any]]:
        """Settings changed while it trained: {"step", "changes", "command"} each, by iteration."""
        return records.marks(read_lines(self.path / MARKS))

    def samples(self) -> dict[int, Path]:
        """Iteration → its sample grid, in order."""
        found = (self.path / "samples").glob("*.png")
        return {int(path.stem): path for path in sorted(found) if path.stem.isdigit()}

    def checkpoints(self) -> list[Path]:
        """Full-state checkpoints, newest first."""
        return sorted((self.path / "checkpoints").glob("[0-9]*.ckpt"), reverse=True)

    @property
    def notes(self) -> str:
        return self.text("notes.md")

    def write_notes(self, text: str) -> None:
        """Raises RunError where the run is gone."""
        if not self.path.is_dir():
            raise RunError(f"“{self.id}” is no longer there.")
        replace_file(self.path / "notes.md", text)

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

    def extend(self, budget: Budget) -> None:
        """Replaces the budget of a run that is not training.  Raises RunError for one that is."""
        with self.exclusive("The budget cannot be changed while the run trains. Stop it first."):
            config = self.config.model_copy(update={"budget": budget})
            replace_file(self.path / CONFIG, config.model_dump_json(indent=2))


def create_run(config: RunConfig, root: Path | None = None) -> Run:
    """A new, numbered run directory that holds its config; its training is started with `launch`, or by the worker."""
    root = root or runs_root()
    stamp = time.strftime("%Y-%m-%d-%H%M%S")
    path = root / f"{stamp}-{config.family}-{secrets.token_hex(2)}"
    path.mkdir(parents=True)
    for folder in ("samples", "checkpoints"):
        (path / folder).mkdir()
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
    return find_one(text, list_runs(root), "run", "facedemo runs")
