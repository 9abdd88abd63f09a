"""Directions, found without labels and with them: against generators whose answer is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facedemo.evaluation.detector import FaceDetections
from facedemo.explore import directions
from facedemo.pretrained import sampling
from facedemo.pretrained.model import FaceModel
from facedemo.pretrained.seeds import face_seeds


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def latent(model: FaceModel, seed: int) -> np.ndarray:
    return sampling.latents(model, [seed])[0].numpy()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1000))
def test_the_answer_of_a_linear_map_is_that_map(seed: int) -> None:
    rng = np.random.default_rng(seed)
    z, response = rng.uniform(-1, 1, (50, 4)), rng.normal(size=(4, 3))
    response_found, share = directions.respond(z, z @ response + 7)
    np.testing.assert_allclose(response_found, response, atol=1e-9)
    np.testing.assert_allclose(share, 1)


def test_what_does_not_follow_from_the_latents_is_not_explained() -> None:
    rng = np.random.default_rng(0)
    _, share = directions.respond(rng.normal(size=(4000, 2)), np.stack([rng.normal(size=4000), np.ones(4000)], axis=1))
    np.testing.assert_allclose(share, 0, atol=0.01)


def test_principal_directions_are_those_of_the_strongest_response_towards_the_bright() -> None:
    rng = np.random.default_rng(1)
    z = rng.uniform(-1, 1, (400, 3))
    images = np.full((400, 4, 4, 3), 128.0)
    images[:, :2] -= 60 * z[:, 1, None, None, None]  # half of the picture, strongly
    images[:, 2:, :2] += 30 * z[:, 2, None, None, None]  # a quarter, less
    first, second = directions.principal(z, images.round().astype(np.uint8), count=2)
    assert cosine(first.step, np.array([0, -1, 0])) > 0.999
    assert cosine(second.step, np.array([0, 0, 1])) > 0.999
    strength = 60**2 * 2, 30**2
    assert first.share == pytest.approx(strength[0] / sum(strength), abs=0.02)
    assert second.share == pytest.approx(strength[1] / sum(strength), abs=0.02)
    assert np.linalg.norm(first.step) == pytest.approx(1 / np.sqrt(3), abs=0.02)  # one deviation of U[−1, 1]


def test_measures_say_what_they_are_called() -> None:
    image = np.full((1, 20, 20, 3), 100, np.uint8)
    plain = directions.image_measures(image)
    assert [round(plain[name][0], 6) for name in directions.MEASURES] == [100, 100, 0, 0, 0]
    image[0, :, 10:] = (200, 100, 50)
    half = directions.image_measures(image)
    luma = 200 * 0.299 + 100 * 0.587 + 50 * 0.114
    assert half["side"][0] == pytest.approx(luma - 100)
    assert half["warmth"][0] == pytest.approx(75)
    assert half["contrast"][0] == pytest.approx((luma - 100) / 2)
    assert half["brightness"][0] == pytest.approx((luma + 100) / 2)
    assert half["background"][0] == pytest.approx((luma + 100) / 2)


def test_a_measured_direction_changes_its_measure_and_leaves_the_others(tiny_model: FaceModel) -> None:
    seeds = face_seeds(0, 256)
    z = sampling.latents(tiny_model, seeds).numpy().astype(np.float64)
    images = sampling.draw(tiny_model, sampling.latents(tiny_model, seeds))
    values = directions.image_measures(images)
    response, _ = directions.respond(z, np.stack([values[name] for name in directions.MEASURES], axis=1))
    for index, direction in enumerate(directions.measured(z, images)):
        change = direction.step @ response
        assert change[index] > 0
        np.testing.assert_allclose(np.delete(change, index), 0, atol=1e-3 * change[index])


def test_a_labelled_direction_changes_how_the_found_faces_are_read_and_nothing_else(
    tiny_model: FaceModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    z = sampling.latents(tiny_model, face_seeds(directions.SEED, 200)).numpy().astype(np.float64)
    rng = np.random.default_rng(2)
    response, seen = rng.normal(size=(8, 2)), (np.arange(200) % 3 > 0).astype(int)
    labels = np.where(seen[:, None], z @ response + (40, 0.5), np.nan)
    labels[:, 1] += 2 * rng.normal(size=200)  # much of it does not follow from the latents
    generated = []

    def detect_and_embed(images: np.ndarray, **_: object) -> FaceDetections:
        generated.append(images)
        return FaceDetections(np.zeros((len(images), 4), int), seen, labels)

    monkeypatch.setattr(directions, "detect_and_embed", detect_and_embed)
    age, gender = directions.labelled(
        tiny_model, lambda embeddings: {"age": embeddings[:, 0], "gender": embeddings[:, 1]}, 200
    )
    assert (age.name, age.title, gender.name, gender.title) == ("age", "Age", "gender", "Gender")
    assert age.share == pytest.approx(1)
    assert 0.3 < gender.share < 0.95
    assert age.step @ response[:, 0] > 0
    assert gender.step @ response[:, 1] > 0
    assert abs(cosine(gender.step, response[:, 0])) < 1e-5
    values = np.stack(list(directions.image_measures(generated[0][seen > 0]).values()), axis=1)
    for measured in directions.respond(z[seen > 0], values)[0].T:
        assert abs(cosine(age.step, measured)) < 1e-5
        assert abs(cosine(gender.step, measured)) < 1e-5
    seen[:190] = 0
    with pytest.raises(ValueError, match="A face was detected in only 7 of 200"):
        directions.labelled(tiny_model, lambda embeddings: {}, 200)


def test_the_same_model_has_the_same_directions(tiny_model: FaceModel) -> None:
    first, second = directions.find_directions(tiny_model, 64), directions.find_directions(tiny_model, 64)
    assert [d.name for d in first] == [*directions.MEASURES, *(f"main{n}" for n in range(1, 7))]
    for left, right in zip(first, second, strict=True):
        assert np.array_equal(left.step, right.step)
        assert 0 <= left.share <= 1


def test_a_face_is_moved_by_amounts_and_stays_where_there_are_none(tiny_model: FaceModel) -> None:
    directions_found = directions.find_directions(tiny_model, 64)
    faces = directions.move_face(
        tiny_model, latent(tiny_model, 5), directions_found, [{}, {"main1": 4.0}, {"main1": 0.0, "side": 0.0}]
    )
    assert np.array_equal(faces[0], sampling.generate(tiny_model, [5])[0])
    assert np.array_equal(faces[0], faces[2])
    assert not np.array_equal(faces[0], faces[1])


def test_the_film_of_an_edit_goes_from_the_face_to_the_edited_one_in_equal_steps() -> None:
    steps = directions.gradual({"side": -3.0, "main1": 1.5}, 4)
    assert steps[0] == {"side": 0, "main1": 0}
    assert steps[-1] == {"side": -3.0, "main1": 1.5}
    assert [step["side"] for step in steps] == [0, -1, -2, -3]


def test_impossible_directions_are_refused_in_words(tiny_model: FaceModel) -> None:
    with pytest.raises(ValueError, match="too few"):
        directions.find_directions(tiny_model, 16)
    directions_found = directions.find_directions(tiny_model, 32)
    with pytest.raises(ValueError, match=r"no direction “age”.*brightness"):
        directions.move_face(tiny_model, latent(tiny_model, 1), directions_found, [{"age": 1.0}])
    with pytest.raises(ValueError, match="amount of a direction"):
        directions.move_face(tiny_model, latent(tiny_model, 1), directions_found, [{"side": 4.5}])
    with pytest.raises(ValueError, match="at least one mapping"):
        directions.move_face(tiny_model, latent(tiny_model, 1), directions_found, [])
