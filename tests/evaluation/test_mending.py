"""Mending: the steadiness of faces, the latents of steadier ones nearby, and the generator that learns to draw them."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from facedemo.evaluation import mending
from facedemo.evaluation.mending import GOAL, NUDGE, NUDGES, SteadinessModel, learned_steadiness, steadier, steadiness
from facedemo.pretrained import bundles, sampling
from facedemo.pretrained.model import FaceModel, load_model
from facedemo.pretrained.seeds import face_seeds
from facedemo.runs.model_report import read_report
from tests.conftest import Maker, facedemo

WIDTH = 4  # of latents


class Drawing:
    """A generator whose images differ from a pattern by a function of the latent's first number."""

    def __init__(self, function: Callable[[Tensor], Tensor], size: int = 32) -> None:
        self.function = function
        self.pattern = torch.from_numpy(np.random.RandomState(0).normal(scale=0.2, size=(3, size, size))).float()

    def generate(self, latents: Tensor) -> Tensor:
        return self.pattern + self.function(latents[:, 0])[:, None, None, None]


def steadiness_of(drawing: Drawing, latents: Tensor) -> np.ndarray:
    return steadiness(cast(FaceModel, drawing), latents, spread=0.5)


@pytest.mark.parametrize("size", [32, 64])
def test_steadiness_compares_the_change_of_a_face_with_its_contrast(size: int) -> None:
    """For images that depend linearly on the latent, the change is the same everywhere, and known."""
    drawing = Drawing(lambda numbers: 0.5 * numbers, size)
    nudges = np.random.RandomState(0).standard_normal((NUDGES, WIDTH))[:, 0] * NUDGE * 0.5
    scale = size // 16
    contrast = float(drawing.pattern[:, 4 * scale : 15 * scale, 3 * scale : 13 * scale].std())
    expected = -np.log(0.5 * np.sqrt(np.mean(nudges**2)) / contrast / NUDGE)
    np.testing.assert_allclose(steadiness_of(drawing, torch.zeros(60, WIDTH)), np.full(60, expected), rtol=1e-4)


def test_faces_at_a_cliff_are_less_steady() -> None:
    drawing = Drawing(lambda numbers: 0.2 * torch.tanh(8 * numbers))
    found = steadiness_of(drawing, torch.linspace(-1, 1, 9)[:, None].repeat(1, WIDTH))
    assert found.argmin() == 4
    assert (np.diff(found[:5]) < 0).all()
    assert (np.diff(found[4:]) > 0).all()


def test_a_face_that_does_not_change_or_is_blank_has_a_finite_steadiness() -> None:
    drawing = Drawing(torch.zeros_like)
    assert np.isfinite(steadiness_of(drawing, torch.zeros(2, WIDTH))).all()
    drawing.pattern = torch.zeros_like(drawing.pattern)
    assert np.isfinite(steadiness_of(drawing, torch.zeros(2, WIDTH))).all()


def curved(latents: np.ndarray) -> np.ndarray:
    return 3 + latents[:, 0] + latents[:, 1] ** 2


def test_a_curved_function_of_latents_is_learned() -> None:
    latents, others = np.random.RandomState(0).normal(size=(2, 2000, WIDTH)).astype(np.float32)
    model = learned_steadiness(torch.from_numpy(latents), curved(latents))
    found = model(torch.from_numpy(others)).numpy()
    assert np.corrcoef(found, curved(others))[0, 1] > 0.95
    assert abs(found.mean()) < 0.2
    assert found.std() == pytest.approx(1, abs=0.2)


class FirstNumber(nn.Module):
    """The first number of a latent, as its steadiness."""

    def forward(self, latents: Tensor) -> Tensor:
        return latents[:, 0]


def test_latents_move_towards_steadier_faces_and_no_further() -> None:
    latents = torch.zeros(5, WIDTH)
    latents[:, 0] = torch.tensor([-1.0, 0.0, 0.5, GOAL, 2.0])
    moved = steadier(latents, cast(SteadinessModel, FirstNumber()))
    assert torch.equal(moved[3:], latents[3:])
    assert torch.equal(moved[:, 1:], latents[:, 1:])
    assert (moved[:3, 0] > latents[:3, 0]).all()
    assert (moved[:3, 0] < GOAL + 0.5).all()
    assert (moved[:3, 0] > GOAL - 0.5).all()


def test_a_mended_generator_draws_steadier_faces(
    make_bundle: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mending, "FACES", 1000)
    plain, out = make_bundle(), tmp_path / "mended"
    done = facedemo(tmp_path, "mend", str(plain), "--out", str(out), "--images", "8000")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(out)
    before, after = load_model(plain), load_model(out)
    latents = sampling.latents(before, face_seeds(1, 300))
    spread = float(latents.std())
    assert steadiness(after, latents, spread).mean() > steadiness(before, latents, spread).mean()
    faces, others = (sampling.draw(model, latents).astype(float) for model in (before, after))
    assert 0 < np.abs(others - faces).mean() < np.abs(faces[1:] - faces[:-1]).mean()  # they are still the same faces
    assert "`facedemo mend` trained the generator on its own faces (images: 8,000; strength: 1.0)." in (
        out / "README.md"
    ).read_text("utf8")
    assert read_report(out).changes == [{"command": "mend", "images": 8000, "strength": 1.0}]


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


def test_half_the_strength_goes_half_the_way(make_bundle: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mending, "FACES", 200)
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
