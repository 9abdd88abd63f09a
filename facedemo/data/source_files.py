"""One file of a source of images, the limits for it, and the messages if it exceeds them."""

from pathlib import Path, PurePosixPath
from typing import NamedTuple

from facedemo.storage.locations import uploads_root

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

THE_UPLOAD = "The upload"  # in messages


class DataError(ValueError):
    """A problem with the data; the message says what is wrong and what to do."""


def expanded(source: str | Path) -> Path:
    """A path with ~ replaced.  Raises DataError if there is no such user, or this one has no home folder."""
    try:
        return Path(source).expanduser()
    except RuntimeError as error:
        raise DataError(f"There is no home folder for “{source}”. Give an absolute path.") from error


class Entry(NamedTuple):
    """One file of a source: its bytes, or the reason why they are missing."""

    name: str
    data: bytes = b""
    problem: str = ""


def is_image_name(name: str) -> bool:
    """Whether name looks like an image file: not hidden, and not a resource fork of macOS."""
    return PurePosixPath(name).suffix.lower() in IMAGE_SUFFIXES and not is_hidden(name)


def is_hidden(name: str) -> bool:
    return any(part == "__MACOSX" or (part.startswith(".") and part != "..") for part in PurePosixPath(name).parts)


def why_passed_over(name: str) -> str:
    """Why a file of this name is not read as an image."""
    suffix = printable(PurePosixPath(name).suffix.lower())[:12]
    return HIDDEN if is_hidden(name) else f"not an image by its name ({suffix or 'no extension'})"


def read_file(path: Path, name: str) -> Entry:
    """Reads one file, shown as name, unless it is larger than any image or list should be."""
    try:
        if not path.is_file():  # reading a named pipe would block forever
            return Entry(name, problem=NOT_OPENED)
        with path.open("rb") as stream:
            return within_limit(name, stream.read(MAX_FILE_BYTES + 1))
    except OSError:
        return Entry(name, problem=NOT_OPENED)


def printable(name: str) -> str:
    # names are shown in terminals and browsers, so escape sequences and undecodable bytes are removed
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)


def within_limit(name: str, data: bytes) -> Entry:
    return Entry(name, data) if len(data) <= MAX_FILE_BYTES else Entry(name, problem=TOO_BIG)


def no_images(path: Path, hint: str = "") -> DataError:
    return DataError(f"{source_label(path)} contains no image files ({', '.join(sorted(IMAGE_SUFFIXES))}).{hint}")


def too_much(path: Path, what: str) -> DataError:
    return DataError(f"{source_label(path)} contains more than {what}. Split it, or choose a subset.")


def existing(source: str) -> str:
    """A source of images with absolute paths, for resuming anywhere.  Raises ValueError if one does not exist."""
    for line in lines(source) or [""]:
        if not line or not expanded(line).exists():
            raise ValueError(f"There is no file or folder “{line}”. Check the path.")
    return "\n".join(str(path.resolve()) for path in paths(source))


def lines(source: str | Path) -> list[str]:
    """The paths of a source that consists of several folders or archives, one per line."""
    return [line.strip() for line in str(source).splitlines() if line.strip()]


def paths(source: str | Path) -> list[Path]:
    """The same as paths, with ~ replaced."""
    return [expanded(line) for line in lines(source)]


def is_uploaded(source: str | Path) -> bool:
    """Whether a source of images, or one of several, was uploaded."""
    return any(Path(line).is_relative_to(uploads_root()) for line in lines(source))


def source_label(source: str | Path) -> str:
    """A source as the subject of a message: its paths, but not those of the cache to which images were uploaded."""
    return ", ".join(THE_UPLOAD if is_uploaded(line) else line for line in lines(source))


def file_names(source: str | Path) -> str:
    """The same without folders: "celeba.tar, celeba128.tar"."""
    return ", ".join(THE_UPLOAD if is_uploaded(line) else Path(line).name for line in lines(source))
