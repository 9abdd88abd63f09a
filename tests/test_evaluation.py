"""The measures of Table 1 against references, and a real evaluation of the bundled model."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy.linalg import sqrtm

from facedemo import bundle, sampling
from facedemo.data import DataError
from facedemo.evaluation import faces
from facedemo.evaluation.distance import distinct_people, duplicates, frechet, nearest
from facedemo.evaluation.judge import judge, landmarks


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
    found = faces.rate(count, of)
    assert (found.low, found.high) == pytest.approx((middle - half, middle + half), abs=1e-9)


def drawn(count: int, seed: int = 5) -> np.ndarray:
    return sampling.generate(bundle.load(bundle.find("ours-64")), sampling.face_seeds(seed, count))


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Six faces, and two pictures of nothing."""
    nothing = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    return np.concatenate([drawn(6), nothing])


def test_faces_are_found_where_there_are_faces_and_nowhere_else(images: np.ndarray, tmp_path: Path) -> None:
    judged = judge(images, processes=1, cache=tmp_path)
    assert judged.found.sum() >= 4
    assert not judged.found[6:].any()
    assert np.isfinite(judged.known).all()
    assert np.isnan(judged.embeddings[6:]).all()
    first = int(np.flatnonzero(judged.found)[0])
    assert {"chin", "left_eye", "right_eye", "top_lip"} <= landmarks(images[first], judged.boxes[first]).keys()


def test_an_interrupted_evaluation_goes_on_and_gives_the_same_answer(images: np.ndarray, tmp_path: Path) -> None:
    many = np.concatenate([images] * 7)  # two chunks
    whole = judge(many, embed=False, processes=1, cache=tmp_path)
    kept = sorted(tmp_path.glob("*.npz"))
    assert len(kept) == 2
    kept[0].write_bytes(b"damaged")
    reports: list[tuple[int, int | None]] = []
    again = judge(many, embed=False, processes=1, cache=tmp_path, progress=lambda *at: reports.append(at))
    assert np.array_equal(whole.boxes, again.boxes)
    assert len(reports) == 2, "what was kept was not judged again"
    assert reports[0][0] in (6, 50)
    assert reports[1] == (56, 56)


def test_several_processes_find_what_one_finds(images: np.ndarray, tmp_path: Path) -> None:
    many = np.concatenate([images, images[:, :, ::-1]] * 4)
    alone = judge(many, embed=False, processes=1, cache=tmp_path / "one")
    together = judge(many, embed=False, processes=2, cache=tmp_path / "two")
    assert np.array_equal(alone.boxes, together.boxes)


def test_a_comparison_with_the_part_that_models_train_on_is_refused(tmp_path: Path) -> None:
    model = bundle.load(bundle.find("ours-64"))
    with pytest.raises(DataError, match="validation"):
        faces.held_out(model, str(tmp_path), "train", False, False, lambda what: None)


def test_a_model_is_verified_against_real_faces_and_a_gallery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path / "cache"))
    people = tmp_path / "people"
    for number, face in enumerate(drawn(64, seed=900)):  # stand-ins for photographs
        folder = people / f"{number // 4}"
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(face).save(folder / f"{number}.png")
    command = [sys.executable, "-c", "from facedemo.cli import main; main()", "verify", "--count", "6", "--seed", "900"]
    command += ["--gallery", str(people), "--json", str(tmp_path / "report.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "report.json").read_text("utf8"))
    [row] = report["rows"]
    assert row["undetected"]["of"] == 6
    assert row["unknown"]["count"] == 0, "each of them is in the gallery"
    assert 1 <= row["people"] <= 6
    assert report["versions"].keys() >= {"torch", "face-recognition"}
    assert "no face detected" in done.stdout
