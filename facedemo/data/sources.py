"""Sources of images: a folder, a .zip or .tar of one, or a CelebA folder, read one file at a time."""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from facedemo.data import source_files
from facedemo.data.archives import count_archive, read_archive, read_images
from facedemo.data.source_files import (
    ARCHIVE_SUFFIXES,
    DataError,
    Entry,
    is_image_name,
    no_images,
    paths,
    printable,
    read_file,
    source_label,
    too_much,
    why_passed_over,
)
from facedemo.data.zip_archives import count_zip

CELEBA_ZIP = "img_align_celeba.zip"
LISTS = frozenset(  # CelebA's lists, which are read separately
    f"{name}.{kind}"
    for name in ("identity_CelebA", "list_attr_celeba", "list_eval_partition", "list_bbox_celeba",
                 "list_landmarks_align_celeba", "list_landmarks_celeba")
    for kind in ("txt", "csv")
)  # fmt: skip


@dataclass(frozen=True)
class Source:
    """An opened source of images.

    digest: changes with the content.  count: the number of images, None if it is only known after reading everything;
    raises DataError if there are none.  read: starts a pass over the images, always in the same order.  passed_over:
    (name, reason) of the skipped files and folders of a folder.  noted: the same for an archive, complete after a pass.
    """

    digest: str
    count: Callable[[], int | None]
    read: Callable[[], Iterator[Entry]]
    passed_over: list[tuple[str, str]]
    noted: list[tuple[str, str]]


def open_source(source: str | Path) -> Source:
    """Opens a source, or several as one, with a path per line; then names begin with the name of their source.

    Raises DataError if one is missing or of no known kind; the content is checked when it is counted or read.
    """
    parts = paths(source)
    if not parts:
        raise DataError("No images are given. Give the path of a folder or an archive of images.")
    opened = [open_path(path) for path in parts]
    return opened[0] if len(opened) == 1 else joined([path.name for path in parts], opened)


def joined(names: list[str], sources: list[Source]) -> Source:
    """Several sources, one after the other."""

    def count() -> int | None:
        counts = [source.count() for source in sources]
        numbers = [number for number in counts if number is not None]
        return sum(numbers) if len(numbers) == len(counts) else None

    def read() -> Iterator[Entry]:
        noted.clear()
        for name, source in zip(names, sources, strict=True):
            for entry in source.read():
                yield entry._replace(name=f"{name}/{entry.name}")
            noted.extend((f"{name}/{file}", reason) for file, reason in source.noted)

    noted: list[tuple[str, str]] = []
    both = zip(names, sources, strict=True)
    passed_over = [(f"{name}/{file}", reason) for name, source in both for file, reason in source.passed_over]
    return Source(" ".join(source.digest for source in sources), count, read, passed_over, noted)


def open_path(path: Path) -> Source:
    """Opens a folder (searched recursively), a .zip, or a .tar (also .gz, .bz2, .xz) of images.

    Raises DataError if path is missing or none of these; the content is checked when it is counted or read.
    """
    if path.is_dir():
        files, passed_over = list_folder(path)
        digest = _digest_folder(path, files)
        return Source(digest, lambda: _count_folder(path, files), lambda: _read_folder(path, files), passed_over, [])
    if not path.is_file():
        raise DataError(f"There is no file or folder {path}. Check the path.")
    passed: dict[str, str] = {}
    source = Source(_digest_file(path), lambda: count_archive(path), lambda: read_images(path, note), [], [])

    def note(name: str, reason: str) -> None:
        if PurePosixPath(name).name not in LISTS and name not in passed:  # a second pass finds them again
            passed[name] = reason
            source.noted.append((printable(name), reason))

    return source


def _digest_file(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "blake2b").hexdigest()
    except OSError as error:
        raise DataError(f"{source_label(path)} cannot be read: {error.strerror}.") from error


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
        hint = f" It contains {', '.join(archives[:3])}: choose that file instead." if archives else ""
        raise no_images(root, hint)
    return total


def list_folder(root: Path) -> tuple[list[Path], list[tuple[str, str]]]:
    """The images below a folder, and the skipped files as (name, reason), both sorted by name."""
    files: list[tuple[str, Path]] = []
    passed_over: list[tuple[str, str]] = []

    def unreadable(error: OSError) -> None:
        name = Path(error.filename).relative_to(root).as_posix()
        passed_over.append((printable(name), f"a folder that cannot be read ({error.strerror})"))

    for folder, folders, names in os.walk(root, onerror=unreadable):
        for name in names:
            path = Path(folder, name)
            relative = path.relative_to(root).as_posix()
            # the official distribution contains the images as a ZIP; if they are unpacked, the ZIP is a second copy
            packed = name == CELEBA_ZIP and Path(name).stem not in folders
            if packed or is_image_name(relative):
                files.append((relative, path))
            elif name not in LISTS:
                passed_over.append((printable(relative), why_passed_over(relative)))
        linked = (Path(folder, name) for name in folders if Path(folder, name).is_symlink())
        passed_over += [(printable(path.relative_to(root).as_posix()), "a linked folder") for path in linked]
        if len(files) + len(passed_over) > source_files.MAX_FILES:
            raise too_much(root, f"{source_files.MAX_FILES:,} files")
    return [path for _, path in sorted(files)], sorted(passed_over)


def _read_folder(root: Path, files: list[Path]) -> Iterator[Entry]:
    for path in files:
        name = path.relative_to(root).as_posix()
        if path.name == CELEBA_ZIP:
            for entry in read_archive(path):
                yield entry._replace(name=f"{printable(name)}/{entry.name}")
        else:
            yield read_file(path, printable(name))
