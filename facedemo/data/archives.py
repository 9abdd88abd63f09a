"""Reads images out of a .zip or .tar, one at a time.

Archives are treated as hostile: members are read into memory and never extracted, their names are never used as paths,
and sizes in headers are not trusted.
"""

import os
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from facedemo.data import source_files
from facedemo.data.archive_limits import TOTAL_LIMIT, NameFilter, broken
from facedemo.data.source_files import (
    OPENED_ENDINGS,
    DataError,
    Entry,
    is_hidden,
    is_image_name,
    no_images,
    printable,
    source_label,
    too_much,
    why_passed_over,
)
from facedemo.data.tar_archives import list_tar, read_tar, tar_member
from facedemo.data.zip_archives import is_zip, list_zip, read_zip, zip_member

Note = Callable[[str, str], None]  # (name, reason) of a skipped member


def read_images(path: Path, note: Note = lambda name, reason: None) -> Iterator[Entry]:
    """Reads the images of an archive; if it holds none, those of the archives in it, which are opened one level deep.

    Raises DataError as `read_archive` does; the limits also apply to the inner archives.
    """
    inner: list[str] = []
    empty = True

    def is_needed(name: str) -> bool:
        if is_archive_name(name):
            inner.append(name)
        elif not is_image_name(name):
            note(name, why_passed_over(name))
        return is_image_name(name)

    for entry in read_archive(path, is_needed):
        empty = False
        yield entry
    for name in inner:
        if not empty:
            note(name, "an archive beside images")
            continue
        with _copied_out(path, name) as copy:
            for entry in read_archive(copy, is_image_name):
                yield entry._replace(name=f"{printable(name)}/{entry.name}")


def is_archive_name(name: str) -> bool:
    return name.lower().endswith(OPENED_ENDINGS) and not is_hidden(name)


@contextmanager
def _copied_out(path: Path, name: str) -> Iterator[Path]:
    """A temporary copy of an archive's member, under our own name, for the duration of the block."""
    _remove_abandoned_copies()
    with tempfile.TemporaryDirectory(prefix=f"facedemo-{os.getpid()}-") as folder:
        copy = Path(folder, re.sub(r"[^\w.-]", "_", name, flags=re.ASCII)[-80:])
        member = zip_member if is_zip(path) else tar_member
        try:
            with _explained(path, name), copy.open("wb") as out, member(path, name) as stream:
                left = source_files.MAX_TOTAL_BYTES
                while piece := stream.read(1 << 20):
                    left -= len(piece)
                    if left < 0:
                        raise too_much(path, TOTAL_LIMIT)
                    with _explained(path, name):  # here, because the outer archive would take it for damage
                        out.write(piece)
        except (zipfile.BadZipFile, zlib.error, StopIteration, RuntimeError, NotImplementedError) as error:
            raise broken(path, error) from error
        yield copy


@contextmanager
def _explained(path: Path, name: str) -> Iterator[None]:
    """Raises DataError if a member of an archive cannot be written to the temporary folder."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"The archive {printable(name)} in {source_label(path)} cannot be unpacked to {tempfile.gettempdir()} "
            f"({error.strerror or error}). Free some space there, or unpack the archive yourself."
        ) from error


def _remove_abandoned_copies() -> None:
    """Removes the copies that killed processes left."""
    for folder in Path(tempfile.gettempdir()).glob("facedemo-*-*"):
        pid = folder.name.split("-")[1]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


def read_archive(path: Path, is_needed: NameFilter = is_image_name) -> Iterator[Entry]:
    """Reads the needed members of a .zip or .tar in the order of the archive (.zip: of the names).

    Members that exceed a limit have a problem instead of data; links and devices are skipped.  Raises DataError if the
    archive as a whole is unreadable, encrypted or beyond the limits.
    """
    return read_zip(path, is_needed) if is_zip(path) else read_tar(path, is_needed)


def count_archive(path: Path) -> int | None:
    """The number of images in an archive; None if it is only known after reading all of it, as in `list_files`."""
    members = list_files(path)
    if members is None:
        return None
    if total := sum(is_image_name(name) for name, _ in members):
        return total
    raise no_images(path)


def list_files(path: Path) -> list[tuple[str, int]] | None:
    """Name and bytes of the files in an archive; None if they are only known after reading all of it.

    That is the case for a compressed .tar, and for an archive that contains other archives and no images.
    """
    members = list_members(path)
    names = [name for name, _ in members or []]
    only_archives = any(map(is_archive_name, names)) and not any(map(is_image_name, names))
    return None if only_archives else members


def list_members(path: Path) -> list[tuple[str, int]] | None:
    """Name and bytes of the files in an archive, as its headers say; None for a compressed .tar, which has no list."""
    return list_zip(path) if is_zip(path) else list_tar(path)
