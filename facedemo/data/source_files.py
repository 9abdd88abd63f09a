"""One file of a source of images, the limits that it has to keep, and what users are told where it does not."""

from pathlib import Path, PurePosixPath
from typing import NamedTuple

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jfif", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif", ".heic", ".heif"}
)
ARCHIVE_SUFFIXES = frozenset({".zip", ".tar", ".tgz", ".gz", ".xz", ".bz2", ".7z", ".rar"})

OPENED_ENDINGS = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.xz", ".tar.bz2")

MAX_FILES = 1_000_000
MAX_FILE_BYTES = 64 << 20
MAX_TOTAL_BYTES = 64 << 30

TOO_BIG = "larger than 64 MB"
NOT_OPENED = "could not be opened"
HIDDEN = "hidden"


class DataError(ValueError):
    """A message a user can act on: what is wrong with the data and what to do about it."""


def expanded(source: str | Path) -> Path:
    """A path with ~ replaced.  Raises DataError if there is no such user, or this one has no home folder."""
    try:
        return Path(source).expanduser()
    except RuntimeError as error:
        raise DataError(f"There is no home folder for “{source}”. Give the path from / on.") from error


class Entry(NamedTuple):
    """One file of a source: its bytes, or the reason in plain words why they are not given."""

    name: str
    data: bytes = b""
    problem: str = ""


def is_image_name(name: str) -> bool:
    """Whether name looks like an image that someone put there on purpose: not hidden, nor a Mac's resource fork."""
    return PurePosixPath(name).suffix.lower() in IMAGE_SUFFIXES and not is_hidden(name)


def is_hidden(name: str) -> bool:
    return any(part == "__MACOSX" or (part.startswith(".") and part != "..") for part in PurePosixPath(name).parts)


def why_passed_over(name: str) -> str:
    """Why a file of this name is not read as an image."""
    suffix = printable(PurePosixPath(name).suffix.lower())[:12]
    return HIDDEN if is_hidden(name) else f"not an image by its name ({suffix or 'no ending'})"


def read_file(path: Path, name: str) -> Entry:
    """Reads one file that is to be shown under name, unless it is larger than any image or list should be."""
    try:
        if not path.is_file():  # reading a named pipe would wait for ever
            return Entry(name, problem=NOT_OPENED)
        with path.open("rb") as stream:
            return within_limit(name, stream.read(MAX_FILE_BYTES + 1))
    except OSError:
        return Entry(name, problem=NOT_OPENED)


def printable(name: str) -> str:
    # names are shown in terminals and browsers: no escape sequences, no undecodable bytes
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)


def within_limit(name: str, data: bytes) -> Entry:
    return Entry(name, data) if len(data) <= MAX_FILE_BYTES else Entry(name, problem=TOO_BIG)


def no_images(path: Path, hint: str = "") -> DataError:
    return DataError(f"{path} holds no image files ({', '.join(sorted(IMAGE_SUFFIXES))}).{hint}")


def too_much(path: Path, what: str) -> DataError:
    return DataError(f"{path} holds more than {what}. Split it, or choose a part of it.")


def existing(source: str) -> Path:
    """A source of images as a path that holds wherever the run goes on.  Raises ValueError where there is none."""
    path = expanded(source)
    if not source or not path.exists():
        raise ValueError(f"There is no file or folder “{source}”. Check the path.")
    return path.resolve()
