"""The learned prior: what it computes, that it learns, and that a bundle with one is whole."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from facedemo.gans.latent_prior import DEVIATION, LatentPrior, standardised
from facedemo.pretrained import card
from facedemo.pretrained.model import PRIOR, FaceModel, load_model, weights_to_share
from facedemo.training import latent_prior
from tests.conftest import Maker, RunMaker, facedemo


def uneven_codes(count: int = 3000, latent: int = 4) -> torch.Tensor:
    """Codes of two kinds, far apart along one diagonal, and of their mirror images: (2 count, latent)."""
    random = np.random.RandomState(0)
    kinds = random.choice([-1.0, 1.0], (2 * count, 1)) * np.ones(latent)
    return torch.from_numpy(3 + 2 * kinds + 0.5 * random.normal(size=(2 * count, latent))).float()


def test_standardised_codes_have_no_mean_and_no_covariance() -> None:
    codes = standardised(uneven_codes())
    torch.testing.assert_close(codes.mean(0), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(torch.cov(codes.T), torch.eye(4), atol=1e-3, rtol=0)


def test_an_untrained_prior_has_the_velocity_between_two_normal_distributions() -> None:
    """(1 − t)·z + t·x of independent standard normal z, x: E[x − z | place] = (2t − 1) / (t² + (1 − t)²) · place."""
    prior, places = LatentPrior(3, width=8).eval(), torch.randn(5, 3)
    for time in (0.0, 0.3, 0.5, 1.0):
        expected = (2 * time - 1) / (time**2 + (1 - time) ** 2) * places
        torch.testing.assert_close(prior.velocity(places, torch.full((5,), time)), expected)
    torch.testing.assert_close(prior(places), places, rtol=0.05, atol=0)  # the flow goes in and out again


def test_the_matching_loss_of_normal_codes_is_that_of_the_formula() -> None:
    """Its mean over all times is the integral of 1 / (t² + (1 − t)²), which is π / 2."""
    prior, random = LatentPrior(2, width=8).eval(), torch.Generator().manual_seed(0)
    start, end = (torch.randn(100_000, 2, generator=random) for _ in range(2))
    with torch.no_grad():
        loss = prior.matching_loss(start, end, torch.rand(100_000, generator=random))
    assert float(loss) == pytest.approx(math.pi / 2, rel=0.01)


@pytest.mark.slow
def test_a_fitted_prior_moves_even_latents_to_where_uneven_codes_lie() -> None:
    codes = uneven_codes()
    fitted = latent_prior.fit(codes, steps=500)
    assert fitted.loss < 0.97 * fitted.start_loss
    z = 2 * torch.rand(4000, 4, generator=torch.Generator().manual_seed(1)) - 1
    with torch.no_grad():
        mapped = fitted.prior(z)
    torch.testing.assert_close(mapped.std(0), torch.full((4,), DEVIATION), rtol=0.06, atol=0)
    diagonal, even, wanted = ((rows @ torch.ones(4) / 2).abs() for rows in (mapped, z, standardised(codes) * DEVIATION))
    # the two kinds lie far from the middle; even latents do not
    assert float((wanted < 0.3).float().mean()) < 0.01
    assert float((even < 0.3).float().mean()) > 0.3
    assert float((diagonal < 0.3).float().mean()) < 0.08


def test_the_same_seed_fits_the_same_prior() -> None:
    codes = uneven_codes(200)
    first, second = (latent_prior.fit(codes, steps=3).prior.state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_an_image_and_its_mirror_image_are_held_out_together() -> None:
    codes = torch.cat([torch.arange(100.0), torch.arange(100.0) + 0.5])[:, None]
    learned, held_out = latent_prior.divided(codes, np.random.RandomState(0))
    assert (len(learned), len(held_out)) == (190, 10)
    assert len(set(held_out.floor().flatten().tolist())) == 5
    assert not set(held_out.floor().flatten().tolist()) & set(learned.floor().flatten().tolist())


def with_random_prior(folder: Path) -> FaceModel:
    torch.manual_seed(1)
    model = load_model(folder)
    model.prior = LatentPrior(8, width=16).eval()
    torch.nn.init.normal_(model.prior.leave.weight, std=0.5)
    return model


def test_a_model_keeps_its_prior_in_its_file_and_draws_through_it(make_bundle: Maker, tmp_path: Path) -> None:
    model = with_random_prior(make_bundle())
    assert model.prior is not None
    z = torch.rand(8, 8)
    expected = model.family.average(model.prior(z)).clamp(-1, 1)
    torch.testing.assert_close(model.generate(z), expected)
    model.save_pretrained(tmp_path / "again")
    torch.testing.assert_close(load_model(tmp_path / "again").generate(z), expected)
    shared = FaceModel(model.config.model_dump())
    shared.restore(weights_to_share(model))
    torch.testing.assert_close(shared.generate(z), expected, atol=0.02, rtol=0)
    shared.restore({name: w for name, w in weights_to_share(model).items() if not name.startswith(PRIOR)})
    assert shared.prior is None


def test_a_damaged_prior_is_a_damaged_model(make_bundle: Maker) -> None:
    model = with_random_prior(make_bundle())
    weights = weights_to_share(model)
    for broken in (f"{PRIOR}enter.weight", f"{PRIOR}blocks.0.time.bias"):
        with pytest.raises((KeyError, RuntimeError)):
            FaceModel(model.config.model_dump()).restore({name: w for name, w in weights.items() if name != broken})


def test_only_a_model_with_an_encoder_and_enough_images_can_learn_a_prior(make_bundle: Maker) -> None:
    model = load_model(make_bundle())
    with pytest.raises(ValueError, match="999 images are too few"):
        latent_prior.check(model, 999)
    model.has_discriminator = False
    with pytest.raises(ValueError, match="shared without its discriminator"):
        latent_prior.check(model)
    other = FaceModel({"family": "dcgan", "model": {"size": 32, "latent": 8, "width": 4}}, name="other")
    with pytest.raises(ValueError, match="“other” has no encoder"):
        latent_prior.check(other)


@pytest.mark.slow
def test_the_command_writes_a_whole_bundle_and_leaves_the_model_as_it_is(make_bundle: Maker, tmp_path: Path) -> None:
    folder = make_bundle()
    before = (folder / "model.safetensors").read_bytes()
    out = tmp_path / "better"
    arguments = ("prior", str(folder), "--out", str(out), "--steps", "5")  # its data are the built-in faces
    done = facedemo(tmp_path, *arguments)
    assert done.returncode == 0, done.stderr
    assert f"{out}" in done.stdout.replace("\n", "")
    assert (folder / "model.safetensors").read_bytes() == before
    model = load_model(out)
    assert model.prior is not None
    assert model.name == model.config.name == "better"
    assert {path.name for path in out.iterdir()} == {
        "README.md", "config.json", "curves.png", "model.safetensors", "report.json", "samples.png"
    }  # fmt: skip
    parameters = sum(p.numel() for p in model.prior.parameters())
    assert f"a learned prior of {parameters:,} parameters" in (out / "README.md").read_text("utf8")
    assert card.about_of(out) == card.NO_ABOUT
    again = facedemo(tmp_path, *arguments)
    assert again.returncode == 1
    assert "exists already" in again.stderr


def test_a_run_becomes_a_bundle_with_a_prior(make_run: RunMaker, tmp_path: Path) -> None:
    run = make_run("mine", weights=True)
    out, fitted = latent_prior.with_prior(run.path, None, tmp_path / "out", steps=2)
    model = load_model(out)
    assert model.prior is not None
    assert fitted.loss <= fitted.start_loss
    assert "a learned prior" in (out / "README.md").read_text("utf8")
    assert load_model(run.path).prior is None


def test_missing_images_are_refused_and_nothing_is_left_behind(make_bundle: Maker, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = facedemo(tmp_path, "prior", str(make_bundle()), "--data", "nowhere/", "--out", str(out))
    assert done.returncode == 1
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr
    assert not out.exists()
