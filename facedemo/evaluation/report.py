"""The results of an evaluation in numbers: the paper's Table 1 and further metrics. Imports no torch."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import AliasChoices, Field, TypeAdapter

from facedemo.evaluation.metrics import DUPLICATE, TOLERANCE
from facedemo.runs.records import set_aside
from facedemo.runs.run import is_run
from facedemo.storage.atomic import read_object, replace_file
from facedemo.storage.locations import REPORT, WEIGHTS

EVALUATION = "evaluation"  # its key in the report.json of a bundle or a run: the one of the most faces
SMALLER = "smaller_evaluations"  # the others

UNDETECTED = "can't detect a face"  # the columns of Table 1
UNRECOGNISED = f"detected, but nobody in the gallery within {TOLERANCE}"
PAPER = {"DCGAN": (281, 0), "WGAN": (123, 0), "Ours": (19, 0)}  # its rows: both columns, for PAPER_COUNT faces
PAPER_COUNT = 1000


def percent(share: float, digits: int = 1) -> str:
    """ "18.5 %" for 0.185."""
    return f"{100 * share:.{digits}f} %"


@dataclass(frozen=True)
class Rate:
    """A share of images, with its 95 % interval by Wilson 1927.  Raises ValueError if there is no such share."""

    count: int
    of: int
    low: float
    high: float

    def __post_init__(self) -> None:
        if not (0 <= self.count <= self.of and self.of > 0 and 0 <= self.low <= self.high <= 1):
            raise ValueError(f"{self.count} of {self.of}, {self.low} to {self.high}, is not a share of images.")

    @property
    def share(self) -> float:
        return self.count / self.of

    def __str__(self) -> str:
        return f"{self.count:,} of {self.of:,} ({100 * self.low:.1f}–{100 * self.high:.1f} %)"


def rate(count: int, of: int) -> Rate:
    """Raises ValueError if there are no images."""
    from scipy.stats import binomtest  # takes long to load, and reading reports does not need it

    if of < 1:
        raise ValueError("A share needs at least one image.")
    interval = binomtest(count, of).proportion_ci(method="wilson")
    return Rate(count, of, float(interval.low), float(interval.high))


@dataclass(frozen=True)
class Row:
    """A row of Table 1 and further metrics; None for metrics that were not measured.

    undetected: no face detected (the paper's first column).  unrecognised: a face, but nobody in the gallery within
    0.6 (its second column).  undetected_cnn: by the second detector.  people: distinct people among the detected
    faces. people_matched_n: the same among the first `matched_n` images only, an equal number for every row.
    distance: Fréchet distance to the real faces, with `frechet_n` faces each.  nearest: median distance to
    the nearest training face. duplicates: share of faces with another within 0.3.  fid, kid: as
    `inception.fid_and_kid` returns them, against the same real images.  main_variance: as returned by
    `metrics.main_variance`, against the same real faces.
    """

    name: str
    undetected: Rate
    undetected_cnn: Rate | None
    unrecognised: Annotated[Rate | None, Field(validation_alias=AliasChoices("unrecognised", "unknown"))]
    people: int
    people_matched_n: Annotated[int, Field(validation_alias=AliasChoices("people_matched_n", "people_first"))]
    distance: float | None
    nearest: float | None
    duplicates: float
    fid: float | None = None
    kid: float | None = None
    main_variance: float | None = None

    @property
    def faces(self) -> int:
        """The number of detected faces; with none, there is nothing to say of people and near-duplicates."""
        return self.undetected.of - self.undetected.count


@dataclass(frozen=True)
class Report:
    """All metrics of a model, with the settings needed to reproduce them.

    rows: the model's row, then that of real faces if there were any.  split: that of the real faces; if it is “all”,
    distances are means of those to their two halves.  unseen: whether the real faces are from a split that the model
    was not trained on; None if there were none.  matched_n: number of images for `Row.people_matched_n`.  frechet_n:
    number of faces on each side of the Fréchet distances.
    """

    model: str
    seed: int
    count: int
    size: int
    data: str | None
    split: str
    matched_n: Annotated[int, Field(validation_alias=AliasChoices("matched_n", "people_first"))]
    frechet_n: Annotated[int | None, Field(validation_alias=AliasChoices("frechet_n", "compared"))]
    rows: list[Row]
    versions: dict[str, str]
    unseen: bool | None = None
    gallery: str | None = None

    @property
    def generated(self) -> Row:
        return self.rows[0]

    @property
    def real(self) -> Row | None:
        return self.rows[1] if len(self.rows) > 1 else None

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "tolerance": TOLERANCE, "duplicate": DUPLICATE}

    @staticmethod
    def from_json(report: Any) -> "Report":
        """A report from the output of `as_json`.  Raises ValueError if it is not one."""
        parsed = TypeAdapter(Report).validate_python(report)
        if not parsed.rows:
            raise ValueError("A report needs at least the model's row.")
        return parsed


def save_bundle_evaluation(report: Report, folder: Path) -> Path:
    """Adds an evaluation to the report.json of a bundle; returns that file.

    It stores numbers only: no image data, and only the name of the data set.  Raises ValueError if the folder is not a
    bundle (for example a run), or if report.json is damaged.
    """
    file = folder / REPORT
    if not (folder / WEIGHTS).is_file() or is_run(folder):
        raise ValueError(
            f"“{folder.name}” is not a bundle, and only bundles can store an evaluation. Export the run as a bundle "
            "first."
        )
    try:
        record = json.loads(file.read_text("utf8")) if file.exists() else {}
    except (ValueError, RecursionError) as error:
        raise ValueError(f"The {REPORT} of “{folder.name}” is damaged, so nothing was stored in it.") from error
    if not isinstance(record, dict):
        raise ValueError(f"The {REPORT} of “{folder.name}” is damaged, so nothing was stored in it.")
    return save_evaluation(folder, report)


def save_evaluation(folder: Path, report: Report) -> Path:
    """Adds an evaluation to the report.json of a bundle or a run; it replaces one of the same number of faces."""
    content = read_object(folder / REPORT)
    if not content and (folder / REPORT).exists():
        set_aside(folder / REPORT)
    counts = {stored.count: stored for stored in load_evaluations(folder)} | {report.count: report}
    largest, *smaller = (counts[count].as_json() for count in sorted(counts, reverse=True))
    content |= {EVALUATION: largest} | ({SMALLER: smaller} if smaller else {})
    replace_file(folder / REPORT, json.dumps(content, indent=1) + "\n")
    return folder / REPORT


def load_evaluation(folder: Path) -> Report | None:
    """The evaluation of the most faces stored with a bundle; None if there is none or it cannot be read."""
    return next(iter(load_evaluations(folder)), None)


def load_evaluations(folder: Path) -> list[Report]:
    """All evaluations stored with a bundle, of the most faces first, without those that cannot be read."""
    content = read_object(folder / REPORT)
    smaller = content.get(SMALLER)
    reports = []
    for stored in [content.get(EVALUATION), *(smaller if isinstance(smaller, list) else [])]:
        try:
            reports.append(Report.from_json(stored))
        except (ValueError, TypeError):
            continue
    return reports
