"""Small files that one process writes while others read: whole, replaced at once, or grown by lines."""

import json
import os
from pathlib import Path
from typing import Any


def replace_file(path: Path, content: str | bytes) -> None:
    """Writes a file so that a reader sees the old content or the new, never a part."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def append_line(path: Path, record: dict[str, Any]) -> None:
    """Appends one JSON line; a line that a killed process left half-written is closed first."""
    with path.open("a+b") as file:
        if file.tell() > 0:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write(json.dumps(record).encode() + b"\n")


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The complete JSON objects of a file, in order; [] where there is no file."""
    if not path.exists():
        return []
    records = []
    for line in path.read_text("utf8", errors="replace").splitlines(keepends=True):
        try:
            record = json.loads(line) if line.endswith("\n") else None
        except json.JSONDecodeError:
            record = None
        if isinstance(record, dict):
            records.append(record)
    return records


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file; {} where there is none, or it is damaged."""
    try:
        found = json.loads(path.read_text("utf8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
