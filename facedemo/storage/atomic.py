"""Small files that one process writes while others read: whole, replaced at once, or grown by lines."""

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

TEMPORARY = re.compile(r"\..*\.(\d+)(-[0-9a-f]+)?\.tmp")  # earlier versions wrote them without a random part


@contextmanager
def replacing(path: Path, flush: bool = True) -> Iterator[Path]:
    """A hidden path beside `path` to write a file to, which is renamed to `path` if the block ends well.

    If it fails, the partial file is removed and `path` stays as it was.  Safe for threads: no two calls share a name.
    flush: whether the content, and then its name, reach the disk before this returns.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        yield temporary
        if flush:
            flush_file(temporary)
        temporary.replace(path)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()
    if flush:
        flush_names(path.parent)


def replace_file(path: Path, content: str | bytes, flush: bool = True) -> None:
    """Writes a file so that a reader sees the old content or the new, never a part.

    flush: as `replacing` takes it.  False is for files that are written every few seconds and whose loss in a power cut
    does no harm, such as a run's status.
    """
    with replacing(path, flush) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """A folder of the same name to fill, which becomes `path` if the block ends well, and is removed if it fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=path.parent) as hidden:
        folder = Path(hidden, path.name)
        folder.mkdir()
        yield folder
        flush_folder(folder)
        folder.rename(path)
        flush_names(path.parent)


def overwrite_file(path: Path, content: str) -> None:
    """Writes over a file in place, which a reader may see half done: for a disk that is full."""
    with path.open("r+b") as file:
        file.write(content.encode())
        file.truncate()


def append_words(path: Path, words: str) -> None:
    """Appends a line with the time to a log; on a full disk it is lost, which must not end what was logged."""
    with suppress(OSError), path.open("a", encoding="utf8") as file:
        file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {words}\n")


def flush_file(path: Path) -> None:
    """Waits until the content of a file is on the disk."""
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def flush_names(folder: Path) -> None:
    """Waits until the names in a folder are on the disk, if the system can do that."""
    with suppress(OSError):  # Windows opens no folders, and some network drives do not flush them
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
    """Removes the temporary files in a folder that processes of this computer left when they were killed."""
    for path in folder.glob(".*.tmp"):
        if (found := TEMPORARY.fullmatch(path.name)) and not alive(int(found[1])):
            path.unlink(missing_ok=True)


def alive(pid: int) -> bool:
    """Whether another process has this number: this process's own was an earlier one's, as happens in containers."""
    return pid != os.getpid() and psutil.pid_exists(pid)


def append_line(path: Path, record: dict[str, Any]) -> None:
    """Appends one JSON line; a line that a killed process left half-written is closed first."""
    with path.open("a+b") as file:
        if file.tell() > 0:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")
        file.write(json.dumps(record).encode() + b"\n")


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The complete JSON objects of a file, in order; [] if it is missing or cannot be read."""
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


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file; {} if it is missing or damaged."""
    try:
        found = json.loads(path.read_text("utf8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
