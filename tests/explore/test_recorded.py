"""The trainings that the lessons show from a recording."""

from pathlib import Path

import numpy as np
import pytest

from facedemo.explore import recorded
from facedemo.explore.recorded import Recording


def test_higher_gamma_makes_the_faces_differ_more_as_lesson_3_says() -> None:
    sweep = recorded.read("gamma")
    assert list(sweep.faces) == ["γ = 0.3", "γ = 0.5", "γ = 0.7", "γ = 0.9"]
    differences = [sweep.difference(label, -1) for label in sweep.faces]
    assert differences == sorted(differences)
    assert differences[-1] > 3 * differences[0]


def test_every_family_was_recorded() -> None:
    families = recorded.read("families")
    assert list(families.faces) == ["Ours (BEGAN)", "DCGAN", "WGAN", "R3GAN"]
    for faces in families.faces.values():
        assert faces.shape == (len(recorded.IMAGES), recorded.FACES, 32, 32, 3)
        assert faces[-1].std() > 20  # not grey, as at the start


def test_a_recording_is_read_as_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded, "FOLDER", tmp_path / "new")
    levels = np.arange(2 * len(recorded.IMAGES) * recorded.FACES).reshape(2, len(recorded.IMAGES), recorded.FACES)
    faces = np.broadcast_to(levels[..., None, None, None] % 250, (*levels.shape, 32, 32, 3)).astype(np.uint8)
    recorded.write("two", Recording({"a": faces[0], "β": faces[1]}))
    read_again = recorded.read("two")
    assert list(read_again.faces) == ["a", "β"]
    for label, expected in zip("aβ", faces, strict=True):
        assert np.abs(read_again.faces[label].astype(int) - expected).max() <= 4  # WebP is lossy


def test_a_training_is_recorded_at_the_moments_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded, "IMAGES", (0, 8, 16))
    faces = recorded.record({"width": 4, "batch_size": 8, "learning_rate_g": 0.05})
    assert faces.shape == (3, 16, 32, 32, 3)
    assert (faces[0] != faces[2]).any()
