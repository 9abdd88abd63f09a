"""Which images are for training, which to choose a model by, and which to report on: decided once, for good.

A person's images are all in one part, where it is known who is on them.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from facedemo.data.cache import Faces
from facedemo.data.celeba import read_identities
from facedemo.data.entries import DataError

Split = Literal["all", "train", "validation", "test"]
PERCENT = {"train": 80, "validation": 10, "test": 10}


def split_of(key: str) -> str:
    """The part that an identity, or an image of nobody known, belongs to: by its name alone, on every machine."""
    place = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest()) % 100
    for split, percent in PERCENT.items():
        place -= percent
        if place < 0:
            return split
    raise AssertionError("the percentages do not add up to 100")


def rows_of(names: list[str], split: Split, identities: Mapping[str, str] | None = None) -> np.ndarray:
    """The places in `names` of the images in one part, ascending.

    names: of images, as paths; the last component counts.  identities: that component → who it is.
    """
    if split not in get_args(Split):
        raise DataError(f"There is no part “{split}” of the data. Choose one of {', '.join(get_args(Split))}.")
    if split == "all":
        return np.arange(len(names))
    people, last = identities or {}, (name.rpartition("/")[2] for name in names)
    parts = [split_of(f"person {people[name]}" if name in people else name) for name in last]
    return np.flatnonzero(np.array(parts) == split)


def split_rows(faces: Faces, source: str | Path, split: Split) -> np.ndarray:
    """The rows of `faces.images` in one part of a source, by CelebA's identities where it has them.

    Raises DataError where that part is empty.
    """
    rows = rows_of(faces.names, split, read_identities(Path(source).expanduser()) if split != "all" else None)
    if not len(rows):
        raise DataError(f"The part “{split}” of {source} has no images. Use more data, or the part “all”.")
    return rows


def all_parts(faces: Faces, source: str | Path) -> dict[str, np.ndarray]:
    """Part → its rows of `faces.images`, without those that are empty: together, all images."""
    identities = read_identities(Path(source).expanduser())
    found = {part: rows_of(faces.names, part, identities) for part in PERCENT}
    return {part: rows for part, rows in found.items() if len(rows)}
