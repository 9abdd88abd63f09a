"""The report of a model's training is read by one function, whatever an earlier version or an editor left in it."""

import json
from pathlib import Path

import pytest

from facedemo.config.schedule import SettingChange
from facedemo.runs.evaluations import Evaluation
from facedemo.runs.model_report import ModelReport, read_report
from facedemo.storage.locations import bundled

WHOLE = ModelReport(
    iterations=60,
    images=960,
    chosen_by=Evaluation(50, 800, 3.5, 64, 40, people=12, real_people=30, distance=0.4),
    images_before=1000,
    minutes=0.5,
    parameters={"generator": 7, "discriminator": 8},
    steering=[SettingChange(10, {"gamma": 0.6})],
    started_with={"gamma": 0.7},
    changes=[{"command": "mend", "images": 5}, {"command": "calibrate", "penalty": 0.1}],
    versions={"torch": "2"},
    last={"k": 0.01},
    curves={"step": [1.0, 2.0], "k": [0.0, 0.01]},
)


def write(folder: Path, record: object) -> Path:
    (folder / "report.json").write_text(json.dumps(record), "utf8")
    return folder


def test_a_report_reads_back_and_what_is_unknown_is_left_out(tmp_path: Path) -> None:
    assert read_report(write(tmp_path, WHOLE.as_record())) == WHOLE
    assert read_report(write(tmp_path, {**WHOLE.as_record(), "evaluation": {}})) == WHOLE
    assert ModelReport(images=5).as_record() == {"images": 5}
    assert read_report(tmp_path / "nowhere") == ModelReport()


def test_what_changed_the_weights_is_told_in_order_and_what_is_unknown_left_out(tmp_path: Path) -> None:
    first = {"command": "calibrate", "penalty": 0.01, "shift": "yes"}
    earlier = write(tmp_path, {"calibration": {"penalty": 0.01, "shift": "yes"}, "changes": WHOLE.changes})
    assert read_report(earlier).changes == [first, *WHOLE.changes]
    odd = write(tmp_path, {"changes": [{"command": "polish"}, {"images": 3}, {"command": "mend"}]})
    assert read_report(odd).changes == [{"command": "mend"}]
    for damaged in ("mend", 5, None, [3], [{"command": []}]):
        assert read_report(write(tmp_path, {"changes": damaged})).changes == []
        mixed = {"changes": damaged, "calibration": {"penalty": 0.01, "shift": "yes"}}
        assert read_report(write(tmp_path, mixed)).changes == [first]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("iterations", "many"),
        ("images", True),
        ("minutes", None),
        ("parameters", {"generator": "big"}),
        ("chosen_by", {"step": 1}),
        ("steering", [{"at": 1}]),
        ("last", 3),
        ("curves", {"step": [1.0], "k": []}),
    ],
)
def test_a_damaged_field_is_unknown_and_the_others_count(tmp_path: Path, name: str, value: object) -> None:
    report = read_report(write(tmp_path, {**WHOLE.as_record(), name: value}))
    assert report.as_record().items() <= WHOLE.as_record().items()
    assert len(report.as_record()) == len(WHOLE.as_record()) - 1


def test_the_reports_of_the_bundled_models_are_whole() -> None:
    for model in bundled():
        report = read_report(model)
        assert report.iterations
        assert report.parameters.keys() == {"generator", "discriminator"}
        assert report.curves["step"]
