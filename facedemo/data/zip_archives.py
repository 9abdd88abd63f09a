"""Reads images out of a .zip, see `facedemo.data.archives`."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from facedemo.data import source_files
from facedemo.data.archive_limits import TOTAL_LIMIT, UNSAFE_NAME, NameFilter, broken, leads_out
from facedemo.data.source_files import (
    TOO_BIG,
    DataError,
    Entry,
    is_image_name,
    printable,
    source_label,
    too_much,
    within_limit,
)

MAX_ZIP_RATIO = 200  # photographs hardly compress at all; deflate's own limit is 1,032
# for other compression methods, zipfile does not limit how much one read returns
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def is_zip(path: Path) -> bool:
    # zipfile.is_zipfile would also accept a tar that happens to end with a zip
    with path.open("rb") as stream:
        return stream.read(4) in (b"PK\x03\x04", b"PK\x05\x06")


def list_zip(path: Path) -> list[tuple[str, int]]:
    """Name and bytes of the files, as the headers say."""
    with _open_zip(path) as archive:
        return [(_slashes(member.filename), member.file_size) for member in _zip_members(path, archive)]


def count_zip(path: Path) -> int:
    with _open_zip(path) as archive:
        return sum(is_image_name(_slashes(member.filename)) for member in _zip_members(path, archive))


def read_zip(path: Path, is_needed: NameFilter) -> Iterator[Entry]:
    total = 0
    with _open_zip(path) as archive:
        for member in _zip_members(path, archive):
            if not is_needed(_slashes(member.filename)):
                continue
            entry = _read_zip_member(path, archive, member)
            total += len(entry.data)
            if total > source_files.MAX_TOTAL_BYTES:
                raise too_much(path, TOTAL_LIMIT)
            yield entry


def _read_zip_member(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Entry:
    name = printable(_slashes(member.filename))
    if member.flag_bits & 0x1:
        raise DataError(f"{source_label(path)} is protected by a password. Unpack it first and choose the folder.")
    if leads_out(name):
        return Entry(name, problem=UNSAFE_NAME)
    if member.file_size > source_files.MAX_FILE_BYTES:
        return Entry(name, problem=TOO_BIG)
    if member.file_size > MAX_ZIP_RATIO * max(member.compress_size, 1):
        return Entry(name, problem="suspiciously high compression ratio")
    if member.compress_type not in METHODS:
        return Entry(name, problem="unsupported compression method")
    try:
        with archive.open(member) as stream:
            return within_limit(name, stream.read(source_files.MAX_FILE_BYTES + 1))
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError):
        return Entry(name, problem="damaged in the archive")


@contextmanager
def zip_member(path: Path, name: str) -> Iterator[IO[bytes]]:
    """A member by name, as a stream.  Raises DataError if it may not be read."""
    with _open_zip(path) as archive:
        member = next(info for info in archive.infolist() if _slashes(info.filename) == name)
        if member.compress_type not in METHODS:
            raise DataError(f"{source_label(path)} contains {printable(name)} with an unsupported compression method.")
        if member.file_size > MAX_ZIP_RATIO * max(member.compress_size, 1):
            raise DataError(f"{source_label(path)} contains {printable(name)} compressed at a suspiciously high ratio.")
        with archive.open(member) as stream:
            yield stream


def _zip_members(path: Path, archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > source_files.MAX_FILES:
        raise too_much(path, f"{source_files.MAX_FILES:,} files")
    return sorted(members, key=lambda member: member.filename)


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise broken(path, error) from error


def _slashes(name: str) -> str:
    return name.replace("\\", "/")
