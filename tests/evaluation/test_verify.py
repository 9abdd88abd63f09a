"""An evaluation of a model from the command line and from Python."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facedemo.cli import main
from facedemo.evaluation import verify
from facedemo.evaluation.report import Report
from facedemo.evaluation.request import EvaluationRequest
from facedemo.imaging import pictures
from facedemo.pretrained.model import find_model, load_model
from tests.conftest import facedemo
from tests.evaluation.conftest import generated


def test_a_comparison_with_the_part_that_models_train_on_is_refused(tmp_path: Path) -> None:
    model = load_model(find_model("ours-64"))
    with pytest.raises(ValueError, match="“train” is not held out"):
        verify.verify(model, EvaluationRequest(1, 0, str(tmp_path), "train"))


def test_a_gallery_that_is_also_the_data_is_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path / "cache"))
    sheets = tmp_path / "shown"
    sheets.mkdir()
    nothing = np.random.default_rng(0).integers(0, 256, (90, 64, 64, 3), dtype=np.uint8)
    for number, image in enumerate(
        np.concatenate([generated(30, seed=900), nothing])
    ):  # drawn: stand-ins for photographs
        Image.fromarray(image).save(sheets / f"{number:03d}.png")
    begun = []

    def steps(what: str):
        return lambda done, total: begun.append(what)

    model, source = load_model(find_model("ours-64")), str(sheets)
    report, _ = verify.verify(model, EvaluationRequest(6, 900, source, gallery=source, copies=True), steps)
    analysed = list(dict.fromkeys(what for what in begun if what.startswith("analysing")))
    parts = [f"analysing the gallery, {part}" for part in ("train", "validation", "test")]
    assert analysed == ["analysing ours-64", *parts]
    assert report.generated.unrecognised.count == 0, "each of them is in the gallery"


def test_the_command_verifies_against_a_gallery_draws_sheets_and_keeps_the_report(tmp_path: Path) -> None:
    people = tmp_path / "people"
    people.mkdir()
    nothing = np.random.default_rng(0).integers(0, 256, (58, 64, 64, 3), dtype=np.uint8)
    for number, image in enumerate(
        np.concatenate([generated(6, seed=900), nothing])
    ):  # drawn: stand-ins for photographs
        Image.fromarray(image).save(people / f"{number:02d}.png")
    bundled = tmp_path / "mine"
    shutil.copytree(find_model("ours-64"), bundled)
    before = json.loads((bundled / "report.json").read_text("utf8"))

    arguments = ["--model", str(bundled), "--count", "6", "--seed", "900", "--gallery", str(people), "--keep"]
    arguments += ["--json", str(tmp_path / "report.json"), "--pictures", str(tmp_path / "pictures")]
    done = facedemo(tmp_path, "verify", *arguments)
    assert done.returncode == 0, done.stderr
    written = json.loads((tmp_path / "report.json").read_text("utf8"))
    report = Report.from_json(written)
    assert report.generated.undetected.of == 6
    assert report.generated.unrecognised.count == 0, "each of them is in the gallery"
    assert 1 <= report.generated.people <= 6
    assert report.versions.keys() >= {"torch", "face-recognition"}
    assert "can't detect a face" in done.stdout
    assert f"A face is detected in {6 - report.generated.undetected.count} of 6" in done.stdout

    facts = pictures.read_settings(tmp_path / "pictures" / "detected.png")
    assert (facts["seed"], facts["of"]) == ("900", str(6 - report.generated.undetected.count))
    assert pictures.read_settings(tmp_path / "pictures" / "people.png")["of"] == str(report.generated.people)

    after = json.loads((bundled / "report.json").read_text("utf8"))
    assert after.pop("smaller_evaluations") == [written]  # the larger one that was there is kept
    assert after.pop("evaluation")["count"] == before.pop("evaluation")["count"] == 1000
    assert after == before
    assert str(tmp_path) not in (bundled / "report.json").read_text("utf8")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--quick", "--keep"], "--quick only measures the detection rate"),
        (["--fid"], "give them with --data"),
        (["--seeds", "2", "--keep"], "Omit --seeds"),
        (["--seed", str(2**32 - 1), "--seeds", "2"], "A seed is a whole number"),
        (["--count", "3", "--data", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_measured_is_said_without_a_traceback(
    arguments: list[str],
    expected: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["facedemo", "verify", *arguments])
    with pytest.raises(SystemExit) as end:  # any other exception would be a traceback
        main()
    assert end.value.code == 1
    assert expected in capsys.readouterr().err
