"""An evaluation of a model from the command line and from Python."""

import json
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from facedemo.cli import main
from facedemo.data.images import Images, Selection
from facedemo.data.preparation import prepare
from facedemo.data.splits import halves
from facedemo.evaluation import verify
from facedemo.evaluation.detector import FaceDetections
from facedemo.evaluation.metrics import distinct_people, frechet
from facedemo.evaluation.report import Report
from facedemo.evaluation.request import EvaluationRequest
from facedemo.imaging import pictures
from facedemo.pretrained.model import find_model, load_model
from tests.conftest import facedemo
from tests.evaluation.conftest import generated


def images_in(folder: Path, images: Iterable[np.ndarray]) -> Path:
    """A folder of images, which are stand-ins for photographs."""
    folder.mkdir()
    for number, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{number:03d}.png")
    return folder


def test_a_comparison_with_the_part_that_models_train_on_is_refused(tmp_path: Path) -> None:
    model = load_model(find_model("ours-64"))
    with pytest.raises(ValueError, match="“train” is not held out"):
        verify.verify(model, EvaluationRequest(1, 0, str(tmp_path), "train"))


def test_a_gallery_that_is_also_the_data_is_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path / "cache"))
    nothing = np.random.default_rng(0).integers(0, 256, (90, 64, 64, 3), dtype=np.uint8)
    sheets = images_in(tmp_path / "shown", [*generated(30, seed=900), *nothing])
    begun = []

    def steps(what: str):
        return lambda done, total: begun.append(what)

    model, source = load_model(find_model("ours-64")), str(sheets)
    report, _ = verify.verify(model, EvaluationRequest(6, 900, source, gallery=source, copies=True), steps)
    analysed = list(dict.fromkeys(what for what in begun if what.startswith("analysing")))
    parts = [f"analysing the gallery, {part}" for part in ("train", "validation", "test")]
    assert analysed == ["analysing ours-64", *parts]
    assert report.generated.unrecognised.count == 0, "each of them is in the gallery"


def looked_at(images: Images, *args: Any, progress: Any = None, **options: Any) -> FaceDetections:
    """Detections without a detector: a face in each image, whose embedding depends on the image alone."""
    seeds = [int(np.asarray(images[row])[:8, :8].sum()) for row in range(len(images))]
    embeddings = np.stack([np.random.default_rng(seed).normal(scale=0.1, size=128) for seed in seeds])
    return FaceDetections(np.ones((len(seeds), 4), np.int64), np.ones(len(seeds), np.int64), embeddings)


def test_with_all_images_the_distance_is_the_mean_of_those_to_two_halves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(verify, "detect_and_embed", looked_at)
    noise = np.random.default_rng(0).integers(0, 256, (600, 64, 64, 3), dtype=np.uint8)
    model, source = load_model(find_model("ours-64")), str(images_in(tmp_path / "others", noise))
    report, generated = verify.verify(model, EvaluationRequest(320, 1, source, "all", cnn=True))

    faces = prepare(source, 64)
    halved = [looked_at(Selection(faces.images, rows)).embeddings for rows in halves(faces, source)]
    assert (report.split, report.frechet_n, report.matched_n, report.unseen) == ("all", 300, 320, False)
    assert report.real.name == "real faces, all"
    assert (report.real.undetected.of, report.real.undetected_cnn.of) == (600, 600)
    assert report.real.people == distinct_people(looked_at(faces.images).embeddings), "of all images, in their order"
    assert report.real.distance == pytest.approx(frechet(*halved))
    own = generated.hog.embeddings[:300]
    assert report.generated.distance == pytest.approx(np.mean([frechet(own, half) for half in halved]))
    assert report.generated.distance != pytest.approx(frechet(own, halved[0]), rel=1e-6)


def test_the_command_keeps_a_comparison_with_all_images_on_the_card(tmp_path: Path) -> None:
    nothing = np.random.default_rng(0).integers(0, 256, (58, 64, 64, 3), dtype=np.uint8)
    images_in(tmp_path / "others", [*generated(6, seed=900), *nothing])
    bundled = tmp_path / "mine"
    shutil.copytree(find_model("ours-64"), bundled)
    arguments = [
        "--model",
        str(bundled),
        "--count",
        "2",
        "--data",
        str(tmp_path / "others"),
        "--split",
        "all",
        "--keep",
    ]
    done = facedemo(tmp_path, "verify", *arguments)
    assert done.returncode == 0, done.stderr
    assert "real faces, all" in done.stdout
    smaller = json.loads((bundled / "report.json").read_text("utf8"))["smaller_evaluations"]
    kept = Report.from_json(smaller[-1])
    assert (kept.count, kept.split, kept.real.undetected.of) == (2, "all", 64)
    assert "The real faces are all images of others: if the model was trained on some of them" in done.stdout


def test_the_command_verifies_against_a_gallery_draws_sheets_and_keeps_the_report(tmp_path: Path) -> None:
    nothing = np.random.default_rng(0).integers(0, 256, (58, 64, 64, 3), dtype=np.uint8)
    people = images_in(tmp_path / "people", [*generated(6, seed=900), *nothing])
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
