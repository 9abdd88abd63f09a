"""Small files that one process writes while others read them: replaced atomically, or extended by lines."""

import json
import os
import re
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

TEMPORARY = re.compile(r"\..*\.(\d+)(-[0-9a-f]+)?\.tmp")  # earlier versions used names without a random part


def hidden_name(path: Path) -> Path:
    """An unused name beside `path`, which `remove_abandoned` recognises."""
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")


@contextmanager
def replacing(path: Path, flush: bool = True) -> Iterator[Path]:
    """A hidden path beside `path` to write a file to, which is renamed to `path` if the block succeeds.

    If it fails, the partial file is removed and `path` stays unchanged. Thread-safe: no two calls share a name.  flush:
    whether to wait until the content and then the name are on the disk.
    """
    temporary = hidden_name(path)
    try:
        yield temporary
        if flush:
            flush_file(temporary)
        temporary.replace(path)
    except OSError as error:
        if error.filename == str(temporary):
            error.filename = str(path)  # the name that the user gave
        raise
    finally:
        with suppress(OSError):  # it was never written, or its name is too long
            temporary.unlink()
    if flush:
        flush_names(path.parent)


@contextmanager
def snapshot(path: Path) -> Iterator[Path]:
    """A file as it is now, under a hidden name beside it, even if another process replaces it during the block.

    Raises FileNotFoundError if it does not exist.
    """
    temporary = hidden_name(path)
    os.link(path, temporary)
    try:
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def replace_file(path: Path, content: str | bytes, flush: bool = True) -> None:
    """Writes a file so that a reader sees either the old or the new content, never a part of it.

    flush: as for `replacing`. Use False for files that are written every few seconds and whose loss in a power cut is
    harmless, such as a run's status.
    """
    with replacing(path, flush) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """A hidden folder to fill, which is renamed to `path` if the block succeeds, and removed if it fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=path.parent) as hidden:
        folder = Path(hidden, path.name)
        folder.mkdir()
        yield folder
        flush_folder(folder)
        folder.rename(path)
        flush_names(path.parent)


def overwrite_file(path: Path, content: str) -> None:
    """Overwrites a file in place, which a reader may see half-written; for full disks."""
    with path.open("r+b") as file:
        file.write(content.encode())
        file.truncate()


def append_log(path: Path, line: str) -> None:
    """Appends a line with a timestamp to a log; on a full disk, the line is lost without an error."""
    with suppress(OSError), path.open("a", encoding="utf8") as file:
        file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {line}\n")


def flush_file(path: Path) -> None:
    """Waits until the content of a file is on the disk."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def flush_names(folder: Path) -> None:
    """Waits until the names in a folder are on the disk, if the system supports that."""
    with suppress(OSError):  # Windows cannot open folders, and some network drives cannot flush them
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def flush_folder(folder: Path) -> None:
    """Waits until the files in a folder, and their names, are on the disk."""
    for path in folder.iterdir():
        if path.is_file():
            flush_file(path)
    flush_names(folder)


def remove_abandoned(folder: Path) -> None:
    """Removes temporary files that killed processes of this computer left in a folder."""
    for path in folder.glob(".*.tmp"):
        if (match := TEMPORARY.fullmatch(path.name)) and not alive(int(match[1])):
            path.unlink(missing_ok=True)


def alive(pid: int) -> bool:
    """Whether another process has this ID; this process's own ID was an earlier one's, as happens in containers."""
    return pid != os.getpid() and psutil.pid_exists(pid)


def append_line(path: Path, record: dict[str, Any]) -> None:
    """Appends one JSON line; a line left half-written by a killed process is terminated first."""
    with path.open("a+b") as file:
        if file.tell() > 0:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write(json.dumps(record).encode() + b"\n")


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The complete JSON objects of a file, in order; [] if it is missing or unreadable."""
    try:
        text = path.read_text("utf8", errors="replace")
    except OSError:
        return []
    records = []
    for line in text.splitlines(keepends=True):
        try:
            record = json.loads(line) if line.endswith("\n") else None
        except (ValueError, RecursionError):
            record = None
        if isinstance(record, dict):
            records.append(record)
    return records


def stats_below(folder: Path) -> Iterator[os.stat_result]:
    """Size, time and more of every file below a folder, without those that disappear meanwhile."""
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                yield Path(parent, name).stat()


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file; {} if it is missing or damaged."""
    try:
        content = json.loads(path.read_text("utf8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
