"""Tolerant readers for the files that a training process writes: a damaged record affects nothing but itself.

A file can be truncated, copied from elsewhere, or saved again by a spreadsheet or an editor.
"""

import csv
import math
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast, get_args

from facedemo.config.schedule import SettingChange
from facedemo.storage.atomic import read_lines

VERSION = 1  # of the lines with commands and setting changes
Action = Literal["stop", "pause", "continue", "set"]
Numbers = dict[str, float]


class Metrics(NamedTuple):
    """A metrics.csv.  whole: whether every complete line could be read."""

    columns: list[str]
    rows: list[list[float]]
    whole: bool


def read_metrics(path: Path) -> Metrics:
    """The complete rows of a metrics.csv; without columns if it is missing, or its header has no iteration column."""
    try:
        text = path.read_text("utf8", errors="replace")
        header, *lines = list(csv.reader(text[: text.rfind("\n") + 1].splitlines())) or [[]]
    except OSError:
        return Metrics([], [], True)
    except csv.Error:
        return Metrics([], [], False)
    if "step" not in header or len(set(header)) < len(header):
        return Metrics([], [], not text)
    # a row with an empty cell is complete, but lacks a metric of another version of the family
    lines = [line for line in lines if line and (all(line) or len(line) != len(header))]
    rows = [row for row in map(numbers, lines) if len(row) == len(header)]
    return Metrics(header, rows, len(rows) == len(lines))


def numbers(line: Sequence[str]) -> list[float]:
    """The cells of a row as numbers; [] if one of them is not a number."""
    try:
        return [float(cell) for cell in line]
    except ValueError:
        return []


def setting_changes(records: Any) -> list[SettingChange]:
    """The setting changes among some records, ordered by iteration."""
    changes = [
        SettingChange(record["step"], record["changes"], str(record.get("command", "")))
        for record in (records if isinstance(records, list) else [])
        if isinstance(record, dict) and is_count(record.get("step")) and are_changes(record.get("changes"))
    ]
    return sorted(changes, key=lambda change: change.step)


@dataclass(frozen=True)
class Command:
    """A command to a training process.  id: unique; in files of earlier versions, the number of its line."""

    action: Action
    id: str
    changes: dict[str, float] = field(default_factory=dict)  # of the action "set"

    def as_record(self) -> dict[str, Any]:
        changes = {"changes": self.changes} if self.action == "set" else {}
        return {"version": VERSION, "id": self.id, "action": self.action, "time": time.time(), **changes}


def new_command(action: Action, changes: dict[str, float] | None = None) -> Command:
    return Command(action, uuid.uuid4().hex, changes or {})


def read_commands(path: Path) -> list[Command]:
    """The commands to a training process; those that cannot be understood are left out."""
    commands = []
    for number, record in enumerate(read_lines(path)):
        action = record.get("action", record.get("do"))  # do: in files of earlier versions
        changes = record.get("changes", {})
        if action in get_args(Action) and are_changes(changes) and (action != "set" or "changes" in record):
            commands.append(
                Command(cast(Action, action), str(record.get("id", number)), changes if action == "set" else {})
            )
    return commands


def is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def are_changes(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(number, int | float) and not isinstance(number, bool) and math.isfinite(number)
        for number in value.values()
    )


def set_aside(path: Path) -> str:
    """Renames a damaged file, so that a new one can take its place; returns the new name."""
    number, target = 1, path.with_name(f"{path.name}.damaged")
    while target.exists():
        number += 1
        target = path.with_name(f"{path.name}.damaged-{number}")
    path.rename(target)
    return target.name


def unused_lines(path: Path, used: int) -> int:
    """The number of lines of a file of JSON objects that are not among the `used` ones."""
    try:
        return sum(1 for line in path.read_bytes().splitlines() if line.strip()) - used
    except OSError:
        return 0
