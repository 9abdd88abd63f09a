"""Reads images out of a .tar, compressed or not, see `facedemo.data.archives`."""

import bz2
import gzip
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from facedemo.data import source_files
from facedemo.data.archive_limits import TOTAL_LIMIT, UNSAFE_NAME, NameFilter, broken, leads_out
from facedemo.data.source_files import TOO_BIG, Entry, printable, too_much, within_limit


def list_tar(path: Path) -> list[tuple[str, int]] | None:
    """Name and bytes of the files, as the headers say; None for a compressed .tar, which has no list."""
    if _decompressor(path):
        return None
    with _open_tar(path) as archive:
        return [(member.name, member.size) for member in _tar_members(path, archive)]


def read_tar(path: Path, is_needed: NameFilter) -> Iterator[Entry]:
    with _open_tar(path) as archive:
        for member in _tar_members(path, archive):
            name = printable(member.name)
            if not is_needed(member.name):
                continue
            if leads_out(name):
                yield Entry(name, problem=UNSAFE_NAME)
            elif member.size > source_files.MAX_FILE_BYTES:
                yield Entry(name, problem=TOO_BIG)
            elif member.issparse():  # a few bytes of it can stand for any amount of data
                yield Entry(name, problem="sparse files are not supported")
            elif stream := archive.extractfile(member):
                yield within_limit(name, stream.read(source_files.MAX_FILE_BYTES + 1))


@contextmanager
def tar_member(path: Path, name: str) -> Iterator[IO[bytes]]:
    """A member by name, as a stream."""
    with _open_tar(path) as archive:
        member = next(
            candidate
            for candidate in _tar_members(path, archive)
            if candidate.name == name and not candidate.issparse()
        )
        if stream := archive.extractfile(member):
            yield stream


def _tar_members(path: Path, archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    for count, member in enumerate(iter(archive.next, None), 1):
        if count > source_files.MAX_FILES:
            raise too_much(path, f"{source_files.MAX_FILES:,} files")
        archive.members.clear()  # pyright: ignore - undocumented; tarfile would keep every header in memory
        if member.isreg():
            yield member
    if archive.fileobj.last.strip(b"\0"):  # pyright: ignore - a `_ForwardOnly`, see `_open_tar`
        raise tarfile.ReadError("it is truncated, or continues with something else")


@contextmanager
def _open_tar(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with (
            (_decompressor(path) or open)(path, "rb") as stream,
            tarfile.open(fileobj=_ForwardOnly(path, stream), mode="r:") as archive,  # pyright: ignore - it only reads
        ):
            yield archive
    except (tarfile.TarError, OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise broken(path, error) from error


def _decompressor(path: Path) -> Callable[..., BinaryIO] | None:
    openers = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
    with path.open("rb") as stream:
        start = stream.read(6)
    return next((opener for magic, opener in openers.items() if start.startswith(magic)), None)


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
