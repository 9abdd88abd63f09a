"""Labels of images: age and gender from UTKFace and CelebA, and attributes from CelebA's list or any CSV file."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np

from facedemo.data.archives import list_files, read_archive
from facedemo.data.celeba import read_attributes
from facedemo.data.celeba_lists import ATTRIBUTES, LISTS, Table, by_stem, listed_name, read_attribute_list
from facedemo.data.source_files import DataError, Entry, expanded, is_hidden, paths, read_file, source_label

LABELS = ("age", "gender")
# UTKFace: <age>_<gender>_<race>_<time>.jpg.chip.jpg, but some names lack a field. Uploads have a number in front.
UTKFACE = re.compile(r"(?:[0-9]{6}-)?([0-9]{1,3})_([01])_[0-4]_[0-9]{8,}\D*", re.ASCII)
OLDEST = 120


def found_labels(source: str | Path) -> str:
    """Which labels a source has, told without reading its images; "" if an archive must be read as a whole to know.

    Raises DataError if it has none.
    """
    listed = {path: names_in(path) for path in paths(source)}
    known = [path for path, names in listed.items() if names is not None]
    if (table := next((table for path in known for table in attribute_lists(path)), None)) is not None:
        return f"{len(table.rows):,} images have {len(table.columns) - 1} labels each."
    names = [name for path in known for name in listed[path] or []]
    if labelled := sum(not np.isnan(by_name(name)).any() for name in names):
        return f"{labelled:,} file name{'s give' if labelled != 1 else ' gives'} age and gender."
    if len(known) < len(listed):
        return ""
    raise DataError(
        f"{source_label(source)} has no labels. Choose CelebA with {ATTRIBUTES}, images with a CSV file "
        "(image,Smiling,…; 1 or -1) in the same folder or archive, or UTKFace, whose file names begin with age and "
        "gender."
    )


def names_in(path: Path) -> list[str] | None:
    """The last components of the files' names in a folder or archive; None as for `list_files`."""
    if path.is_dir():
        return [file.name for file in path.rglob("*")]
    members = list_files(path)
    return None if members is None else [PurePosixPath(name).name for name, _ in members]


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
        listed_labels = (listed.get(listed_name(name, listed, stems), (np.nan, np.nan)) for name in last)
        labels = np.array(list(listed_labels)).reshape(-1, len(LABELS))
    if np.isnan(labels).all():
        raise DataError(
            f"{source_label(source)} has no labels for age and gender. Choose UTKFace, whose file names contain them "
            f"(25_1_0_20170116….jpg: 25, female), or CelebA with {ATTRIBUTES} in the same folder or archive as the "
            "images."
        )
    return labels


def by_name(name: str) -> tuple[float, float]:
    """Age and gender from a file name of UTKFace."""
    match = UTKFACE.fullmatch(name)
    if match is None or int(match[1]) > OLDEST:
        return np.nan, np.nan
    return float(match[1]), float(match[2])


def by_list(celeba: Path) -> dict[str, tuple[float, float]]:
    """Image name → labels, from CelebA's attribute list; {} if there is none."""
    attributes = read_attributes(celeba, ("Young", "Male"))
    return {name: (float(young != "1"), float(male != "1")) for name, (young, male) in attributes.items()}


def read_attribute_labels(source: str | Path, names: list[str]) -> tuple[list[str], np.ndarray]:
    """The attributes of a source's images, such as Smiling: their names, and labels (n, attributes) float32.

    names: paths of images, of which the last component counts. A label is 1 or −1, or NaN for images without labels.
    The labels are in CelebA's attribute list, or in a CSV file of the same form: a header `image,Smiling,…` and rows
    like `000001.jpg,-1,…`.  Raises DataError if there is no such file beside the images, or it lists none of them.
    """
    table = existing_attribute_list(source)
    attributes, stems = table.columns[1:], by_stem(table.rows)
    unlabelled = [np.nan] * len(attributes)
    listed = (listed_name(name.rpartition("/")[2], table.rows, stems) for name in names)
    labels = np.array([table.rows.get(name, unlabelled) for name in listed], np.float32).reshape(-1, len(attributes))
    if np.isnan(labels).all():
        raise DataError(
            f"{table.file} lists none of the images in {source_label(source)}. Check the names in its first column."
        )
    return attributes, labels


def existing_attribute_list(source: str | Path) -> Table:
    """As `attribute_list`.  Raises DataError if there is none."""
    if (table := attribute_list(source)) is None:
        raise DataError(
            f"{source_label(source)} has no attribute labels. Put {ATTRIBUTES}, or a CSV file with a header such as "
            "image,Smiling,Eyeglasses and the values 1 and -1, into the same folder or archive as the images."
        )
    return table


def attribute_list(source: str | Path) -> Table | None:
    """The first attribute list of a source; None if there is none."""
    return next((table for path in paths(source) for table in attribute_lists(path)), None)


def attribute_lists(path: Path) -> Iterator[Table]:
    """The attribute lists in a folder or archive that can be read and list an image; CelebA's come first."""
    if path.is_dir():
        files = [file for file in path.rglob("*") if may_list_attributes(file.relative_to(path).as_posix())]
        entries = [read_file(file, file.name) for file in sorted(files)]
    else:
        entries = list(read_archive(path, may_list_attributes))
    for entry in sorted(entries, key=lambda entry: PurePosixPath(entry.name).name not in LISTS):
        if (table := readable(entry)) and table.rows:
            yield table


def may_list_attributes(name: str) -> bool:
    last = PurePosixPath(name).name
    return LISTS.get(last, ATTRIBUTES) == ATTRIBUTES and (
        last in LISTS or (last.lower().endswith(".csv") and not is_hidden(name))
    )


def readable(entry: Entry) -> Table | None:
    """An attribute list; None if the file is of another kind."""
    try:
        return read_attribute_list(entry)
    except DataError:
        return None
