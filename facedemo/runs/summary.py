"""A summary of a run in one row, even if its files are damaged. Imports no torch."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facedemo.gans.registry import config_class
from facedemo.runs.run import MARKS, METRICS, Run
from facedemo.storage.atomic import read_lines, read_object
from facedemo.storage.locations import CONFIG
from facedemo.storage.process_status import Status

TAIL = 1 << 16  # bytes, more than the longest row of metrics


@dataclass(frozen=True)
class Facts:
    """A run in one row; None and "" for unknown values."""

    run: Run
    name: str
    family: str
    size: int | None  # side of the images in pixels
    gamma: float | None  # the current value, including changes during training
    status: Status
    measure: str  # the last value of the progress metric, as "M 0.124"
    started: str  # as "2026-11-23 23:36"
    notes: str
    race: str = ""  # directory of the race in progress that will train it

    def fits(self, search: str) -> bool:
        """Whether its name, directory, family, state or notes contain all of the words."""
        return holds(search, self.name, self.run.id, self.family, self.status.state, self.notes)


def holds(search: str, *texts: str) -> bool:
    """Whether the texts contain all of the words, ignoring case."""
    text = " ".join(texts).casefold()
    return all(word in text for word in search.casefold().split())


def run_facts(run: Run) -> Facts:
    """Reads the files of a run; never raises."""
    settings = read_object(run.path / CONFIG)
    family, model = settings.get("family"), settings.get("model")
    model = model if isinstance(model, dict) else {}
    size, gamma = model.get("size"), steered(run).get("gamma", model.get("gamma"))
    stamp = run.id[:17]
    dated = stamp[:10].replace("-", "").isdigit() and stamp[11:15].isdigit()
    return Facts(
        run=run,
        name=run.name,
        family=family if isinstance(family, str) else "",
        size=size if isinstance(size, int) else None,
        gamma=float(gamma) if isinstance(gamma, int | float) else None,
        status=run.status,
        measure=progress_text(family, last_row(run.path / METRICS)),
        started=f"{stamp[:10]} {stamp[11:13]}:{stamp[13:15]}" if dated else "",
        notes=run.notes,
    )


def steered(run: Run) -> dict[str, Any]:
    """The settings that were changed during training, with their last values."""
    changed: dict[str, Any] = {}
    for change in read_lines(run.path / MARKS):
        changes = change.get("changes")
        changed |= changes if isinstance(changes, dict) else {}
    return changed


def last_row(path: Path) -> dict[str, str]:
    """The last complete row of a metrics.csv, unparsed, read from the file's end; {} if there is none."""
    try:
        with path.open("rb") as file:
            header = file.readline()
            start = file.tell()
            file.seek(max(start, file.seek(0, os.SEEK_END) - TAIL))
            rest = file.read()
    except OSError:
        return {}
    whole = rest[: rest.rfind(b"\n") + 1].splitlines()
    if not whole:
        return {}
    names, values = (line.decode("utf8", errors="replace").strip().split(",") for line in (header, whole[-1]))
    return dict(zip(names, values, strict=True)) if len(names) == len(values) else {}


def progress_text(family: Any, row: dict[str, str]) -> str:
    """ "M 0.124"; "" if the family has no progress metric, or the row lacks it."""
    try:
        progress = config_class(family).progress
        return f"{progress[1]} {float(row[progress[0]]):.3f}" if progress else ""
    except (KeyError, ValueError, TypeError):
        return ""
