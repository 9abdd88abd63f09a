"""The trainings that the lessons show from a recording."""

from pathlib import Path

import numpy as np
import pytest

from facedemo.explore import recorded, recording, tiny_set
from facedemo.explore.recorded import Recorded, Recording
from facedemo.explore.recording import Plan


def test_higher_gamma_makes_the_faces_differ_more_as_lesson_3_says() -> None:
    sweep = recorded.read("gamma").trainings
    assert list(sweep) == ["γ = 0.3", "γ = 0.5", "γ = 0.7", "γ = 0.9"]
    differences = [training.difference(-1) for training in sweep.values()]
    assert differences == sorted(differences)
    assert differences[-1] > 3 * differences[0]


@pytest.mark.parametrize("name", recording.PLANS)
def test_what_was_recorded_is_what_would_be_recorded_today(name: str) -> None:
    plan, stored = recording.PLANS[name], recorded.read(name)
    assert list(stored.images) == list(plan.images)
    assert list(stored.trainings) == list(plan.trainings)
    for training in stored.trainings.values():
        assert training.faces.shape == (len(plan.images), recorded.FACES, 32, 32, 3)
        assert all(row.shape == (len(plan.images), recorded.SHOWN, 32, 32, 3) for row in training.rows.values())
        assert all(len(numbers) == len(plan.images) for numbers in training.numbers.values())


def test_every_family_drew_more_than_grey_at_the_end() -> None:
    for training in recorded.read("families").trainings.values():
        assert training.faces[-1].std() > 20


def test_the_recording_of_lesson_2_shows_what_d_sees_and_g_s_faces_are_redrawn_better() -> None:
    ((_, training),) = recorded.read("players").trainings.items()
    assert list(training.rows) == ["x", "D(x)", "G(z)", "D(G(z))"]
    assert np.abs(training.rows["G(z)"][-1].astype(int) - training.faces[-1, :4]).mean() < 4  # WebP is lossy
    assert training.numbers["L(G(z))"][-1] < training.numbers["L(x)"][-1] < training.numbers["L(x)"][0]


def test_the_tiny_set_of_lesson_8_is_memorised_and_augmentation_delays_it() -> None:
    trainings = recorded.read("copying").trainings
    plain, augmented = trainings["Without augmentation"].numbers, trainings["With augmentation"].numbers
    gaps = [numbers["unseen images"][-1] - numbers["training images"][-1] for numbers in (plain, augmented)]
    assert gaps[0] > 2 * gaps[1] > 0
    assert plain["unseen images"][-1] > min(plain["unseen images"])


def test_a_generated_face_s_nearest_training_image_is_found() -> None:
    images = np.random.default_rng(0).integers(50, 200, (5, 8, 8, 3), dtype=np.uint8)
    assert (tiny_set.nearest(images[[3, 1, 4]] + np.uint8(9), images) == images[[3, 1, 4]]).all()


def test_a_recording_is_read_as_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded, "FOLDER", tmp_path / "new")
    levels = np.arange(2 * 3 * 24).reshape(2, 3, 24, 1, 1, 1) % 250
    pictures = np.broadcast_to(levels, (2, 3, 24, 32, 32, 3)).astype(np.uint8)
    trainings = {
        label: Recorded(tiles[:, :16], {"x": tiles[:, 16:20], "D(x)": tiles[:, 20:]}, {"L": [0.5, 0.25, None]})
        for label, tiles in zip("aβ", pictures, strict=True)
    }
    recorded.write("two", Recording((1, 2, 3), trainings))
    read_again = recorded.read("two")
    assert read_again.images == [1, 2, 3]
    assert list(read_again.trainings) == ["a", "β"]
    for label, written in trainings.items():
        training = read_again.trainings[label]
        assert training.numbers == written.numbers
        assert list(training.rows) == ["x", "D(x)"]
        for name, expected in {"faces": written.faces, **written.rows}.items():
            tiles = training.rows.get(name, training.faces)
            assert np.abs(tiles.astype(int) - expected).max() <= 4  # WebP is lossy


def test_a_training_is_recorded_at_the_moments_asked_for_and_changed_at_one() -> None:
    settings = {"width": 4, "batch_size": 8, "learning_rate_g": 0.05}
    plan = Plan(
        {"left alone": settings, "changed": settings},
        images=(0, 8, 16),
        changes={"changed": {8: {"learning_rate_g": 0.0}}},
        rows=recording.nearest,
        numbers=recording.generalisation,
    )
    alone, changed = recording.record(plan).trainings.values()
    assert alone.faces.shape == (3, 16, 32, 32, 3)
    assert (alone.faces[0] != alone.faces[2]).any()
    assert (alone.faces[:2] == changed.faces[:2]).all()
    assert (alone.faces[2] != changed.faces[2]).any()
    assert alone.rows["Nearest training image"].shape == (3, 4, 32, 32, 3)
    assert len(alone.numbers["unseen images"]) == 3
