"""CelebA's preparation as in the paper: the official lists as CSV, and the images in one folder per person."""

import contextlib
import csv
import io
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from facedemo.data.archives import read_archive, read_images
from facedemo.data.celeba_lists import (
    ATTRIBUTES,
    IDENTITIES,
    LISTS,
    PARTITION,
    PARTS,
    Table,
    by_stem,
    fields_of,
    is_plain_image,
    listed_name,
    read_attribute_list,
    read_identity_list,
)
from facedemo.data.preparation import throttled
from facedemo.data.source_files import DataError, Entry, is_image_name, read_file
from facedemo.data.sources import CELEBA_ZIP
from facedemo.progress import Progress
from facedemo.storage.atomic import replace_file, replacing

ALIGNED = "img_align_celeba"  # the official distribution also has img_celeba: other images under the same names


@dataclass(frozen=True)
class PeopleReport:
    """The result of sort_people.

    people: folders.  present: images that were already in place.  missing: listed images that do not exist.  unlisted:
    images that are not listed.  malformed: lines omitted from the CSV.  notes: other irregularities, as sentences.
    """

    people: int
    linked: int
    copied: int
    present: int
    missing: int
    unlisted: int
    malformed: int
    csv: tuple[Path, ...]
    notes: tuple[str, ...]

    def summary(self) -> str:
        """A few sentences for users."""
        done = f"{self.people:,} people: {self.linked:,} images linked, {self.copied:,} copied"
        sentences = [
            f"{done}, {self.present:,} already present.",
            f"Lists: {', '.join(path.name for path in self.csv)}.",
        ]
        if self.missing:
            sentences.append(f"{self.missing:,} listed images are missing.")
        if self.unlisted:
            sentences.append(f"{self.unlisted:,} images are not in the list.")
        if self.malformed:
            sentences.append(f"{self.malformed:,} malformed lines were omitted.")
        return " ".join([*sentences, *self.notes])


@dataclass
class _Distribution:
    """CelebA's components, wherever a distribution keeps them; the images are in folders (files) or in an archive."""

    lists: dict[str, Entry] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    archive: Path | None = None


def sort_people(celeba: Path, out: Path, progress: Progress | None = None) -> PeopleReport:
    """Writes CelebA's lists into out as CSV, and its images into out/people/<identity>/, by hard link where possible.

    celeba: a folder laid out like the official distribution or torchvision's, or an archive of it. Existing files are
    left unchanged, so a second run changes nothing.  Raises DataError if the list of identities is missing or unusable,
    or out cannot be written.
    """
    people = out / "people"
    distribution = _find(celeba, people)
    if IDENTITIES not in distribution.lists:
        raise DataError(f"{celeba} has no {IDENTITIES}. CelebA keeps it in its folder Anno: choose a folder with both.")
    tables = [read_identity_list(distribution.lists[IDENTITIES])]
    if ATTRIBUTES in distribution.lists:
        tables.append(read_attribute_list(distribution.lists[ATTRIBUTES]))
    identities = {name: row[0] for name, row in tables[0].rows.items()}
    try:
        out.mkdir(parents=True, exist_ok=True)
        written = tuple(_write_csv(out, table) for table in tables)
        counts = _place_all(distribution, identities, people, progress)
    except OSError as error:
        raise DataError(f"{out} cannot be written ({error.strerror or error}). Choose another folder.") from error
    return PeopleReport(
        csv=written,
        malformed=sum(table.malformed for table in tables),
        notes=tuple(note for table in tables for note in table.notes),
        **{name: counts[name] for name in ("people", "linked", "copied", "present", "missing", "unlisted")},
    )


def read_identities(celeba: Path) -> dict[str, str]:
    """Image name → identity, from the official list in a folder or an archive; {} if there is none."""
    if not celeba.exists():
        return {}
    lists = _find(celeba, celeba / "people").lists
    return (
        {name: row[0] for name, row in read_identity_list(lists[IDENTITIES]).rows.items()}
        if IDENTITIES in lists
        else {}
    )


def read_partition(celeba: Path) -> dict[str, str]:
    """Image name → train, validation or test, from the official list in a folder or an archive; {} if there is none."""
    lists = _find(celeba, celeba / "people").lists if celeba.exists() else {}
    rows = [fields for _, fields in fields_of(lists[PARTITION], Table(PARTITION, []))] if PARTITION in lists else []
    return {row[0]: PARTS[row[1]] for row in rows if len(row) == 2 and row[1] in PARTS and is_plain_image(row[0])}


def read_attributes(celeba: Path, names: Sequence[str]) -> dict[str, list[str]]:
    """Image name → the named attributes, each "1" or "-1", from the official list; {} if there is none.

    Raises DataError if the list lacks one of them.
    """
    lists = _find(celeba, celeba / "people").lists
    if ATTRIBUTES not in lists:
        return {}
    table = read_attribute_list(lists[ATTRIBUTES])
    if missing := [name for name in names if name not in table.columns]:
        raise DataError(f"{ATTRIBUTES} has no attribute {', '.join(missing)}. Use the official file.")
    places = [table.columns.index(name) - 1 for name in names]
    return {name: [row[column] for column in places] for name, row in table.rows.items()}


def _find(celeba: Path, people: Path) -> _Distribution:
    if celeba.is_file():
        distribution = _Distribution(archive=celeba)
        for entry in read_archive(celeba, lambda name: PurePosixPath(name).name in LISTS):
            _take_list(distribution, PurePosixPath(entry.name).name, entry)
        return distribution
    if not celeba.is_dir():
        raise DataError(f"There is no file or folder {celeba}. Check the path.")
    distribution = _Distribution()
    others: dict[str, Path] = {}
    root = celeba.resolve()
    for path in _walk(root, people.resolve()):
        if path.name in LISTS:
            _take_list(distribution, path.name, read_file(path, path.name))
        elif path.name == CELEBA_ZIP:
            distribution.archive = path
        elif is_image_name(path.name) and path.is_file():
            aligned = ALIGNED in path.relative_to(root).parts
            (distribution.files if aligned else others).setdefault(path.name, path)
    if distribution.files:
        distribution.archive = None
    elif distribution.archive is None:
        distribution.files = others
    return distribution


def _take_list(distribution: _Distribution, name: str, entry: Entry) -> None:
    """Keeps the first list of each kind, but prefers the official format to one with commas."""
    if LISTS[name] not in distribution.lists or (
        name in LISTS.values() and not distribution.lists[name].name.endswith(name)
    ):
        distribution.lists[LISTS[name]] = entry


def _walk(root: Path, people: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        # results of an earlier run may be inside the source folder
        folders[:] = sorted(name for name in folders if here / name != people)
        yield from (here / name for name in sorted(names))


def _write_csv(out: Path, table: Table) -> Path:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows([name, *values] for name, values in table.rows.items())
    path = out / f"{Path(table.file).stem}.csv"
    data = text.getvalue().encode()
    if not path.exists() or path.read_bytes() != data:
        replace_file(path, data)
    return path


def _place_all(
    distribution: _Distribution, identities: dict[str, str], people: Path, progress: Progress | None
) -> Counter[str]:
    counts: Counter[str] = Counter()
    seen: set[str] = set()
    used: set[str] = set()
    report, stems = throttled(progress), by_stem(identities)
    for name, image in _images(distribution):
        if not (listed := listed_name(name, identities, stems)) or not is_plain_image(name):
            counts["unlisted"] += 1
        elif listed not in seen:
            folder = people / identities[listed]
            if identities[listed] not in used:
                folder.mkdir(parents=True, exist_ok=True)
            counts[_place(image, folder / name)] += 1
            seen.add(listed)
            used.add(identities[listed])
            report(len(seen), len(distribution.files) or None)
    counts["missing"] = len(identities) - len(seen)
    counts["people"] = len(used)
    if progress:
        progress(len(seen), len(seen))
    return counts


def _images(distribution: _Distribution) -> Iterable[tuple[str, Path | bytes]]:
    if distribution.archive is None:
        return distribution.files.items()
    entries = read_images(distribution.archive)
    return ((PurePosixPath(entry.name).name, entry.data) for entry in entries if not entry.problem)


def _place(image: Path | bytes, target: Path) -> str:
    """Puts an image into its folder; returns `present` if it was already there, else `linked` or `copied`."""
    size = len(image) if isinstance(image, bytes) else image.stat().st_size
    if target.is_file():
        if target.stat().st_size == size:
            return "present"
        target.unlink()  # from another edition of CelebA, or of another size
    if isinstance(image, bytes):
        replace_file(target, image, flush=False)  # tens of thousands of files, which can be made again
        return "copied"
    with contextlib.suppress(OSError):
        # a hard link, because a symbolic link would break if either folder is moved
        os.link(image.resolve(), target)
        return "linked"
    with replacing(target, flush=False) as part:
        shutil.copyfile(image, part)
    return "copied"
