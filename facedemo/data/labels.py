"""Age and gender labels of images, from two data sets: UTKFace and CelebA."""

import re
from pathlib import Path

import numpy as np

from facedemo.data.celeba import read_attributes
from facedemo.data.celeba_lists import ATTRIBUTES, by_stem, listed_name
from facedemo.data.source_files import DataError, expanded, shown

LABELS = ("age", "gender")
# UTKFace: <age>_<gender>_<race>_<time>.jpg.chip.jpg, but some names lack a field. Uploads have a number in front.
UTKFACE = re.compile(r"(?:[0-9]{6}-)?([0-9]{1,3})_([01])_[0-4]_[0-9]{8,}\D*", re.ASCII)
OLDEST = 120


def read_labels(source: str | Path, names: list[str]) -> np.ndarray:
    """The labels of a source's images: (n, 2) float64, as in LABELS; NaN for images without labels.

    names: paths of images, of which the last component counts. Age is in years, or (CelebA) 0 for young and 1 for not
    young. Gender is 0 for male and 1 for female.  Raises DataError if no image has labels.
    """
    last = [name.rpartition("/")[2] for name in names]
    labels = np.array([by_name(name) for name in last]).reshape(-1, len(LABELS))
    if np.isnan(labels).all():
        listed = by_list(expanded(source))
        stems = by_stem(listed)
        found = (listed.get(listed_name(name, listed, stems), (np.nan, np.nan)) for name in last)
        labels = np.array(list(found)).reshape(-1, len(LABELS))
    if np.isnan(labels).all():
        raise DataError(
            f"{shown(source)} has no labels for age and gender. Choose UTKFace, whose file names contain them "
            f"(25_1_0_20170116….jpg: 25, female), or CelebA with {ATTRIBUTES} in the same folder or archive as the "
            "images."
        )
    return labels


def by_name(name: str) -> tuple[float, float]:
    """Age and gender from a file name of UTKFace."""
    found = UTKFACE.fullmatch(name)
    if found is None or int(found[1]) > OLDEST:
        return np.nan, np.nan
    return float(found[1]), float(found[2])


def by_list(celeba: Path) -> dict[str, tuple[float, float]]:
    """Image name → labels, from CelebA's attribute list; {} if there is none."""
    attributes = read_attributes(celeba, ("Young", "Male"))
    return {name: (float(young != "1"), float(male != "1")) for name, (young, male) in attributes.items()}
