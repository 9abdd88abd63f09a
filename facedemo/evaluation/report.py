"""What an evaluation found, in numbers: Table 1 of the paper and the measures beside it.  Imports no torch."""

import json
import shlex
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from facedemo.evaluation.metrics import DUPLICATE, TOLERANCE
from facedemo.runs.records import set_aside
from facedemo.runs.run import is_run
from facedemo.storage.atomic import read_object, replace_file
from facedemo.storage.locations import WEIGHTS

FILE, EVALUATION = "report.json", "evaluation"  # where a bundle keeps one

UNDETECTED = "can't detect a face"  # the columns of Table 1
UNKNOWN = f"detected, but nobody of the gallery within {TOLERANCE}"
PAPER = {"DCGAN": (281, 0), "WGAN": (123, 0), "Ours": (19, 0)}  # its rows: both columns, of PAPER_COUNT faces
PAPER_COUNT = 1000


@dataclass(frozen=True)
class Rate:
    """A share of images, with its 95 % interval by Wilson 1927.  Raises ValueError where there is no such share."""

    count: int
    of: int
    low: float
    high: float

    def __post_init__(self) -> None:
        if not (0 <= self.count <= self.of and self.of > 0 and 0 <= self.low <= self.high <= 1):
            raise ValueError(f"{self.count} of {self.of}, {self.low} to {self.high}, is no share of images.")

    @property
    def share(self) -> float:
        return self.count / self.of

    def __str__(self) -> str:
        return f"{self.count:,} of {self.of:,} ({100 * self.low:.1f}–{100 * self.high:.1f}%)"


def rate(count: int, of: int) -> Rate:
    """Raises ValueError where there is nothing to count among."""
    from scipy.stats import binomtest

    if of < 1:
        raise ValueError("There is no image to count among.")
    interval = binomtest(count, of).proportion_ci(method="wilson")
    return Rate(count, of, float(interval.low), float(interval.high))


@dataclass(frozen=True)
class Row:
    """A row of Table 1 and the measures beside it; None is what could not be measured with what was at hand.

    undetected: no face found (the paper's first column).  unknown: a face, but nobody in the gallery within 0.6 (its
    second).  undetected_cnn: by the second detector.  people: distinct ones among the faces found, and `people_first`
    among the first so many images, for rows of different lengths.  distance: Fréchet distance to the held-out real
    faces of `compared` faces each.  nearest: median distance to the nearest training face.  duplicates: share of faces
    with another within 0.3.  fid, kid: what `inception.measure` returns, against the same real images.
    """

    name: str
    undetected: Rate
    undetected_cnn: Rate | None
    unknown: Rate | None
    people: int
    people_first: int
    distance: float | None
    nearest: float | None
    duplicates: float
    fid: float | None = None
    kid: float | None = None


@dataclass(frozen=True)
class Report:
    """All that was measured of a model, with what is needed to measure it again.

    rows: the model's, then that of real faces where there were any.  unseen: whether the model was trained on another
    part of its data than those real faces are from; None where there were none.
    """

    model: str
    seed: int
    count: int
    size: int
    data: str | None
    split: str
    people_first: int  # images that `Row.people_first` counts among
    compared: int | None  # faces on each side of the Fréchet distances
    rows: list[Row]
    versions: dict[str, str]
    unseen: bool | None = None
    gallery: str | None = None

    @property
    def drawn(self) -> Row:
        return self.rows[0]

    @property
    def real(self) -> Row | None:
        return self.rows[1] if len(self.rows) > 1 else None

    def command(self, model: str) -> str:
        """The line that measures `model` again as this report says."""
        words = ["verify", "--model", model, "--seed", self.seed, "--count", self.count]
        words += ["--data", self.data, "--split", self.split] if self.data else []
        words += ["--gallery", self.gallery] if self.gallery else []
        words += ["--cnn"] if self.drawn.undetected_cnn else []
        words += ["--copies"] if any(row.nearest is not None for row in self.rows) else []
        words += ["--fid"] if self.drawn.fid is not None else []
        return shlex.join(["facedemo", *map(str, words)])

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "tolerance": TOLERANCE, "duplicate": DUPLICATE}

    @staticmethod
    def from_json(report: Any) -> "Report":
        """A report from what `as_json` made of it.  Raises ValueError where it is none."""
        found = TypeAdapter(Report).validate_python(report)
        if not found.rows:
            raise ValueError("A report has at least the row of the model.")
        return found


def keep(report: Report, folder: Path) -> Path:
    """Stores an evaluation in the report.json of a bundle, beside what is there; returns that file.

    It holds numbers only: nothing of any image, and of the data no more than its name.
    Raises ValueError for what is no bundle, such as a run, and where report.json is damaged.
    """
    file = folder / FILE
    if not (folder / WEIGHTS).is_file() or is_run(folder):
        raise ValueError(f"“{folder.name}” is no bundle, and only those keep an evaluation: make one of the run first.")
    try:
        found = json.loads(file.read_text("utf8")) if file.exists() else {}
    except (ValueError, RecursionError) as error:
        raise ValueError(f"The {FILE} of “{folder.name}” is damaged: nothing was stored in it.") from error
    if not isinstance(found, dict):
        raise ValueError(f"The {FILE} of “{folder.name}” is damaged: nothing was stored in it.")
    return store(folder, report)


def store(folder: Path, report: Report) -> Path:
    """Keeps an evaluation in the report.json of a model, be it a bundle or a run, beside all else there."""
    known = read_object(folder / FILE)
    if not known and (folder / FILE).exists():
        set_aside(folder / FILE)
    known |= {EVALUATION: report.as_json()}
    replace_file(folder / FILE, json.dumps(known, indent=1) + "\n")
    return folder / FILE


def kept(folder: Path) -> Report | None:
    """The evaluation that a bundle brings; None where it brings none, or one that cannot be read."""
    try:
        return Report.from_json(read_object(folder / FILE).get(EVALUATION))
    except (ValueError, TypeError):
        return None
