"""Reads images out of a .zip or .tar, one at a time.

Archives are treated as hostile: members are read into memory and never extracted, their names are never used as paths,
and sizes in headers are not trusted.
"""

import bz2
import gzip
import lzma
import re
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from facedemo.data import source_files
from facedemo.data.source_files import (
    OPENED_ENDINGS,
    TOO_BIG,
    DataError,
    Entry,
    file_names,
    is_hidden,
    is_image_name,
    no_images,
    printable,
    shown,
    too_much,
    why_passed_over,
    within_limit,
)

MAX_ZIP_RATIO = 200  # photographs hardly compress at all; deflate's own limit is 1,032

UNSAFE_NAME = "its path leads outside the archive"
TOTAL_LIMIT = f"{source_files.MAX_TOTAL_BYTES >> 30} GB unpacked"


Wanted = Callable[[str], bool]
Note = Callable[[str, str], None]  # (name, reason) of a skipped member


def read_images(path: Path, note: Note = lambda name, reason: None) -> Iterator[Entry]:
    """Reads the images of an archive; if it holds none, those of the archives in it, which are opened one level deep.

    Raises DataError as `read_archive` does; the limits also apply to the inner archives.
    """
    inner: list[str] = []
    empty = True

    def wanted(name: str) -> bool:
        if is_archive_name(name):
            inner.append(name)
        elif not is_image_name(name):
            note(name, why_passed_over(name))
        return is_image_name(name)

    for entry in read_archive(path, wanted):
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
    with tempfile.TemporaryDirectory(prefix="facedemo-") as folder:
        copy = Path(folder, re.sub(r"[^\w.-]", "_", name, flags=re.ASCII)[-80:])
        with copy.open("wb") as out, _member(path, name) as stream:
            left = source_files.MAX_TOTAL_BYTES
            while piece := stream.read(1 << 20):
                left -= len(piece)
                if left < 0:
                    raise too_much(path, TOTAL_LIMIT)
                out.write(piece)
        yield copy


@contextmanager
def _member(path: Path, name: str) -> Iterator[IO[bytes]]:
    """A member of an archive by name, as a stream."""
    try:
        if _is_zip(path):
            with _open_zip(path) as archive:
                member = next(one for one in archive.infolist() if _slashes(one.filename) == name)
                if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise DataError(f"{shown(path)} contains {printable(name)} with an unsupported compression method.")
                if member.file_size > MAX_ZIP_RATIO * max(member.compress_size, 1):
                    raise DataError(
                        f"{shown(path)} contains {printable(name)} compressed at a suspiciously high ratio."
                    )
                with archive.open(member) as stream:
                    yield stream
        else:
            with _open_tar(path) as archive:
                member = next(one for one in _tar_members(path, archive) if one.name == name and not one.issparse())
                if stream := archive.extractfile(member):
                    yield stream
    except (zipfile.BadZipFile, zlib.error, StopIteration, RuntimeError, NotImplementedError) as error:
        raise _broken(path, error) from error


def read_archive(path: Path, wanted: Wanted = is_image_name) -> Iterator[Entry]:
    """Reads the wanted members of a .zip or .tar in the order of the archive (.zip: of the names).

    Members that exceed a limit have a problem instead of data; links and devices are skipped.  Raises DataError if the
    archive as a whole is unreadable, encrypted or beyond the limits.
    """
    return _read_zip(path, wanted) if _is_zip(path) else _read_tar(path, wanted)


def count_archive(path: Path) -> int | None:
    """The number of images in an archive; None if it is only known after reading the whole archive.

    That is the case for a compressed .tar, and for an archive that contains other archives and no images.
    """
    members = list_members(path)
    if members is None:
        return None
    names = [name for name, _ in members]
    if total := sum(map(is_image_name, names)):
        return total
    if any(map(is_archive_name, names)):
        return None
    raise no_images(path)


def list_members(path: Path) -> list[tuple[str, int]] | None:
    """Name and bytes of the files in an archive, as its headers say; None for a compressed .tar, which has no list."""
    if _is_zip(path):
        with _open_zip(path) as archive:
            return [(_slashes(member.filename), member.file_size) for member in _zip_members(path, archive)]
    if _decompressor(path):
        return None
    with _open_tar(path) as archive:
        return [(member.name, member.size) for member in _tar_members(path, archive)]


def _start(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(6)


def _is_zip(path: Path) -> bool:
    # zipfile.is_zipfile would also accept a tar that happens to end with a zip
    return _start(path).startswith((b"PK\x03\x04", b"PK\x05\x06"))


def _zip_members(path: Path, archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > source_files.MAX_FILES:
        raise too_much(path, f"{source_files.MAX_FILES:,} files")
    return sorted(members, key=lambda member: member.filename)


def count_zip(path: Path) -> int:
    with _open_zip(path) as archive:
        return sum(is_image_name(_slashes(member.filename)) for member in _zip_members(path, archive))


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _broken(path, error) from error


def _read_zip(path: Path, wanted: Wanted) -> Iterator[Entry]:
    total = 0
    with _open_zip(path) as archive:
        for member in _zip_members(path, archive):
            if not wanted(_slashes(member.filename)):
                continue
            entry = _read_zip_member(path, archive, member)
            total += len(entry.data)
            if total > source_files.MAX_TOTAL_BYTES:
                raise too_much(path, TOTAL_LIMIT)
            yield entry


def _read_zip_member(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Entry:
    name = printable(_slashes(member.filename))
    if member.flag_bits & 0x1:
        raise DataError(f"{shown(path)} is protected by a password. Unpack it first and choose the folder.")
    if _leads_out(name):
        return Entry(name, problem=UNSAFE_NAME)
    if member.file_size > source_files.MAX_FILE_BYTES:
        return Entry(name, problem=TOO_BIG)
    if member.file_size > MAX_ZIP_RATIO * max(member.compress_size, 1):
        return Entry(name, problem="suspiciously high compression ratio")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # for other compression methods, zipfile does not limit how much one read returns
        return Entry(name, problem="unsupported compression method")
    try:
        with archive.open(member) as stream:
            return within_limit(name, stream.read(source_files.MAX_FILE_BYTES + 1))
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError):
        return Entry(name, problem="damaged in the archive")


class _ForwardOnly:
    """A stream for tarfile that refuses to seek backwards, to read very much at once, or to exceed the total limit.

    Crafted headers can make tarfile loop, or hold gigabytes of "extended header" in memory.  last: the beginning of the
    last block read; tarfile treats any block that is not a header as the end of the archive.
    """

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self._path, self._stream, self.last = path, stream, b""

    def tell(self) -> int:
        return self._stream.tell()

    def seek(self, position: int) -> int:
        if position < self._stream.tell():
            raise tarfile.ReadError("headers point backwards")
        if position > source_files.MAX_TOTAL_BYTES:
            raise too_much(self._path, TOTAL_LIMIT)
        return self._stream.seek(position)

    def read(self, count: int) -> bytes:
        if count > source_files.MAX_FILE_BYTES + (1 << 20):
            raise tarfile.ReadError("a header claims an absurd size")
        if self._stream.tell() + count > source_files.MAX_TOTAL_BYTES:
            raise too_much(self._path, TOTAL_LIMIT)
        data = self._stream.read(count)
        self.last = data[: tarfile.BLOCKSIZE]
        return data


def _decompressor(path: Path) -> Callable[..., BinaryIO] | None:
    openers = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
    return next((opener for magic, opener in openers.items() if _start(path).startswith(magic)), None)


@contextmanager
def _open_tar(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with (
            (_decompressor(path) or open)(path, "rb") as stream,
            tarfile.open(fileobj=_ForwardOnly(path, stream), mode="r:") as archive,  # pyright: ignore - it only reads
        ):
            yield archive
    except (tarfile.TarError, OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise _broken(path, error) from error


def _tar_members(path: Path, archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    for count, member in enumerate(iter(archive.next, None), 1):
        if count > source_files.MAX_FILES:
            raise too_much(path, f"{source_files.MAX_FILES:,} files")
        archive.members.clear()  # pyright: ignore - undocumented; tarfile would keep every header in memory
        if member.isreg():
            yield member
    if archive.fileobj.last.strip(b"\0"):  # pyright: ignore - a `_ForwardOnly`, see `_open_tar`
        raise tarfile.ReadError("it is truncated, or continues with something else")


def _read_tar(path: Path, wanted: Wanted) -> Iterator[Entry]:
    with _open_tar(path) as archive:
        for member in _tar_members(path, archive):
            name = printable(member.name)
            if not wanted(member.name):
                continue
            if _leads_out(name):
                yield Entry(name, problem=UNSAFE_NAME)
            elif member.size > source_files.MAX_FILE_BYTES:
                yield Entry(name, problem=TOO_BIG)
            elif member.issparse():  # a few bytes of it can stand for any amount of data
                yield Entry(name, problem="sparse files are not supported")
            elif stream := archive.extractfile(member):
                yield within_limit(name, stream.read(source_files.MAX_FILE_BYTES + 1))


def _slashes(name: str) -> str:
    return name.replace("\\", "/")


def _leads_out(name: str) -> bool:
    return name.startswith("/") or name[1:2] == ":" or ".." in PurePosixPath(name).parts


def _broken(path: Path, error: Exception) -> DataError:
    return DataError(
        f"{file_names(path)} is not a folder, a .zip or a .tar of images, or it is damaged ({error}). If you "
        "downloaded it, download it again; unpack other kinds of archives first."
    )
