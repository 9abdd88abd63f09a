"""Counts the images of a source by names and sizes, without reading or decoding them."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from facedemo.data.archives import list_files
from facedemo.data.cache import MIN_IMAGES
from facedemo.data.cropping import Crop
from facedemo.data.source_files import MAX_FILE_BYTES, TOO_BIG, DataError, is_image_name, paths, why_passed_over
from facedemo.data.sources import CELEBA_ZIP, LISTS, list_folder

EMPTY = "empty"
UNKNOWN = "unknown"  # stands for files whose number is only known after reading them


@dataclass(frozen=True)
class Scan:
    """count: number of image files; None if it is only known after reading an archive.  unusable: reason → files.

    photos: whether the images are the faces on these photos, whose number is not known yet.
    """

    count: int | None
    unusable: Counter[str]
    photos: bool = False

    @property
    def enough(self) -> bool:
        return self.count is None or self.count >= (1 if self.photos else MIN_IMAGES)

    def summary(self) -> str:
        """ "70 images found; at least 64 are needed. 2 files cannot be used: 1 empty, 1 hidden." """
        if self.count is None:
            what = "faces" if self.photos else "images"
            sentences = f"The archive's {what} are counted while they are prepared; at least {MIN_IMAGES} are needed."
        elif self.photos:
            sentences = f"{self.count:,} photo{'s'[: self.count != 1]} found. The faces on them are counted while they "
            sentences += f"are prepared; at least {MIN_IMAGES} are needed."
        else:
            sentences = f"{self.count:,} image{'s'[: self.count != 1]} found; at least {MIN_IMAGES} are needed."
        if total := self.unusable.total():
            reasons = ", ".join(f"{count:,} {reason}" for reason, count in self.unusable.most_common())
            sentences += f" {total:,} file{'s'[: total != 1]} cannot be used: {reasons}."
        return sentences


def scan(source: str | Path, crop: Crop = "auto") -> Scan:
    """Counts the images of a folder or an archive, or of several, with a path per line, or with `face` the photos.

    Files that turn out to be damaged when they are decoded count as images here.  Raises DataError if a source is
    missing, or is a file that is no archive.
    """
    counts: list[int | None] = []
    unusable: Counter[str] = Counter()
    for path in paths(source):
        if not path.exists():
            raise DataError(f"There is no file or folder {path}. Check the path.")
        try:
            files = list(files_in(path))
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror}.") from error
        reasons = [reason for reason in files if reason]
        unusable.update(reason for reason in reasons if reason != UNKNOWN)
        counts.append(None if UNKNOWN in reasons else len(files) - len(reasons))
    numbers = [count for count in counts if count is not None]
    return Scan(sum(numbers) if len(numbers) == len(counts) else None, unusable, photos=crop == "face")


def check_enough(source: str | Path, crop: Crop = "auto") -> None:
    """Raises DataError if a source has too few images to train on, as far as that is known before reading them."""
    found = scan(source, crop)
    if not found.enough:
        raise DataError(found.summary())


def files_in(path: Path) -> Iterator[str]:
    """For each file of a source, "" if it is an image, and else why it cannot be used; UNKNOWN if there is no list."""
    if not path.is_dir():
        yield from members_of(path)
        return
    files, passed_over = list_folder(path)
    for file in files:
        if file.name == CELEBA_ZIP:
            yield from members_of(file)
        else:
            yield problem_of_size(file.stat().st_size if file.exists() else 0)
    yield from (reason for _, reason in passed_over)


def members_of(archive: Path) -> Iterator[str]:
    """As `files_in`, for an archive."""
    members = list_files(archive)
    if members is None:
        yield UNKNOWN
        return
    for name, size in members:
        if is_image_name(name):
            yield problem_of_size(size)
        elif PurePosixPath(name).name not in LISTS:
            yield why_passed_over(name)


def problem_of_size(size: int) -> str:
    return EMPTY if size == 0 else TOO_BIG if size > MAX_FILE_BYTES else ""
