"""The train, validation and test splits of images, which are fixed once and for all.

All images of a person are in the same split, if the people are known.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from facedemo.data.cache import Faces
from facedemo.data.celeba import read_identities, read_partition
from facedemo.data.celeba_lists import PARTITION, by_stem, listed_name
from facedemo.data.source_files import DataError, file_names, paths

Split = Literal["all", "train", "validation", "test"]
PERCENT: dict[Split, int] = {"train": 80, "validation": 10, "test": 10}


def number_of(key: str) -> int:
    """A random number for an identity, or an image of an unknown person: it depends only on the name."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest())


def split_of(key: str) -> str:
    """The split of an identity, or of an image of an unknown person: it depends only on the name, on every machine."""
    percentile = number_of(key) % 100
    for split, percent in PERCENT.items():
        percentile -= percent
        if percentile < 0:
            return split
    raise AssertionError("the percentages do not add up to 100")


def rows_of(
    names: list[str],
    split: Split,
    identities: Mapping[str, str] | None = None,
    partition: Mapping[str, str] | None = None,
) -> np.ndarray:
    """The indices in `names` of the images in one split, ascending.

    names: paths of images, of which the last component counts.  identities: that component → identity.  partition: that
    component → split, for images of unknown people.
    """
    if split not in get_args(Split):
        raise DataError(f"There is no split “{split}”. Choose one of {', '.join(get_args(Split))}.")
    if split == "all":
        return np.arange(len(names))
    person_on, parts = people_finder(identities or {}), partition or {}
    parts_by_stem = by_stem(parts)

    def part_of(name: str) -> str:
        if person := person_on(name):
            return split_of(person)
        return parts.get(listed_name(name, parts, parts_by_stem)) or split_of(name)

    return np.flatnonzero(np.array([part_of(name.rpartition("/")[2]) for name in names]) == split)


@dataclass(frozen=True)
class KnownPeople:
    """The identities and official splits of a source's images, as far as they are known."""

    identities: Mapping[str, str]
    partition: Mapping[str, str]

    @property
    def basis(self) -> str:
        """A sentence on how the data was split."""
        if self.identities:
            return "The data is split by person: all images of a person are in the same split."
        if self.partition:
            return f"The splits are those of {PARTITION}, which keeps all images of a person together."
        return "The data is split by image, because the people are unknown: the same person may be in several splits."


def known_people(names: list[str], source: str | Path) -> KnownPeople:
    """The people on the images of a source, from CelebA's lists or the folders that `data people` writes.

    If the source consists of several, the lists of each apply to all of them.
    """
    parts = paths(source)
    identities: dict[str, str] = {}
    for path in parts:
        identities |= read_identities(path)
    inside = f"{parts[0].name}/" if len(parts) == 1 else ""  # otherwise, names already begin with their source's
    folders = [re.search(r"(?:^|/)people/([0-9]{1,9})/([^/]+)$", inside + name) for name in names]
    if identities or all(folders):
        identities |= {match[2]: match[1] for match in folders if match}
    partition: dict[str, str] = {}
    for path in parts if not identities else []:
        partition |= read_partition(path)
    return KnownPeople(identities, partition)


def split_rows(faces: Faces, source: str | Path, split: Split) -> np.ndarray:
    """The rows of `faces.images` in one split of a source, by person if the people are known, see `known_people`.

    Raises DataError if that split is empty.
    """
    if split == "all":
        return rows_of(faces.names, split)
    people = known_people(faces.names, source)
    rows = rows_of(faces.names, split, people.identities, people.partition)
    if not len(rows):
        name = file_names(source)
        raise DataError(f"{name} has no images in the split “{split}”. Use more data, or the split “all”.")
    return rows


def people_finder(identities: Mapping[str, str]) -> Callable[[str], str]:
    """File name → a name for the person on that image; "" if it is unknown.  identities: file name → identity."""
    stems = by_stem(identities)

    def person_on(name: str) -> str:
        listed = listed_name(name, identities, stems)
        return f"person {identities[listed]}" if listed else ""

    return person_on


def halves(faces: Faces, source: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """All rows of `faces.images` in two sets of about the same size, ascending, by person if the people are known.

    Raises DataError if all show the same person.
    """
    person_on = people_finder(known_people(faces.names, source).identities)
    names = [path.rpartition("/")[2] for path in faces.names]
    keys = [person_on(name) or name for name in names]
    order = sorted(range(len(keys)), key=lambda row: (number_of(keys[row]), keys[row]))
    middle = len(order) // 2
    while middle < len(order) and keys[order[middle]] == keys[order[middle - 1]]:
        middle += 1
    if middle == len(order):
        raise DataError(f"{file_names(source)} cannot be divided into two sets of real faces. Use more images.")
    return np.sort(order[:middle]), np.sort(order[middle:])


def all_parts(faces: Faces, source: str | Path) -> dict[Split, np.ndarray]:
    """Split → its rows of `faces.images`, without empty splits: together, all images."""
    people = known_people(faces.names, source)
    rows_of_split: dict[Split, np.ndarray] = {
        part: rows_of(faces.names, part, people.identities, people.partition) for part in PERCENT
    }
    return {part: rows for part, rows in rows_of_split.items() if len(rows)}
