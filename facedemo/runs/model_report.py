"""The report.json of a model: its training in numbers. The same file has its evaluation (`evaluation.report`)."""

from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from facedemo.config.schedule import SettingChange
from facedemo.runs.evaluations import Evaluation, parse_evaluation
from facedemo.runs.records import Numbers, setting_changes
from facedemo.storage.atomic import read_object
from facedemo.storage.locations import REPORT


@dataclass(frozen=True)
class ModelReport:
    """How a model was trained; a default stands for what is not known.

    iterations, images, minutes: of this training, without that of a start model, which saw `images_before` real images.
    chosen_by: the evaluation by which the weights were chosen.  parameters: by network.  steering: the settings changed
    meanwhile.  started_with: the values of these settings before.  last: metric → its last value.  curves: metric → its
    values, all of one length.  changes: the commands that changed the weights after the training, in order, each one of
    `CHANGES` under "command", with its options.
    """

    iterations: int | None = None
    images: int | None = None
    chosen_by: Evaluation | None = None
    images_before: int = 0
    minutes: float | None = None
    parameters: dict[str, int] = field(default_factory=dict)
    steering: list[SettingChange] = field(default_factory=list)
    started_with: dict[str, float] = field(default_factory=dict)
    changes: list[dict[str, int | float | str]] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    last: Numbers = field(default_factory=dict)
    curves: dict[str, list[float]] = field(default_factory=dict)

    def as_record(self) -> dict[str, Any]:
        """What is known, for a report.json."""
        steering = [{"step": change.step, "changes": change.changes} for change in self.steering]
        return {name: value for name, value in {**asdict(self), "steering": steering}.items() if value not in UNKNOWN}


CHANGES = {
    "calibrate": "changed the first layer of the generator",
    "mend": "trained the generator on its own faces",
}
UNKNOWN = (None, 0, {}, [])
TYPES = {name: TypeAdapter(kind) for name, kind in get_type_hints(ModelReport).items()}


def read_report(folder: Path) -> ModelReport:
    """The report of a run or a bundle; what is missing or damaged in it counts as unknown."""
    record, values = read_object(folder / REPORT), dict[str, Any]()
    record["changes"] = known_changes(record.get("calibration"), record.get("changes"))
    for name in (item.name for item in fields(ModelReport) if item.name in record):
        with suppress(ValidationError):
            values[name] = TYPES[name].validate_python(as_typed(name, record[name]), strict=True)
    if len({len(curve) for curve in values.get("curves", {}).values()}) > 1:
        del values["curves"]
    return ModelReport(**values)


def known_changes(calibration: Any, later: Any) -> list[dict[str, Any]]:
    """The changes of the weights in a report.json.  calibration: the options of the first one, in earlier versions."""
    first = [{"command": "calibrate", **calibration}] if isinstance(calibration, dict) else []
    changes = first + later if isinstance(later, list) else first
    return [change for change in changes if isinstance(change, dict) and change.get("command") in list(CHANGES)]


def as_typed(name: str, value: Any) -> Any:
    """A field as read from JSON, with its objects in place of their records."""
    if name == "steering":
        return setting_changes(value)
    if name == "chosen_by" and isinstance(value, dict):
        return next(iter(parse_evaluation(value).values()), None)
    return value
