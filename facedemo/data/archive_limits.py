"""What reading a .zip and reading a .tar have in common: limits, unsafe names and the message for a broken archive."""

from collections.abc import Callable
from pathlib import Path, PurePosixPath

from facedemo.data import source_files
from facedemo.data.source_files import DataError, file_names

UNSAFE_NAME = "its path leads outside the archive"
TOTAL_LIMIT = f"{source_files.MAX_TOTAL_BYTES >> 30} GB unpacked"

NameFilter = Callable[[str], bool]


def leads_out(name: str) -> bool:
    return name.startswith("/") or name[1:2] == ":" or ".." in PurePosixPath(name).parts


def broken(path: Path, error: Exception) -> DataError:
    return DataError(
        f"{file_names(path)} is not a folder, a .zip or a .tar of images, or it is damaged ({error}). If you "
        "downloaded it, download it again; unpack other kinds of archives first."
    )
