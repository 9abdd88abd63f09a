"""Reports of an evaluation: kept, read again, and put into words."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from facedemo.evaluation import inception
from facedemo.evaluation.commands import verify_command
from facedemo.evaluation.narrative import describe
from facedemo.evaluation.report import Report, Row, load_evaluation, rate, save_bundle_evaluation
from facedemo.evaluation.table import table
from facedemo.runs.run import Run
from facedemo.storage.process_status import Status
from tests.evaluation.reports import REAL, report, row


def test_a_report_comes_back_from_json_as_it_was() -> None:
    for was in (report(row()), report(row(unrecognised=rate(3, 1000), fid=20.5, kid=0.01), REAL)):
        assert Report.from_json(json.loads(json.dumps(was.as_json()))) == was


def test_a_report_of_an_earlier_version_is_read_under_its_old_names() -> None:
    was = report(row(unrecognised=rate(3, 1000)), REAL)
    old = was.as_json()
    old |= {"people_first": old.pop("matched_n"), "compared": old.pop("frechet_n")}
    for line in old["rows"]:
        line |= {"people_first": line.pop("people_matched_n"), "unknown": line.pop("unrecognised")}
    assert Report.from_json(old) == was


def test_the_line_that_measures_again_names_all_that_was_asked_for() -> None:
    plain = "facedemo verify --model mine --seed 1 --count 1000"
    assert verify_command(report(row(nearest=None), data=None), "mine") == plain
    full = report(row(undetected_cnn=rate(1, 1000), fid=20.5), REAL, gallery="my people.zip")
    expected = f"{plain} --data celeba.tar --split test --gallery 'my people.zip' --cnn --copies --fid"
    assert verify_command(full, "mine") == expected


@pytest.mark.parametrize(
    "change",
    [
        {"rows": []},
        {"rows": None},
        {"seed": "one"},
        {"rows": [row().__dict__ | {"undetected": {"count": 1, "of": 0, "low": 0, "high": 1}}]},
        {"rows": [row().__dict__ | {"undetected": {"count": 7, "of": 5, "low": 0, "high": 1}}]},
        {"rows": [row().__dict__ | {"undetected": {"count": 1, "of": 5, "low": float("nan"), "high": 1}}]},
    ],
)
def test_what_is_no_report_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        Report.from_json(report(row()).as_json() | change)
    with pytest.raises(ValueError, match=r"."):
        Report.from_json(["no", "report"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    (tmp_path / "report.json").write_text('{"iterations": 7}\n', "utf8")
    return tmp_path


def test_a_bundle_keeps_an_evaluation_beside_what_it_holds_and_gives_it_back(folder: Path) -> None:
    assert load_evaluation(folder) is None
    save_bundle_evaluation(report(row()), folder)
    save_bundle_evaluation(report(row(), REAL), folder)
    assert load_evaluation(folder) == report(row(), REAL)
    assert json.loads((folder / "report.json").read_text("utf8"))["iterations"] == 7
    assert sorted(path.name for path in folder.iterdir()) == ["model.safetensors", "report.json"]


def test_what_is_kept_is_numbers_and_names_and_nothing_of_an_image(folder: Path) -> None:
    save_bundle_evaluation(report(row(unrecognised=rate(1, 1000)), REAL), folder)

    def leaves(value: Any) -> list[Any]:
        if isinstance(value, dict | list):
            return [leaf for item in (value.values() if isinstance(value, dict) else value) for leaf in leaves(item)]
        return [value]

    values = leaves(json.loads((folder / "report.json").read_text("utf8"))["evaluation"])
    assert len(values) < 100, "one embedding alone has 128 numbers"
    assert all(len(leaf) < 100 for leaf in values if isinstance(leaf, str))


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_damaged_report_is_left_alone(folder: Path, text: str) -> None:
    (folder / "report.json").write_text(text, "utf8")
    with pytest.raises(ValueError, match="damaged"):
        save_bundle_evaluation(report(row()), folder)
    assert (folder / "report.json").read_text("utf8") == text
    assert load_evaluation(folder) is None


def test_a_run_keeps_no_evaluation_because_its_weights_go_on_changing(folder: Path) -> None:
    Run(folder).write_status(Status())
    with pytest.raises(ValueError, match="Export the run as a bundle"):
        save_bundle_evaluation(report(row()), folder)


def narrative(*rows: Row, **more: Any) -> str:
    return " ".join(describe(report(*rows, **more)))


def test_the_narrative_compares_with_real_faces_if_there_are_any() -> None:
    text = narrative(row(), REAL)
    assert "983 of 1,000 (98.3 %)" in text
    assert "detected more often" in text
    assert (
        "The first 856 images show 98 different people; the same number of real faces shows 323. "
        "The model repeats itself." in text
    )
    assert "to real faces is 0.052" in text
    assert "it is 0.016" in text
    assert "no sign of memorisation" in text
    assert "detected less often" in narrative(row(281), REAL)
    assert "difference is not significant" in narrative(row(5, 100), REAL)
    assert "check them for copies" in narrative(row(nearest=0.3), REAL)
    assert "repeats itself" not in narrative(row(people_matched_n=300), REAL)
    assert "repeats itself" not in narrative(row(undetected=1000, people=0, people_matched_n=0), REAL), (
        "there are no faces"
    )


def test_the_reading_says_what_is_missing_and_what_flatters() -> None:
    alone = narrative(row(people=1, nearest=None, distance=None), unseen=None)
    assert "1 person" in alone
    assert "Compare this with real faces" in alone
    assert "Fréchet" not in alone
    assert "needs 256" in narrative(row(distance=None), REAL)
    assert "biased in the model" in narrative(row(), REAL, unseen=False)
    assert "biased in the model" not in narrative(row(), REAL)
    whole = narrative(row(), REAL, unseen=False, split="all")
    assert "The real faces are all images of celeba.tar: if the model was trained on some of them" in whole
    assert "Between these two halves it is 0.016" in whole
    assert "needs 256 in each half" in narrative(row(distance=None), REAL, split="all")
    assert "nobody in the gallery" in narrative(row(unrecognised=rate(3, 1000)))
    assert "FID is 20.5 (between real faces 5.0)" in narrative(row(fid=20.5, kid=0.01), replace(REAL, fid=5.0, kid=0.0))


def test_without_its_package_fid_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)  # as Python marks what cannot be imported
    with pytest.raises(inception.FidelityError, match="uv sync --extra fid"):
        inception.package()


def test_weights_that_cannot_be_fetched_are_named_with_the_place_to_put_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # nobody listens there
    with pytest.raises(
        inception.FidelityError, match=r"could not be downloaded .*weights-inception.* into .*checkpoints"
    ):
        inception.package()


def test_fid_of_a_handful_of_images_is_refused() -> None:
    with pytest.raises(inception.FidelityError, match="too few"):
        inception.fid_and_kid([], [], 63)


def test_a_report_is_described_without_waiting_for_torch() -> None:
    """Pages that only show a stored evaluation, such as Compare, do not load a model."""
    code = "import sys, facedemo.evaluation.narrative, facedemo.evaluation.table; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_of_no_faces_nothing_is_said_but_that_there_are_none() -> None:
    nobody = row(1000, people=0, people_matched_n=0, duplicates=0.0, distance=None, nearest=None)
    for rows in ([nobody], [nobody, REAL]):
        words = narrative(*rows)
        assert "0 of 1,000" in words
        assert "people" not in words
        assert "duplicates" not in words
    cells = {line[0]: line[1] for line in table({"none": report(nobody, REAL)})[1]}
    assert (cells["distinct people"], cells["near-duplicates"]) == ("–", "–")


def test_one_is_singular() -> None:
    one = row(1, of=2, people=1, people_matched_n=1, unrecognised=rate(1, 2))
    assert "1 image shows a face that" in narrative(one)
    assert "The faces show 1 person." in narrative(one)
    assert "The first image shows 1 person;" in narrative(one, REAL, matched_n=1)
