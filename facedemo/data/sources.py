"""Where images come from: a folder, a .zip or .tar of one, or a CelebA folder, read one file at a time."""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from facedemo.data import entries
from facedemo.data.archives import count_archive, count_zip, read_archive
from facedemo.data.entries import (
    ARCHIVE_SUFFIXES,
    DataError,
    Entry,
    is_image_name,
    no_images,
    printable,
    read_file,
    too_much,
)

CELEBA_ZIP = "img_align_celeba.zip"


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
    total = sum(count_zip(path) if path.name == CELEBA_ZIP else 1 for path in files)
    if total == 0:
        archives = sorted(child.name for child in root.iterdir() if child.suffix.lower() in ARCHIVE_SUFFIXES)
        hint = f" It does hold {', '.join(archives[:3])}: choose that file itself." if archives else ""
        raise no_images(root, hint)
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
        if len(files) > entries.MAX_FILES:
            raise too_much(root, f"{entries.MAX_FILES:,} files")
    return [path for _, path in sorted(files)]


def _read_folder(root: Path, files: list[Path]) -> Iterator[Entry]:
    for path in files:
        name = path.relative_to(root).as_posix()
        if path.name == CELEBA_ZIP:
            for entry in read_archive(path):
                yield entry._replace(name=f"{printable(name)}/{entry.name}")
        else:
            yield read_file(path, printable(name))
