"""Inside the discriminator, and into latent space."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from facedemo.explore import discriminator_view, inversion
from facedemo.imaging import pictures
from facedemo.pretrained import sampling
from facedemo.pretrained.model import FaceModel, load_model

FACE = np.random.RandomState(5).randint(0, 256, (32, 32, 3), np.uint8)


def saved_model(folder: Path, family: str = "ours") -> FaceModel:
    torch.manual_seed(1)
    model = FaceModel({"family": family, "model": {"size": 32, "latent": 8, "width": 4}})
    model.save_pretrained(folder)
    (folder / "config.json").write_text(model.config.model_dump_json(), "utf8")
    return load_model(folder)


def test_a_look_is_what_the_discriminator_computes(tiny_model: FaceModel) -> None:
    seen = discriminator_view.reconstruct(tiny_model, FACE)
    v = torch.from_numpy(FACE).permute(2, 0, 1)[None] / 127.5 - 1
    with torch.no_grad():
        rebuilt = tiny_model.family.discriminator(v)
    assert seen.loss == pytest.approx(F.l1_loss(rebuilt, v).item(), rel=1e-5)
    assert seen.error.mean() == pytest.approx(seen.loss, rel=1e-5)
    assert seen.error.shape == (32, 32)
    np.testing.assert_array_equal(seen.reconstruction, pictures.to_uint8(rebuilt)[0])
    mean, deviation = tiny_model.family.loss_stats()
    assert seen.realism == pytest.approx(1 / (1 + np.exp((seen.loss - mean) / deviation)), rel=1e-4)


def test_a_face_of_another_size_is_refused(tiny_model: FaceModel) -> None:
    wrong = np.zeros((64, 64, 3), np.uint8)
    with pytest.raises(ValueError, match="64×64"):
        discriminator_view.reconstruct(tiny_model, wrong)
    with pytest.raises(ValueError, match="64×64"):
        inversion.invert(tiny_model, wrong)


def test_heat_runs_from_black_to_its_brightest() -> None:
    picture = discriminator_view.error_heatmap(
        np.array([[0.0, discriminator_view.BRIGHTEST / 2, discriminator_view.BRIGHTEST, 2.0]], np.float32)
    )
    assert picture.shape == (1, 4, 3)
    brightness = picture[0].astype(int).sum(1)
    assert brightness[0] < 10
    assert brightness[0] < brightness[1] < brightness[2] == brightness[3]


def test_a_discriminator_that_answers_with_a_number_has_nothing_inside(tmp_path: Path) -> None:
    model = saved_model(tmp_path, "dcgan")
    assert "single number" in discriminator_view.unsupported_reason(model)
    with pytest.raises(ValueError, match="single number"):
        discriminator_view.reconstruct(model, FACE)


def test_losses_are_of_the_models_own_faces(tiny_model: FaceModel, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path))
    calls = list[tuple[int, int]]()
    losses = discriminator_view.losses(tiny_model, lambda *done: calls.append(done))
    assert losses.real is not None, "it was trained on the built-in faces, which are always at hand"
    assert losses.generated.shape == (discriminator_view.COUNT,)
    assert calls[-1] == (2 * discriminator_view.COUNT, 2 * discriminator_view.COUNT)
    (image,) = sampling.generate(tiny_model, [discriminator_view.FIRST_SEED])
    assert losses.generated[0] == pytest.approx(discriminator_view.reconstruct(tiny_model, image).loss, abs=0.01)
    assert discriminator_view.share_above(np.array([0.1, 0.2, 0.3, 0.4]), 0.2) == 0.5


def test_a_face_that_the_model_draws_is_found_again(tiny_model: FaceModel) -> None:
    (target,) = sampling.generate(tiny_model, [77])
    steps = list[tuple[int, int]]()
    inverted = inversion.invert(tiny_model, target, steps=120, progress=lambda *done: steps.append(done))
    assert steps == [(step, 120) for step in range(1, 121)]
    assert inverted.error < 0.01
    assert np.abs(inverted.latent).max() <= 1
    np.testing.assert_array_equal(sampling.draw(tiny_model, torch.from_numpy(inverted.latent)[None])[0], inverted.image)
    assert inverted.error == pytest.approx(np.abs(inverted.image / 127.5 - target / 127.5).mean(), abs=0.005)


def test_the_search_comes_closer_than_its_starts(tiny_model: FaceModel) -> None:
    (target,) = sampling.generate(tiny_model, [78])
    before, after = (inversion.invert(tiny_model, target, steps=steps) for steps in (1, 60))
    assert after.error < before.error


def test_a_search_that_is_ended_ends(tiny_model: FaceModel) -> None:
    def stop(done: int, total: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        inversion.invert(tiny_model, FACE, progress=stop)


def test_a_morph_goes_from_one_face_to_the_other(tiny_model: FaceModel) -> None:
    a, b = (inversion.invert(tiny_model, sampling.generate(tiny_model, [seed])[0], steps=3) for seed in (1, 2))
    film = inversion.morph(tiny_model, a, b, 5)
    assert film.shape == (5, 32, 32, 3)
    np.testing.assert_array_equal(film[0], a.image)
    np.testing.assert_array_equal(film[-1], b.image)
    for steps in (1, 121):
        with pytest.raises(ValueError, match="2 to 120"):
            inversion.morph(tiny_model, a, b, steps)
