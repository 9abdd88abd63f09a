"""CelebA's lists: who is on an image, what is to be seen of them, and which official part it belongs to."""

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
# Kaggle's lists, and those that sort_people writes, are the same with commas and a header.
LISTS = {name: listed for listed in (IDENTITIES, ATTRIBUTES, PARTITION) for name in (listed, f"{listed[:-4]}.csv")}
IMAGE_COLUMN = ("image", "image_id")  # its name in the header of a list with commas


@dataclass
class Table:
    """A list: rows by image name, and what was odd about the file."""

    file: str
    columns: list[str]
    rows: dict[str, list[str]] = field(default_factory=dict)
    malformed: int = 0
    notes: list[str] = field(default_factory=list)


def read_identity_list(entry: Entry) -> Table:
    """Reads `000001.jpg 2880` a line."""
    table = Table(IDENTITIES, ["image", "identity"])
    for number, fields in fields_of(entry, table):
        # identities become names of folders, so nothing but a number will do
        if len(fields) == 2 and is_plain_image(fields[0]) and re.fullmatch("[0-9]{1,9}", fields[1]):
            add_row(table, fields[0], [str(int(fields[1]))])
        elif number <= 2 and not table.rows and not is_plain_image(fields[0]):
            if fields[0] not in IMAGE_COLUMN:
                table.notes.append(f"{IDENTITIES} starts with a header line, which was left out.")
        else:
            table.malformed += 1
    if not table.rows:
        raise DataError(f"{IDENTITIES} lists no image. Its lines should read like `000001.jpg 2880`.")
    return table


def read_attribute_list(entry: Entry) -> Table:
    """Reads the number of rows, the attributes' names, then `000001.jpg -1  1 …` a line; values are -1 or 1."""
    table = Table(ATTRIBUTES, [])
    for _, fields in fields_of(entry, table):
        values = fields[1:]
        if table.columns and is_plain_image(fields[0]):
            if len(values) == len(table.columns) - 1 and set(values) <= {"-1", "1"}:
                add_row(table, fields[0], [sys.intern(value) for value in values])  # of millions, two to keep
            else:
                table.malformed += 1
        elif not table.columns and len(fields) > 1 and all(re.fullmatch(r"[\w-]+", name) for name in fields):
            table.columns = ["image", *(fields[1:] if fields[0] in IMAGE_COLUMN else fields)]
        elif table.columns or not fields[0].isdecimal():
            table.malformed += 1
    if not table.columns:
        raise DataError(f"{ATTRIBUTES} has no line with the attributes' names. Take the official file.")
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
        table.malformed += 1  # whom a second line contradicts is not ours to say: the first stands
    else:
        table.rows[name] = values


def listed_name(name: str, rows: Mapping[str, Any], stems: Mapping[str, str]) -> str:
    """The name under which a list has an image; "" if it has not.

    stems: as `by_stem` makes them.  The lists say `000001.jpg` also where the images are `000001.png`.
    """
    return name if name in rows else stems.get(PurePosixPath(name).stem, "")


def by_stem(rows: Mapping[str, Any]) -> dict[str, str]:
    """Names without their ending → the names of a list."""
    return {PurePosixPath(name).stem: name for name in rows}
