"""CelebA's lists: the identities, attributes and official splits of images."""

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from facedemo.data.source_files import DataError, Entry, is_image_name

IDENTITIES = "identity_CelebA.txt"
ATTRIBUTES = "list_attr_celeba.txt"
PARTITION = "list_eval_partition.txt"
PARTS = {"0": "train", "1": "validation", "2": "test"}
# Kaggle's lists, and those written by sort_people, are the same with commas and a header.
LISTS = {name: listed for listed in (IDENTITIES, ATTRIBUTES, PARTITION) for name in (listed, f"{listed[:-4]}.csv")}
IMAGE_COLUMN = ("image", "image_id")  # column name in a list with commas


@dataclass
class Table:
    """A list: rows by image name, and irregularities of the file."""

    file: str
    columns: list[str]
    rows: dict[str, list[str]] = field(default_factory=dict)
    malformed: int = 0
    notes: list[str] = field(default_factory=list)


def read_identity_list(entry: Entry) -> Table:
    """Reads a list with lines like `000001.jpg 2880`."""
    table = Table(IDENTITIES, ["image", "identity"])
    for number, fields in fields_of(entry, table):
        # identities become folder names, so they must be numbers
        if len(fields) == 2 and is_plain_image(fields[0]) and re.fullmatch("[0-9]{1,9}", fields[1]):
            add_row(table, fields[0], [str(int(fields[1]))])
        elif number <= 2 and not table.rows and not is_plain_image(fields[0]):
            if fields[0] not in IMAGE_COLUMN:
                table.notes.append(f"{IDENTITIES} starts with a header line, which was ignored.")
        else:
            table.malformed += 1
    if not table.rows:
        raise DataError(f"{IDENTITIES} lists no image. Its lines should read like `000001.jpg 2880`.")
    return table


def read_attribute_list(entry: Entry) -> Table:
    """Reads the number of rows, the attributes' names, then lines like `000001.jpg -1 1 …`; values are -1 or 1."""
    table = Table(ATTRIBUTES, [])
    for _, fields in fields_of(entry, table):
        values = fields[1:]
        if table.columns and is_plain_image(fields[0]):
            if len(values) == len(table.columns) - 1 and set(values) <= {"-1", "1"}:
                # only two objects instead of millions
                add_row(table, fields[0], [sys.intern(value) for value in values])
            else:
                table.malformed += 1
        elif not table.columns and len(fields) > 1 and all(re.fullmatch(r"[\w-]+", name) for name in fields):
            table.columns = ["image", *(fields[1:] if fields[0] in IMAGE_COLUMN else fields)]
        elif table.columns or not fields[0].isdecimal():
            table.malformed += 1
    if not table.columns:
        raise DataError(f"{ATTRIBUTES} has no line with the attributes' names. Use the official file.")
    return table


def fields_of(entry: Entry, table: Table) -> Iterator[tuple[int, list[str]]]:
    if entry.problem:
        raise DataError(f"{entry.name} {entry.problem}.")
    if b"\r\n" in entry.data:
        table.notes.append(f"{table.file} has Windows line ends.")
    for number, line in enumerate(entry.data.decode("utf-8-sig", errors="replace").splitlines(), 1):
        if fields := line.replace(",", " ").split():
            yield number, fields


def is_plain_image(name: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}", name) is not None and is_image_name(name)


def add_row(table: Table, name: str, values: list[str]) -> None:
    if name in table.rows:
        table.malformed += 1  # if two lines contradict each other, the first one counts
    else:
        table.rows[name] = values


def listed_name(name: str, rows: Mapping[str, Any], stems: Mapping[str, str]) -> str:
    """The name of an image in a list; "" if it is not listed.

    stems: as made by `by_stem`. The lists say `000001.jpg` even if the images are `000001.png`.
    """
    return name if name in rows else stems.get(PurePosixPath(name).stem, "")


def by_stem(rows: Mapping[str, Any]) -> dict[str, str]:
    """Names without extension → the names in a list."""
    return {PurePosixPath(name).stem: name for name in rows}
