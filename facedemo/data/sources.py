"""Where images come from: a folder, a .zip or .tar of one, or a CelebA folder, read one file at a time.

Archives are treated as hostile. Members are read into memory and never extracted, a member's name is never used as a
path, and no size that a header claims is trusted.
"""

import bz2
import gzip
import hashlib
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif"})
ARCHIVE_SUFFIXES = frozenset({".zip", ".tar", ".tgz", ".gz", ".xz", ".bz2", ".7z", ".rar"})
CELEBA_ZIP = "img_align_celeba.zip"

MAX_FILES = 1_000_000
MAX_FILE_BYTES = 64 << 20
MAX_TOTAL_BYTES = 64 << 30
MAX_ZIP_RATIO = 200  # photographs hardly compress at all; deflate's own limit is 1,032

TOO_BIG = "larger than 64 MB"
NOT_OPENED = "could not be opened"
TOTAL_LIMIT = f"{MAX_TOTAL_BYTES >> 30} GB unpacked"
UNSAFE_NAME = "its path leads out of the archive"


class DataError(ValueError):
    """A message a user can act on: what is wrong with the data and what to do about it."""


class Entry(NamedTuple):
    """One file of a source: its bytes, or the reason in plain words why they are not given."""

    name: str
    data: bytes = b""
    problem: str = ""


@dataclass(frozen=True)
class Source:
    """An opened source of images.

    digest: changes with the content.  count: how many images, None where only reading to the end would tell; DataError
    where there are none.  read: starts a pass over the images, always in the same order.
    """

    digest: str
    count: Callable[[], int | None]
    read: Callable[[], Iterator[Entry]]


def open_source(path: Path) -> Source:
    """Opens a folder (searched recursively), a .zip, or a .tar (also .gz, .bz2, .xz) of images.

    Raises DataError where path is missing or none of these; what is inside is looked at when it is counted or read.
    """
    if path.is_dir():
        files = _list_folder(path)
        digest = _digest_folder(path, files)
        return Source(digest, lambda: _count_folder(path, files), lambda: _read_folder(path, files))
    if not path.is_file():
        raise DataError(f"There is no file or folder {path}. Check the path.")
    return Source(_digest_file(path), lambda: count_archive(path), lambda: read_archive(path))


def is_image_name(name: str) -> bool:
    """Whether name looks like an image that someone put there on purpose: not hidden, nor a Mac's resource fork."""
    path = PurePosixPath(name)
    hidden = any(part == "__MACOSX" or (part.startswith(".") and part != "..") for part in path.parts)
    return path.suffix.lower() in IMAGE_SUFFIXES and not hidden


def read_archive(path: Path, wanted: Callable[[str], bool] = is_image_name) -> Iterator[Entry]:
    """Reads the wanted members of a .zip or .tar in the order of the archive (.zip: of the names).

    Members that break a limit come with a problem instead of data; links and devices are passed over.
    Raises DataError where the archive as a whole is unreadable, encrypted or beyond the limits.
    """
    return _read_zip(path, wanted) if _is_zip(path) else _read_tar(path, wanted)


def count_archive(path: Path) -> int | None:
    """The number of images in an archive, None for a compressed .tar: counting would decompress it all."""
    if _is_zip(path):
        total = _count_zip(path)
    elif _decompressor(path):
        return None
    else:
        with _open_tar(path) as archive:
            total = sum(is_image_name(member.name) for member in _tar_members(path, archive))
    if total == 0:
        raise _no_images(path)
    return total


def read_file(path: Path, name: str) -> Entry:
    """Reads one file that is to be shown under name, unless it is larger than any image or list should be."""
    try:
        if not path.is_file():  # reading a named pipe would wait for ever
            return Entry(name, problem=NOT_OPENED)
        with path.open("rb") as stream:
            return _within_limit(name, stream.read(MAX_FILE_BYTES + 1))
    except OSError:
        return Entry(name, problem=NOT_OPENED)


def _digest_file(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "blake2b").hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.") from error


def _digest_folder(root: Path, files: list[Path]) -> str:
    digest = hashlib.blake2b()
    for path in files:
        state = path.stat() if path.exists() else None
        size, changed = (state.st_size, state.st_mtime_ns) if state else (0, 0)
        digest.update(os.fsencode(f"{path.relative_to(root).as_posix()}\0{size}\0{changed}\n"))
    return digest.hexdigest()


def _count_folder(root: Path, files: list[Path]) -> int:
    total = sum(_count_zip(path) if path.name == CELEBA_ZIP else 1 for path in files)
    if total == 0:
        archives = sorted(child.name for child in root.iterdir() if child.suffix.lower() in ARCHIVE_SUFFIXES)
        hint = f" It does hold {', '.join(archives[:3])}: choose that file itself." if archives else ""
        raise _no_images(root, hint)
    return total


def _list_folder(root: Path) -> list[Path]:
    files: list[tuple[str, Path]] = []
    for folder, folders, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            relative = path.relative_to(root).as_posix()
            # the official distribution ships the images zipped; once someone unzipped them, the zip is a second copy
            packed = name == CELEBA_ZIP and Path(name).stem not in folders
            if packed or is_image_name(relative):
                files.append((relative, path))
        if len(files) > MAX_FILES:
            raise _too_much(root, f"{MAX_FILES:,} files")
    return [path for _, path in sorted(files)]


def _read_folder(root: Path, files: list[Path]) -> Iterator[Entry]:
    for path in files:
        name = path.relative_to(root).as_posix()
        if path.name == CELEBA_ZIP:
            for entry in read_archive(path):
                yield entry._replace(name=f"{_printable(name)}/{entry.name}")
        else:
            yield read_file(path, _printable(name))


def _start(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(6)


def _is_zip(path: Path) -> bool:
    # not by zipfile.is_zipfile, which also takes a tar that happens to end with a zip
    return _start(path).startswith((b"PK\x03\x04", b"PK\x05\x06"))


def _zip_members(path: Path, archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > MAX_FILES:
        raise _too_much(path, f"{MAX_FILES:,} files")
    return sorted(members, key=lambda member: member.filename)


def _count_zip(path: Path) -> int:
    with _open_zip(path) as archive:
        return sum(is_image_name(_slashes(member.filename)) for member in _zip_members(path, archive))


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _broken(path, error) from error


def _read_zip(path: Path, wanted: Callable[[str], bool]) -> Iterator[Entry]:
    total = 0
    with _open_zip(path) as archive:
        for member in _zip_members(path, archive):
            if not wanted(_slashes(member.filename)):
                continue
            entry = _read_zip_member(path, archive, member)
            total += len(entry.data)
            if total > MAX_TOTAL_BYTES:
                raise _too_much(path, TOTAL_LIMIT)
            yield entry


def _read_zip_member(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Entry:
    name = _printable(_slashes(member.filename))
    if member.flag_bits & 0x1:
        raise DataError(f"{path} is protected by a password. Unpack it first and choose the folder.")
    if _leads_out(name):
        return Entry(name, problem=UNSAFE_NAME)
    if member.file_size > MAX_FILE_BYTES:
        return Entry(name, problem=TOO_BIG)
    if member.file_size > MAX_ZIP_RATIO * max(member.compress_size, 1):
        return Entry(name, problem="expands suspiciously far")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # zipfile does not bound what one read of the other methods returns
        return Entry(name, problem="compressed in a way that is not supported")
    try:
        with archive.open(member) as stream:
            return _within_limit(name, stream.read(MAX_FILE_BYTES + 1))
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError):
        return Entry(name, problem="damaged in the archive")


class _ForwardOnly:
    """A stream for tarfile that refuses to go back, to read very much at once, and to pass the limit on totals.

    Crafted headers can send tarfile in circles, or have it hold gigabytes of "extended header" in memory.
    last: the start of what was read last; tarfile takes any block that is not a header for the end of the archive.
    """

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self._path, self._stream, self.last = path, stream, b""

    def tell(self) -> int:
        return self._stream.tell()

    def seek(self, position: int) -> int:
        if position < self._stream.tell():
            raise tarfile.ReadError("headers point backwards")
        if position > MAX_TOTAL_BYTES:
            raise _too_much(self._path, TOTAL_LIMIT)
        return self._stream.seek(position)

    def read(self, count: int) -> bytes:
        if count > MAX_FILE_BYTES + (1 << 20):
            raise tarfile.ReadError("a header claims an absurd size")
        if self._stream.tell() + count > MAX_TOTAL_BYTES:
            raise _too_much(self._path, TOTAL_LIMIT)
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
            tarfile.open(fileobj=_ForwardOnly(path, stream), mode="r:") as archive,
        ):
            yield archive
    except (tarfile.TarError, OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise _broken(path, error) from error


def _tar_members(path: Path, archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    for count, member in enumerate(iter(archive.next, None), 1):
        if count > MAX_FILES:
            raise _too_much(path, f"{MAX_FILES:,} files")
        archive.members.clear()  # tarfile would remember every header it has seen
        if member.isreg():
            yield member
    if archive.fileobj.last.strip(b"\0"):
        raise tarfile.ReadError("it breaks off, or goes on with something else")


def _read_tar(path: Path, wanted: Callable[[str], bool]) -> Iterator[Entry]:
    with _open_tar(path) as archive:
        for member in _tar_members(path, archive):
            name = _printable(member.name)
            if not wanted(member.name):
                continue
            if _leads_out(name):
                yield Entry(name, problem=UNSAFE_NAME)
            elif member.size > MAX_FILE_BYTES:
                yield Entry(name, problem=TOO_BIG)
            elif member.issparse():  # nothing bounds how much a few bytes of it stand for
                yield Entry(name, problem="stored with gaps, which is not supported")
            elif stream := archive.extractfile(member):
                yield _within_limit(name, stream.read(MAX_FILE_BYTES + 1))


def _slashes(name: str) -> str:
    return name.replace("\\", "/")


def _leads_out(name: str) -> bool:
    return name.startswith("/") or name[1:2] == ":" or ".." in PurePosixPath(name).parts


def _printable(name: str) -> str:
    # names are shown in terminals and browsers: no escape sequences, no undecodable bytes
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)


def _within_limit(name: str, data: bytes) -> Entry:
    return Entry(name, data) if len(data) <= MAX_FILE_BYTES else Entry(name, problem=TOO_BIG)


def _no_images(path: Path, hint: str = "") -> DataError:
    return DataError(f"{path} holds no image files ({', '.join(sorted(IMAGE_SUFFIXES))}).{hint}")


def _too_much(path: Path, what: str) -> DataError:
    return DataError(f"{path} holds more than {what}. Split it, or choose a part of it.")


def _broken(path: Path, error: Exception) -> DataError:
    return DataError(
        f"{path.name} is not a folder, a .zip or a .tar of images, or it is damaged ({error}). "
        "If it was downloaded, download it again; other kinds of archive have to be unpacked first."
    )
