"""Calibration of latents: predicted distances and grades, and the change that is found from them."""

import numpy as np
import pytest
import torch
from torch.distributions import MultivariateNormal, kl_divergence

from facedemo.evaluation.calibration import (
    CONVINCING,
    CalibrationOptions,
    LatentChange,
    PredictedDistance,
    PredictedFlaws,
    Prediction,
    departure,
    fit,
    small_pictures,
)
from facedemo.evaluation.metrics import frechet
from tests.evaluation.latent_changes import change

DIMENSIONS, WIDTH = 6, 4  # of embeddings and latents


def embeddings(latents: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
    """A linear function of latents plus noise."""
    slope = np.random.RandomState(1).normal(size=(latents.shape[1], DIMENSIONS))
    return latents @ slope + rng.normal(scale=0.3, size=(len(latents), DIMENSIONS))


def latents_of(count: int, rng: np.random.RandomState) -> np.ndarray:
    return rng.uniform(-1, 1, (count, WIDTH))


def predicted(
    latents: np.ndarray,
    generated: np.ndarray,
    real: np.ndarray,
    grades: np.ndarray | None = None,
    pictures: tuple[np.ndarray, np.ndarray] | None = None,
) -> Prediction:
    nothing = np.zeros((len(latents), 2))
    return Prediction(
        PredictedDistance(latents, generated, real),
        PredictedDistance(latents, *(pictures or (nothing, nothing))),
        PredictedFlaws(latents, np.zeros(len(latents)) if grades is None else grades),
    )


def fitted(latents: np.ndarray, generated: np.ndarray, real: np.ndarray, **options: float) -> LatentChange:
    return fit(predicted(latents, generated, real), CalibrationOptions(**{"clarity": 0.0, **options}))


def test_the_predicted_distance_is_that_of_faces_drawn_with_the_change() -> None:
    rng = np.random.RandomState(0)
    latents = latents_of(4000, rng)
    real = embeddings(1.4 * latents_of(4000, rng) + [0.3, 0, 0, -0.2], rng)
    found = fitted(latents, embeddings(latents, rng), real, penalty=0.01)
    others = latents_of(4000, rng)
    assert found.before == pytest.approx(frechet(embeddings(others, rng), real), rel=0.1)
    drawn = embeddings(found.of(torch.from_numpy(others)).numpy(), rng)
    assert found.after == pytest.approx(frechet(drawn, real), abs=0.02)
    assert found.after < found.before / 5
    centred = fitted(latents, embeddings(latents, rng), real, penalty=0.01, shift=False)
    assert not centred.shift.any()
    assert found.after < centred.after < found.before


def test_the_penalty_is_the_divergence_of_the_changed_latents_and_holds_them_back() -> None:
    rng = np.random.RandomState(0)
    latents = latents_of(2000, rng)
    generated, real = embeddings(latents, rng), embeddings(2 * latents, rng)
    wanted = change(WIDTH)
    identity = torch.eye(WIDTH, dtype=torch.float64)
    before = MultivariateNormal(torch.zeros(WIDTH, dtype=torch.float64), 0.3 * identity)
    after = MultivariateNormal(wanted.shift, 0.3 * wanted.matrix @ wanted.matrix.T)
    assert float(departure(wanted.matrix, wanted.shift, 0.3)) == pytest.approx(float(kl_divergence(after, before)))
    assert float(departure(identity, torch.zeros(WIDTH), 0.3)) == pytest.approx(0)
    free, held = (fitted(latents, generated, real, penalty=penalty) for penalty in (1e-3, 300.0))
    assert free.after < held.after < held.before
    assert torch.allclose(held.matrix, identity, atol=0.02)


def grades_of(latents: np.ndarray, rng: np.random.RandomState) -> np.ndarray:
    return 0.8 + latents @ [0.5, 0, -0.3, 0] + rng.normal(scale=0.4, size=len(latents))


def test_the_predicted_flaws_are_those_of_faces_drawn_with_the_change() -> None:
    rng = np.random.RandomState(0)
    latents = rng.normal(scale=0.6, size=(4000, WIDTH))
    flaws, wanted = PredictedFlaws(latents, grades_of(latents, rng)), change(WIDTH)
    drawn = grades_of(wanted.of(torch.from_numpy(latents)).numpy(), rng)
    excess = np.maximum(0, drawn - CONVINCING).mean()
    assert float(flaws.of(wanted.matrix, wanted.shift)) == pytest.approx(excess, rel=0.05)


def test_clarity_leaves_fewer_high_grades_at_the_price_of_distance() -> None:
    rng = np.random.RandomState(0)
    latents = latents_of(4000, rng)
    numbers = embeddings(latents, rng), embeddings(1.2 * latents, rng)
    faces = predicted(latents, *numbers, grades=grades_of(latents, rng))
    plain, clear = (fit(faces, CalibrationOptions(0.01, clarity)) for clarity in (0.0, 3.0))
    high = [np.mean(grades_of(found.of(torch.from_numpy(latents)).numpy(), rng) > 1.3) for found in (plain, clear)]
    assert high[1] < high[0] / 2
    assert plain.after < clear.after


def test_small_pictures_become_like_those_of_real_faces_too() -> None:
    rng = np.random.RandomState(0)
    latents = latents_of(4000, rng)
    same, pictures = embeddings(latents, rng), embeddings(latents, rng)
    faces = predicted(latents, same, same, pictures=(pictures, embeddings(latents + 0.4, rng)))
    found = fit(faces, CalibrationOptions(1e-3, 0))
    before = faces.pictures.of(torch.eye(WIDTH).double(), torch.zeros(WIDTH).double())
    assert 0 < found.after < 0.5 * before  # a compromise
    assert float(faces.pictures.of(found.matrix, found.shift)) < 0.5 * before


@pytest.mark.parametrize("size", [32, 64, 128])
def test_small_pictures_do_not_depend_on_size_brightness_and_contrast(size: int) -> None:
    small = np.random.RandomState(0).randint(60, 120, (3, 32, 32, 3)).repeat(size // 32, 1).repeat(size // 32, 2)
    pictures = small_pictures(small)
    assert pictures.shape == (3, 110)
    assert np.allclose(small_pictures(2 * small - 40), pictures)
    assert np.allclose(pictures, small_pictures(small[:, :: size // 32, :: size // 32]))
    assert not np.allclose(pictures[0], pictures[1], atol=0.01)
    assert np.isfinite(small_pictures(np.zeros((1, size, size, 3)))).all()


def test_grades_that_do_not_vary_change_nothing_else() -> None:
    rng = np.random.RandomState(0)
    latents = latents_of(1000, rng)
    numbers = embeddings(latents, rng), embeddings(1.2 * latents, rng)
    plain, clear = (fitted(latents, *numbers, clarity=clarity) for clarity in (0.0, 1.0))
    assert torch.allclose(plain.matrix, clear.matrix, atol=1e-3)
    assert torch.allclose(plain.shift, clear.shift, atol=1e-3)


def test_two_changes_become_one() -> None:
    first, second = change(WIDTH), LatentChange(torch.diag(torch.arange(1.0, 5).double()), torch.ones(4).double(), 0, 0)
    latents = torch.from_numpy(latents_of(10, np.random.RandomState(0)))
    assert torch.allclose(first.of_changed(second).of(latents), first.of(second.of(latents)), atol=1e-6)
    assert (first.of_changed(second).before, first.of_changed(second).after) == (first.before, second.after)
