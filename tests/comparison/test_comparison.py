"""Comparisons and their reports: the right numbers, the right faces, and nothing that leads out of the file."""

import base64
import io
import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facedemo.comparison import gather
from facedemo.comparison import report as comparison_report
from facedemo.comparison.gather import Comparison
from facedemo.evaluation.report import Report, Row, load_evaluation, rate, save_evaluation
from facedemo.evaluation.request import EvaluationRequest
from facedemo.evaluation.table import table
from facedemo.imaging.pictures import read_grid
from facedemo.pretrained import sampling
from facedemo.pretrained.model import FaceModel, find_model, load_model
from facedemo.pretrained.seeds import face_seeds
from tests.conftest import Maker

SEED = 5


def report(name: str, undetected: int, people: int, distance: float | None = 0.052) -> Report:
    rows = [
        Row(name, rate(undetected, 1000), None, None, people, people - 10, distance, 0.71, 0.002),
        Row("real faces, test", rate(50, 856), None, None, 323, 323, 0.016, 0.64, 0.015),
    ]
    versions = {"torch": "2.15.0"}
    return Report(name, SEED, 1000, 64, "faces.tar", "test", 856, 806, rows if distance else rows[:1], versions)


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """A bundle with curves, and one that brings none and has a name to be careful with."""
    folder = tmp_path_factory.mktemp("models")
    whole, curious = folder / "whole", folder / "curious"
    for path in (whole, curious):
        model = FaceModel({"model": {"size": 32, "latent": 8, "width": 4}, "data": {"source": str(folder / "x.zip")}})
        model.save_pretrained(path)
        (path / "config.json").write_text(model.config.model_dump_json(), "utf8")
    facts = {"iterations": 1200, "images": 19_200, "minutes": 8.0, "parameters": {"generator": 3, "discriminator": 9}}
    curves = {"step": [10, 20], "loss_real": [0.2, 0.1], "loss_fake": [0.3, 0.2], "k": [0.0, 0.1]}
    curves["convergence"] = [0.4, 0.3]
    (whole / "report.json").write_text(json.dumps({**facts, "curves": curves, "last": {"loss_real": 0.1}}))
    save_evaluation(whole, report("whole", 17, 98))
    return gather.gather(
        {"whole": whole, "γ <b>0.5</b> | x": curious},
        seed=SEED,
        command="facedemo compare --models whole",
        evaluations={"γ <b>0.5</b> | x": report("other", 281, 40)},
    )


@pytest.fixture(scope="module")
def files(comparison: Comparison) -> dict[str, bytes]:
    return comparison_report.files(comparison)


def test_the_report_holds_table_1_with_intervals_and_the_measures_beside_it(files: dict[str, bytes]) -> None:
    for text in (files["report.html"].decode(), files["report.md"].decode()):
        for line in (
            "17 of 1,000: 1.7 % (1.1–2.7 %)",
            "281 of 1,000: 28.1 % (25.4–31.0 %)",
            "98 of 1,000",
            "88 of 856",
        ):
            assert line in text
        for line in (
            "0.052 (806 each)",
            "0.710",
            "0.2 %",
            "real faces, test",
            "50 of 856: 5.8 % (4.5–7.6 %)",
            "323 of 856",
        ):
            assert line in text
        assert "1,200" in text
        assert "19,200" in text
        assert ">40<" in text or "| 40 |" in text, "images a second: 19,200 in 8 minutes"
        assert "facedemo compare --models whole" in text
        assert "facedemo verify --model whole --seed 5 --count 1000 --data faces.tar --split test --copies" in text


def test_the_html_needs_no_other_file_and_no_network(files: dict[str, bytes]) -> None:
    html = files["report.html"].decode()
    links = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?([^"')\s>]+)""", html)
    assert links
    assert all(link.startswith("data:image/png;base64,") for link in links)
    assert not re.search(r"https?:|//\w+\.|<script|<link|@import", re.sub(r"base64,[\w+/=]+", "", html))


def test_entrants_draw_the_faces_of_the_same_seeds(make_bundle: Maker) -> None:
    path = make_bundle()
    (compared,) = gather.gather({"tiny": path}, seed=SEED).models
    np.testing.assert_array_equal(compared.faces, sampling.generate(load_model(path), face_seeds(SEED, 64)))


def test_the_faces_in_it_are_those_of_the_seeds(comparison: Comparison, files: dict[str, bytes]) -> None:
    expected = comparison.models[0].faces
    np.testing.assert_array_equal(read_grid(files["faces-whole.png"], 64), expected)
    np.testing.assert_array_equal(read_grid(files["side-whole.png"], 16), expected[:16])
    html = files["report.html"].decode()
    images = [base64.b64decode(part) for part in re.findall(r"base64,([\w+/=]+)", html)]
    assert files["faces-whole.png"] in images
    for image in images:
        Image.open(io.BytesIO(image)).verify()


def test_the_markdown_shows_the_pictures_that_lie_beside_it(files: dict[str, bytes]) -> None:
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", files["report.md"].decode())
    assert {"side-whole.png", "faces-whole.png", "curves-whole.png"} <= set(pictures)
    assert set(pictures) <= files.keys()


def test_a_name_is_no_markup_and_no_path(files: dict[str, bytes]) -> None:
    assert "<b>0.5</b>" not in files["report.html"].decode()
    assert r"0.5</b> \| x |" in files["report.md"].decode()
    assert "faces-gamma-b-0-5-b-x.png" in files
    assert all(re.fullmatch(r"[\w.-]+", name) for name in files)


def test_models_with_names_alike_do_not_overwrite_each_others_pictures(make_bundle: Maker) -> None:
    comparison = gather.gather({"a b": make_bundle("a b"), "a-b": make_bundle("a-b")})
    assert list(comparison.stems.values()) == ["a-b", "a-b-2"]
    assert {"faces-a-b.png", "faces-a-b-2.png"} <= comparison_report.files(comparison).keys()


def test_no_path_of_this_machine_is_in_a_report(
    files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    for name in ("report.html", "report.md", "report.json"):
        text = files[name].decode()
        assert str(tmp_path_factory.getbasetemp()) not in text
        assert str(Path.home()) not in text
        assert "x.zip" in text, "the data are named"


def test_the_numbers_come_as_json_and_an_evaluation_reads_back(files: dict[str, bytes]) -> None:
    numbers = json.loads(files["report.json"])
    first, second = numbers["contenders"]
    assert first["images_per_second"] == 40
    assert Report.from_json(first["evaluation"]) == report("whole", 17, 98)
    assert second["training"] == {}
    assert numbers["versions"].keys() >= {"torch", "face-recognition"}


def test_a_report_of_models_that_were_never_evaluated_says_so(make_bundle: Maker, tmp_path: Path) -> None:
    comparison = gather.gather({"tiny": make_bundle()})
    out = comparison_report.write(comparison, tmp_path / "out")
    assert "This model has not been evaluated yet." in out.read_text("utf8")
    assert "tiny has no recorded curves." in out.read_text("utf8")


def test_images_that_a_model_saw_before_this_training_count_too(comparison: Comparison) -> None:
    whole = comparison.models[0]
    assert comparison_report.training(whole)[2] == "19,200"
    started = replace(whole, training=replace(whole.training, images_before=367_328))
    assert comparison_report.training(started)[2] == "367,328 + 19,200"
    assert comparison_report.training(started)[4] == "40", "images a second are those of this training alone"


def test_a_sweep_shows_quality_against_diversity(comparison: Comparison) -> None:
    swept = Comparison(comparison.title, SEED, comparison.models, kind="sweep")
    assert "sweep.png" in comparison_report.files(swept)
    assert "sweep.png" not in comparison_report.files(comparison)


def test_a_report_as_zip_is_one_folder(comparison: Comparison) -> None:
    with zipfile.ZipFile(io.BytesIO(comparison_report.packed(comparison))) as archive:
        assert {Path(name).parent.name for name in archive.namelist()} == {"comparison"}
        assert "comparison/report.md" in archive.namelist()


def test_real_faces_that_are_the_same_for_all_have_one_column() -> None:
    head, rows = table({"a": report("a", 17, 98), "b": report("b", 20, 90), "c": None})
    assert head == ["", "a", "b", "real faces, test"]
    assert len({len(row) for row in rows}) == 1
    assert "can't detect a face, second detector" not in [row[0] for row in rows], "nobody asked it"


@pytest.mark.parametrize("content", ["", "[]", '{"evaluation": 3}', '{"evaluation": {"rows": []}}', "{"])
def test_a_damaged_evaluation_counts_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "report.json").write_text(content)
    assert load_evaluation(tmp_path) is None
    assert load_evaluation(tmp_path / "nowhere") is None


def test_an_evaluation_is_kept_beside_what_was_known(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text('{"iterations": 3}')
    save_evaluation(tmp_path, report("a", 17, 98))
    assert json.loads((tmp_path / "report.json").read_text("utf8"))["iterations"] == 3
    assert load_evaluation(tmp_path) == report("a", 17, 98)


def test_a_bundled_model_is_evaluated_with_the_real_detector() -> None:
    comparison = gather.evaluate(find_model("ours-64"), EvaluationRequest(6, 900).with_source_of("built-in"))
    assert comparison.data is None, "built-in faces are not real ones"
    assert comparison.rows[0].undetected.of == 6
    assert comparison.rows[0].undetected.count <= 2


def test_faces_are_found_in_small_pictures_too() -> None:
    from facedemo.evaluation.detector import detect_chunk

    faces = sampling.generate(load_model(find_model("ours-64")), face_seeds(900, 6))
    small = np.stack([np.asarray(Image.fromarray(face).resize((32, 32), Image.Resampling.LANCZOS)) for face in faces])
    boxes, count, embeddings = detect_chunk(small, "hog", True)
    assert (count > 0).sum() >= 4
    assert boxes.max() <= 40
    assert np.isfinite(embeddings[count > 0]).all()
