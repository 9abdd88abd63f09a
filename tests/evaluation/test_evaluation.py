"""The measures of Table 1 against references, and a real evaluation of the bundled model."""

import json
import shutil
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.linalg import sqrtm

from facedemo.cli import main
from facedemo.evaluation import verify
from facedemo.evaluation.detector import CHUNK, FaceDetections, detect_and_embed, landmarks
from facedemo.evaluation.metrics import closest, distinct_people, duplicates, frechet, nearest, people
from facedemo.evaluation.report import Report
from facedemo.evaluation.request import EvaluationRequest
from facedemo.imaging import pictures
from facedemo.pretrained import sampling
from facedemo.pretrained.model import find_model, load_model
from facedemo.pretrained.seeds import face_seeds
from facedemo.storage.workers import WorkerProcess
from tests.conftest import facedemo, fill


def test_the_frechet_distance_of_known_gaussians_is_theirs_in_closed_form() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(0.0, 1.0, (200_000, 4))
    b = rng.normal(0.5, 3.0, (200_000, 4))
    assert frechet(a, b) == pytest.approx(4 * (0.5**2 + (3 - 1) ** 2), rel=0.02)
    assert frechet(a, a) == pytest.approx(0, abs=1e-6)


def test_the_frechet_distance_is_that_of_the_covariances_as_sampled() -> None:
    rng = np.random.default_rng(1)
    mixing = rng.normal(size=(6, 6))
    a, b = rng.normal(size=(300, 6)) @ mixing, rng.normal(size=(400, 6)) + 0.3
    one, other = np.cov(a.T), np.cov(b.T)
    half = sqrtm(one)
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(one + other - 2 * np.real(sqrtm(half @ other @ half)))
    assert frechet(a, b) == pytest.approx(expected)
    assert frechet(b, a) == pytest.approx(expected)


def test_too_few_faces_for_a_frechet_distance_are_refused_in_words() -> None:
    with pytest.raises(ValueError, match="too few"):
        frechet(np.zeros((255, 128)), np.zeros((400, 128)))


def test_people_are_counted_as_long_as_they_are_further_apart_than_the_tolerance() -> None:
    line = np.zeros((6, 128))
    line[:, 0] = [0.0, 0.5, 0.61, 1.0, 1.3, 0.1]
    # 0.0 counts; 0.5 is near it; 0.61 counts; 1.0 is near 0.61; 1.3 counts; 0.1 is near 0.0
    assert distinct_people(line) == 3
    assert distinct_people(np.zeros((0, 128))) == 0


@given(st.lists(st.floats(-5, 5), max_size=30))
def test_people_are_never_more_than_faces_and_never_fewer_than_one(places: list[float]) -> None:
    embeddings = np.zeros((len(places), 128))
    embeddings[:, 3] = places
    assert min(1, len(places)) <= distinct_people(embeddings) <= len(places)


def test_each_face_belongs_to_the_first_person_that_it_is_near_to() -> None:
    line = np.zeros((6, 128))
    line[:, 0] = [0.0, 0.5, 0.61, 1.0, 1.3, 0.1]
    assert people(line).tolist() == [0, 0, 1, 1, 2, 0]
    assert people(line, tolerance=2.0).tolist() == [0] * 6
    assert people(np.zeros((0, 128))).tolist() == []


def test_the_closest_come_in_order_and_images_without_a_face_are_passed_over() -> None:
    others = np.full((5, 128), np.nan)
    others[[0, 2, 4]] = 0
    others[:, 0] += [3.0, 0.0, 1.0, 0.0, 2.0]
    distances, rows = closest(np.zeros(128), others, 2)
    assert (distances.tolist(), rows.tolist()) == ([1.0, 2.0], [2, 4])
    distances, rows = closest(np.zeros(128), others, 9)
    assert (distances.tolist(), rows.tolist()) == ([1.0, 2.0, 3.0], [2, 4, 0])
    assert not len(closest(np.zeros(128), others[[1, 3]], 3)[1])


def detected(places: list[float | None], images: np.ndarray | None = None, **more: object) -> verify.DetectedImages:
    """Faces whose embeddings lie on a line; None for an image without one."""
    found = np.array([place is not None for place in places])
    embeddings = np.full((len(places), 128), np.nan)
    embeddings[found] = 0
    embeddings[found, 0] = [place for place in places if place is not None]
    detections = FaceDetections(np.zeros((len(places), 4), int), found.astype(int), embeddings)
    images = np.arange(len(places) * 12, dtype=np.uint8).reshape(-1, 2, 2, 3) if images is None else images
    return verify.DetectedImages("line", images, detections, **more)


def test_people_are_numbered_over_all_images_and_nobody_is_on_one_without_a_face() -> None:
    assert detected([0.0, None, 1.0, 0.1, None]).identity.tolist() == [0, -1, 1, 0, -1]
    assert detected([None]).identity.tolist() == [-1]


def test_a_face_is_shown_its_nearest_training_faces_if_they_are_at_hand() -> None:
    training = detected([0.5, None, 0.2, 2.0])
    drawn = detected([0.0, None], training=training)
    found = drawn.nearest_training(0, 2)
    assert [distance for _, distance in found] == pytest.approx([0.2, 0.5])
    assert np.array_equal(found[0][0], training.images[2])
    assert len(drawn.nearest_training(0, 9)) == 3
    assert drawn.nearest_training(1, 2) == [], "no face, nothing to compare"
    assert detected([0.0]).nearest_training(0, 2) == []


def test_the_nearest_face_and_the_share_of_near_duplicates() -> None:
    embeddings = np.zeros((4, 128))
    embeddings[:, 0] = [0.0, 0.2, 1.0, 5.0]
    distances, rows = nearest(embeddings[:2], embeddings[2:])
    assert distances == pytest.approx([1.0, 0.8])
    assert list(rows) == [0, 0]
    assert duplicates(embeddings) == 0.5
    assert duplicates(embeddings[:1]) == 0.0


@pytest.mark.parametrize(("count", "of"), [(0, 10), (19, 1000), (500, 1000), (10, 10)])
def test_intervals_are_wilsons(count: int, of: int) -> None:
    z, share = 1.959963984540054, count / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * np.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    found = verify.rate(count, of)
    assert (found.low, found.high) == pytest.approx((middle - half, middle + half), abs=1e-9)


def drawn(count: int, seed: int = 5) -> np.ndarray:
    return sampling.generate(load_model(find_model("ours-64")), face_seeds(seed, count))


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Six faces, and two pictures of nothing."""
    nothing = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    return np.concatenate([drawn(6), nothing])


def test_faces_are_found_where_there_are_faces_and_nowhere_else(images: np.ndarray, tmp_path: Path) -> None:
    detections = detect_and_embed(images, processes=1, cache=tmp_path)
    assert detections.detected.sum() >= 4
    assert not detections.detected[6:].any()
    assert np.isfinite(detections.face_embeddings).all()
    assert np.isnan(detections.embeddings[6:]).all()
    first = int(np.flatnonzero(detections.detected)[0])
    assert {"chin", "left_eye", "right_eye", "top_lip"} <= landmarks(images[first], detections.boxes[first]).keys()


def test_an_interrupted_evaluation_goes_on_and_gives_the_same_answer(images: np.ndarray, tmp_path: Path) -> None:
    many = np.concatenate([images] * 7)  # three chunks
    whole = detect_and_embed(many, embed=False, processes=1, cache=tmp_path)
    kept = sorted(tmp_path.glob("*.npz"))
    assert len(kept) == 3
    kept[0].write_bytes(b"damaged")
    reports: list[tuple[int, int | None]] = []
    again = detect_and_embed(many, embed=False, processes=1, cache=tmp_path, progress=lambda *at: reports.append(at))
    assert np.array_equal(whole.boxes, again.boxes)
    assert len(reports) == 2, "what was kept was not judged again"
    assert reports[0][0] in (31, 50)
    assert reports[1] == (56, 56)


def test_an_evaluation_whose_results_cannot_be_kept_goes_on(images: np.ndarray, disk: Path, tmp_path: Path) -> None:
    whole = detect_and_embed(images, embed=False, processes=1, cache=tmp_path / "roomy")
    fill(disk / "ballast", 0)
    (tmp_path / "file").touch()
    for cache in (disk, tmp_path / "file", tmp_path / "file" / "cache"):
        assert np.array_equal(detect_and_embed(images, embed=False, processes=1, cache=cache).boxes, whole.boxes)
    assert [path.name for path in disk.iterdir()] == ["ballast"], "nothing half-written is left"


def test_what_a_killed_evaluation_left_half_written_is_removed_by_the_next(images: np.ndarray, tmp_path: Path) -> None:
    left = tmp_path / f".{'0' * 32}.npz.{2**22 - 3}-0123abcd.tmp"
    left.write_bytes(b"half")
    detect_and_embed(images[:1], embed=False, processes=1, cache=tmp_path)
    assert [path.suffix for path in tmp_path.iterdir()] == [".npz"]


def test_a_cancelled_evaluation_ends_and_keeps_what_was_evaluated(images: np.ndarray, tmp_path: Path) -> None:
    many = np.concatenate([images] * 7)

    def cancel(done: int, total: int | None) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        detect_and_embed(many, embed=False, processes=2, progress=cancel, cache=tmp_path)
    assert list(tmp_path.glob("*.npz"))
    assert not list(tmp_path.glob(".*")), "nothing half-written is left"


def test_several_processes_find_what_one_finds_and_leave_the_main_module_alone(
    images: np.ndarray, tmp_path: Path
) -> None:
    main, unchanged = sys.modules["__main__"], list[bool]()
    many = np.concatenate([images, images[:, :, ::-1]] * 7)  # more chunks than are given out at once
    alone = detect_and_embed(many, embed=False, processes=1, cache=tmp_path / "one")
    together = detect_and_embed(
        many,
        embed=False,
        processes=2,
        cache=tmp_path / "two",
        progress=lambda *_: unchanged.append(sys.modules["__main__"] is main),
    )
    assert np.array_equal(alone.boxes, together.boxes)
    assert unchanged
    assert all(unchanged)


class ManyImages:
    """More images than should be in memory at once, each made when it is asked for."""

    def __len__(self) -> int:
        return 2000

    def __getitem__(self, row: int) -> np.ndarray:
        if row >= len(self):
            raise IndexError
        return np.full((64, 64, 3), row % 256, np.uint8)


def test_no_more_images_than_a_few_chunks_are_in_memory_at_once(tmp_path: Path) -> None:
    def stop_before_the_first(*_: object) -> None:
        raise KeyboardInterrupt

    tracemalloc.start()
    with pytest.raises(KeyboardInterrupt):
        detect_and_embed(ManyImages(), processes=1, cache=tmp_path, progress=stop_before_the_first)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 * CHUNK * 64 * 64 * 3


def test_a_detection_process_that_dies_is_an_error_in_words() -> None:
    process = WorkerProcess("facedemo.evaluation.detector:detect_chunk")
    process.process.kill()
    with pytest.raises(RuntimeError, match="ended unexpectedly"):
        process.call(np.zeros((1, 64, 64, 3), np.uint8), "hog", False)
    process.end()


def test_the_workers_of_a_killed_evaluation_end_too(tmp_path: Path) -> None:
    script = tmp_path / "judging.py"
    script.write_text(
        "import numpy as np\n"
        "from pathlib import Path\n"
        "from facedemo.evaluation.detector import detect_and_embed\n"
        "if __name__ == '__main__':\n"
        "    images = np.random.default_rng(0).integers(0, 255, (5000, 64, 64, 3), np.uint8)\n"
        f"    detect_and_embed(images, embed=False, processes=2, cache=Path({str(tmp_path)!r}),\n"
        "          progress=lambda done, total: print(done, flush=True))\n"
    )
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True) as judging:
        for line in judging.stdout:
            if int(line) > 0:
                break
        children = psutil.Process(judging.pid).children()
        workers = [child for child in children if "storage.workers" in str(child.cmdline())]
        judging.kill()
    assert len(workers) == 2
    assert psutil.wait_procs(workers, timeout=60)[1] == []


def test_a_comparison_with_the_part_that_models_train_on_is_refused(tmp_path: Path) -> None:
    model = load_model(find_model("ours-64"))
    with pytest.raises(ValueError, match="“train” is not held out"):
        verify.verify(model, EvaluationRequest(1, 0, str(tmp_path), "train"))


def test_a_gallery_that_is_also_the_data_is_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path / "cache"))
    shown = tmp_path / "shown"
    shown.mkdir()
    nothing = np.random.default_rng(0).integers(0, 256, (90, 64, 64, 3), dtype=np.uint8)
    for number, image in enumerate(np.concatenate([drawn(30, seed=900), nothing])):  # drawn: stand-ins for photographs
        Image.fromarray(image).save(shown / f"{number:03d}.png")
    begun = []

    def steps(what: str):
        return lambda done, total: begun.append(what)

    model, source = load_model(find_model("ours-64")), str(shown)
    report, _ = verify.verify(model, EvaluationRequest(6, 900, source, gallery=source, copies=True), steps)
    looked = list(dict.fromkeys(what for what in begun if what.startswith("analysing")))
    parts = [f"analysing the gallery, {part}" for part in ("train", "validation", "test")]
    assert looked == ["analysing ours-64", *parts]
    assert report.generated.unrecognised.count == 0, "each of them is in the gallery"


def test_the_command_verifies_against_a_gallery_draws_sheets_and_keeps_the_report(tmp_path: Path) -> None:
    people = tmp_path / "people"
    people.mkdir()
    nothing = np.random.default_rng(0).integers(0, 256, (58, 64, 64, 3), dtype=np.uint8)
    for number, image in enumerate(np.concatenate([drawn(6, seed=900), nothing])):  # drawn: stand-ins for photographs
        Image.fromarray(image).save(people / f"{number:02d}.png")
    bundled = tmp_path / "mine"
    shutil.copytree(find_model("ours-64"), bundled)
    before = json.loads((bundled / "report.json").read_text("utf8"))

    words = ["--model", str(bundled), "--count", "6", "--seed", "900", "--gallery", str(people), "--keep"]
    words += ["--json", str(tmp_path / "report.json"), "--pictures", str(tmp_path / "pictures")]
    done = facedemo(tmp_path, "verify", *words)
    assert done.returncode == 0, done.stderr
    written = json.loads((tmp_path / "report.json").read_text("utf8"))
    found = Report.from_json(written)
    assert found.generated.undetected.of == 6
    assert found.generated.unrecognised.count == 0, "each of them is in the gallery"
    assert 1 <= found.generated.people <= 6
    assert found.versions.keys() >= {"torch", "face-recognition"}
    assert "can't detect a face" in done.stdout
    assert f"A face is detected in {6 - found.generated.undetected.count} of 6" in done.stdout

    facts = pictures.read_settings(tmp_path / "pictures" / "detected.png")
    assert (facts["seed"], facts["of"]) == ("900", str(6 - found.generated.undetected.count))
    assert pictures.read_settings(tmp_path / "pictures" / "people.png")["of"] == str(found.generated.people)

    after = json.loads((bundled / "report.json").read_text("utf8"))
    assert after.pop("smaller_evaluations") == [written]  # the larger one that was there is kept
    assert after.pop("evaluation")["count"] == before.pop("evaluation")["count"] == 1000
    assert after == before
    assert str(tmp_path) not in (bundled / "report.json").read_text("utf8")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--quick", "--keep"], "--quick only measures the detection rate"),
        (["--fid"], "give them with --data"),
        (["--seeds", "2", "--keep"], "Omit --seeds"),
        (["--seed", str(2**32 - 1), "--seeds", "2"], "A seed is a whole number"),
        (["--count", "3", "--data", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_measured_is_said_without_a_traceback(
    words: list[str], expected: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["facedemo", "verify", *words])
    with pytest.raises(SystemExit) as end:  # any other exception would be a traceback
        main()
    assert end.value.code == 1
    assert expected in capsys.readouterr().err
