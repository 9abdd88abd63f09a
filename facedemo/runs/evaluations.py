"""The evaluations of a run while it trained."""

from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from facedemo.storage.atomic import append_line, read_lines

EVALUATIONS = "evaluations.jsonl"
EARLIER = "detection.jsonl"  # of races in earlier versions, which only counted detected faces


@dataclass(frozen=True)
class Evaluation:
    """A model in training, evaluated on faces of fixed seeds.

    step, images, seconds: how long it had been trained.  detected: of `faces` generated images.  people, real_people:
    distinct ones on equal numbers of generated and real images.  distance: Fréchet distance to the real faces; None if
    too few faces were detected.
    """

    step: int
    images: int
    seconds: float
    faces: int
    detected: int
    people: int | None = None
    real_people: int | None = None
    distance: float | None = None

    @property
    def share(self) -> float:
        """The detection rate, in [0, 1]."""
        return self.detected / self.faces


def record(run: Path, evaluation: Evaluation) -> None:
    append_line(run / EVALUATIONS, asdict(evaluation))


def read_evaluations(run: Path) -> list[Evaluation]:
    """The evaluations of a run by iteration; [] if there are none. Unusable lines are left out."""
    rows = {}
    for row in read_lines(run / EARLIER):
        rows.update(parse_evaluation({"faces": row.get("of"), "detected": row.get("found"), **row}))
    for row in read_lines(run / EVALUATIONS):
        rows.update(parse_evaluation(row))
    return [rows[step] for step in sorted(rows)]


def parse_evaluation(row: dict[str, object]) -> dict[int, Evaluation]:
    """Iteration → the evaluation in a line; {} if the line has none."""
    try:
        evaluation = TypeAdapter(Evaluation).validate_python(row)
    except ValidationError:
        return {}
    return {evaluation.step: evaluation} if evaluation.faces > 0 else {}


def best(evaluations: list[Evaluation]) -> Evaluation | None:
    """The evaluation with the smallest Fréchet distance; None if it was never measured."""
    measured = [item for item in evaluations if item.distance is not None]
    return min(measured, key=lambda item: item.distance or 0.0, default=None)
