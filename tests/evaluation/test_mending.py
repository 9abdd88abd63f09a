"""Mending: latents nearby whose faces are less broken, and the generator that learns to draw them."""

from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from facedemo.evaluation import mending
from facedemo.evaluation.judge import the_judge
from facedemo.evaluation.mending import GOAL, GradedFaces, GradeModel, better, free_directions, learned_grades
from facedemo.pretrained import bundles, sampling
from facedemo.pretrained.model import load_model
from facedemo.pretrained.seeds import face_seeds
from facedemo.runs.model_report import read_report
from facedemo.storage.locations import checkpoints_root
from tests.conftest import Maker, Seeing, facedemo

WIDTH = 4  # of latents


def curved(latents: np.ndarray) -> np.ndarray:
    return 3 + latents[:, 0] + latents[:, 1] ** 2


def test_a_curved_function_of_latents_is_learned() -> None:
    latents, others = np.random.RandomState(0).normal(size=(2, 2000, WIDTH)).astype(np.float32)
    model = learned_grades(torch.from_numpy(latents), curved(latents))
    found = model(torch.from_numpy(others)).numpy()
    assert np.corrcoef(found, curved(others))[0, 1] > 0.95
    assert abs(found.mean()) < 0.2
    assert found.std() == pytest.approx(1, abs=0.2)


class FirstNumber(nn.Module):
    """The first number of a latent, as its grade."""

    def forward(self, latents: Tensor) -> Tensor:
        return latents[:, 0]


def test_latents_move_towards_better_faces_and_no_further() -> None:
    latents = torch.zeros(5, WIDTH)
    latents[:, 0] = torch.tensor([1.0, 0.0, -0.5, -GOAL, -2.0])
    moved = better(latents, cast(GradeModel, FirstNumber()), torch.eye(WIDTH))
    assert torch.equal(moved[3:], latents[3:])
    assert torch.equal(moved[:, 1:], latents[:, 1:])
    assert (moved[:3, 0] < latents[:3, 0]).all()
    assert (moved[:3, 0] > -GOAL - 0.5).all()
    assert (moved[:3, 0] < -GOAL + 0.5).all()


def test_latents_hardly_move_where_something_else_would_change() -> None:
    """Numbers 0 and 1 of a latent decide who is shown and in what colours; the other two do not."""
    latents = np.random.RandomState(0).normal(size=(500, WIDTH))
    rows = np.arange(0, 500, 2)
    of_first, of_second = np.eye(WIDTH)[[0]] * 0.01, np.eye(WIDTH)[[1]] * 30
    kept = [(rows, latents[rows] @ of_first.T), (np.arange(500), latents @ of_second.T)]
    graded = GradedFaces(torch.from_numpy(latents).float(), np.zeros(500), kept)
    free = free_directions(graded, graded.latents)
    kept = 1 / np.sqrt(1 + mending.KEEP * WIDTH)
    np.testing.assert_allclose(free.numpy(), np.diag([kept, kept, 1, 1]), atol=1e-5)


def brightness(images: np.ndarray) -> np.ndarray:
    """Stands for a grade: darker faces are better."""
    return images.mean((1, 2, 3)) / 50


def test_the_command_writes_a_model_whose_faces_are_better(
    make_bundle: Maker, seeing: Seeing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mending, "FACES", 1000)
    monkeypatch.setattr(mending, "KEEP", 0.0)  # this stand-in for a person depends on nothing but brightness
    monkeypatch.setattr(mending, "detect_and_embed", seeing.detect_and_embed)
    monkeypatch.setattr(mending, "the_judge", lambda: brightness)
    plain, out = make_bundle(), tmp_path / "mended"
    done = facedemo(tmp_path, "mend", str(plain), "--out", str(out), "--images", "8000")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(out)
    latents = sampling.latents(load_model(plain), face_seeds(1, 300))
    before, after = (sampling.draw(load_model(path), latents) for path in (plain, out))
    assert brightness(after).mean() < brightness(before).mean()
    faces, others = before.astype(float), after.astype(float)
    assert 0 < np.abs(others - faces).mean() < np.abs(faces[1:] - faces[:-1]).mean()  # they are still the same faces
    assert "`facedemo mend` trained the generator on its own faces (images: 8,000; strength: 1.0)." in (
        out / "README.md"
    ).read_text("utf8")
    assert read_report(out).changes == [{"command": "mend", "images": 8000, "strength": 1.0}]


def test_a_bundled_model_is_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mending, "FACES", 1000)
    monkeypatch.setattr(mending, "EMBEDDED", 400)
    model = load_model(checkpoints_root() / "ours-64")
    latents = sampling.latents(model, face_seeds(1, 200))
    before = sampling.draw(model, latents)
    told = mending.mend(model, 6400)
    after = sampling.draw(model, latents)
    assert told.after < told.before
    assert the_judge()(after).mean() < the_judge()(before).mean() - 0.02
    assert np.abs(after.astype(float) - before).mean() < 10  # of 255


def test_a_model_that_draws_no_faces_is_refused(make_bundle: Maker, tmp_path: Path) -> None:
    done = facedemo(tmp_path, "mend", str(make_bundle()), "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    assert "Train the model further first." in done.stderr
    assert not (tmp_path / "out").exists()


def test_mending_and_calibrating_take_turns(make_bundle: Maker, tmp_path: Path) -> None:
    original, new = bundles.original(make_bundle()), tmp_path / "new"
    mended = bundles.export_changed(original, "mend", {"images": 5}, tmp_path / "mended")
    with pytest.raises(ValueError, match="mend` was the last"):
        bundles.check_change("mend", mended, new)
    bundles.check_change("calibrate", mended, new)
    calibrated = bundles.export_changed(
        bundles.original(mended), "calibrate", {"penalty": 0.1}, tmp_path / "calibrated"
    )
    with pytest.raises(ValueError, match="calibrate` was the last"):
        bundles.check_change("calibrate", calibrated, new)
    bundles.check_change("mend", calibrated, new)
    text = (calibrated / "README.md").read_text("utf8")
    assert "on its own faces (images: 5), then `facedemo calibrate` changed the first layer" in text
    with pytest.raises(ValueError, match="exists already"):
        bundles.check_change("mend", make_bundle(), mended)


def test_half_the_strength_goes_half_the_way(
    make_bundle: Maker, seeing: Seeing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mending, "FACES", 200)
    monkeypatch.setattr(mending, "detect_and_embed", seeing.detect_and_embed)
    original, half, whole = (load_model(make_bundle()) for _ in range(3))
    mending.mend(half, 3200, 0.5)
    mending.mend(whole, 3200)
    weights = [list(model.family.average.parameters()) for model in (original, half, whole)]
    for before, between, after in zip(*weights, strict=True):
        torch.testing.assert_close(between, (before + after) / 2, rtol=1e-3, atol=1e-5)
    assert max(float((after - before).abs().max()) for before, _, after in zip(*weights, strict=True)) > 1e-3


@pytest.mark.parametrize(
    ("images", "strength", "message"),
    [(0, 1.0, "at least one image"), (5, 0.0, "strength of 0 "), (5, 1.5, "strength of 1.5"), (5, float("nan"), "nan")],
)
def test_mending_needs_images_and_a_strength(images: int, strength: float, message: str, make_bundle: Maker) -> None:
    with pytest.raises(ValueError, match=message):
        mending.mend(load_model(make_bundle()), images, strength)
