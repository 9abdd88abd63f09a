"""The metrics of an evaluation, against values worked out in another way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from facedemo.evaluation import verify
from facedemo.evaluation.detector import FaceDetections
from facedemo.evaluation.metrics import closest, distinct_people, duplicates, frechet, nearest, people


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
    covariance_a, covariance_b = np.cov(a.T), np.cov(b.T)
    half = sqrtm(covariance_a)
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(
        covariance_a + covariance_b - 2 * np.real(sqrtm(half @ covariance_b @ half))
    )
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
def test_people_are_never_more_than_faces_and_never_fewer_than_one(positions: list[float]) -> None:
    embeddings = np.zeros((len(positions), 128))
    embeddings[:, 3] = positions
    assert min(1, len(positions)) <= distinct_people(embeddings) <= len(positions)


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


def detected(positions: list[float | None], images: np.ndarray | None = None, **more: object) -> verify.DetectedImages:
    """Faces whose embeddings lie on a line; None for an image without one."""
    has_face = np.array([position is not None for position in positions])
    embeddings = np.full((len(positions), 128), np.nan)
    embeddings[has_face] = 0
    embeddings[has_face, 0] = [position for position in positions if position is not None]
    detections = FaceDetections(np.zeros((len(positions), 4), int), has_face.astype(int), embeddings)
    images = np.arange(len(positions) * 12, dtype=np.uint8).reshape(-1, 2, 2, 3) if images is None else images
    return verify.DetectedImages("line", images, detections, **more)


def test_people_are_numbered_over_all_images_and_nobody_is_on_one_without_a_face() -> None:
    assert detected([0.0, None, 1.0, 0.1, None]).identity.tolist() == [0, -1, 1, 0, -1]
    assert detected([None]).identity.tolist() == [-1]


def test_a_face_is_shown_its_nearest_training_faces_if_they_are_at_hand() -> None:
    training = detected([0.5, None, 0.2, 2.0])
    generated = detected([0.0, None], training=training)
    nearest_faces = generated.nearest_training(0, 2)
    assert [distance for _, distance in nearest_faces] == pytest.approx([0.2, 0.5])
    assert np.array_equal(nearest_faces[0][0], training.images[2])
    assert len(generated.nearest_training(0, 9)) == 3
    assert generated.nearest_training(1, 2) == [], "no face, nothing to compare"
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
    interval = verify.rate(count, of)
    assert (interval.low, interval.high) == pytest.approx((middle - half, middle + half), abs=1e-9)
