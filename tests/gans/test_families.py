"""DCGAN and WGAN against their papers' algorithms, and what every family has to keep to."""

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from facedemo.gans.base import create
from facedemo.gans.dcgan.model import cross_entropy
from facedemo.gans.registry import config_class, family_names
from facedemo.gans.settings import tunables
from tests.gans.plain import Plain, copy_of, noise, real, small


@pytest.mark.parametrize("size", [32, 64, 128])
@pytest.mark.parametrize("name", family_names())
def test_every_family_maps_latents_to_images_and_images_to_scores(name: str, size: int) -> None:
    family = create(name, config_class(name)(size=size, width=4, latent=6, batch_size=2))
    images = family.generator(family.latents(3, np.random.RandomState(0)))
    assert images.shape == (3, 3, size, size)
    assert family.discriminator(images).shape[0] == 3


@pytest.mark.parametrize("name", family_names())
def test_a_step_moves_both_players_and_returns_the_metrics_it_names(name: str) -> None:
    family = small(name)
    before = copy_of(family.generator), copy_of(family.discriminator)
    row = family.step(real(family), noise(family), Plain(family))
    assert row.keys() == family.metrics.keys()
    assert all(value.shape == () and value.isfinite() and not value.requires_grad for value in row.values())
    for old, network in zip(before, (family.generator, family.discriminator), strict=True):
        assert any(not torch.equal(a, b) for a, b in zip(old, network.parameters(), strict=True))


@pytest.mark.parametrize("name", family_names())
def test_every_tunable_has_a_default_within_its_bounds_and_says_what_it_does(name: str) -> None:
    for tunable in tunables(config_class(name)):
        assert tunable.minimum <= tunable.default <= tunable.maximum
        assert tunable.title
        assert len(tunable.help) > 10


def test_cross_entropy_is_minus_log_of_the_probability_given_to_the_truth() -> None:
    logits = torch.tensor([0.0, 2.0, -1.0])
    probabilities = 1 / (1 + np.exp(-logits.numpy()))
    assert cross_entropy(logits, real=True).item() == pytest.approx(-np.log(probabilities).mean())
    assert cross_entropy(logits, real=False).item() == pytest.approx(-np.log(1 - probabilities).mean(), rel=1e-5)


def test_dcgans_generator_is_scored_by_the_discriminator_after_its_update() -> None:
    family, reference = small("dcgan"), small("dcgan")
    updates = Plain(family)
    row = family.step(real(family), noise(family), updates)
    assert updates.asked == [
        ("gradients", "discriminator"), ("apply", "discriminator"), ("gradients", "generator"), ("apply", "generator"),
    ]  # fmt: skip

    optimizers = reference.optimizers()
    fake = reference.generator(noise(reference)())
    ones, zeros = torch.ones(4), torch.zeros(4)
    scores = reference.discriminator(real(reference)), reference.discriminator(fake.detach())
    loss_d = binary_cross_entropy_with_logits(scores[0], ones) + binary_cross_entropy_with_logits(scores[1], zeros)
    loss_d.backward()
    optimizers["discriminator"].step()
    loss_g = binary_cross_entropy_with_logits(reference.discriminator(fake), ones)
    reference.generator.zero_grad()
    loss_g.backward()
    optimizers["generator"].step()

    assert row["loss_discriminator"].item() == pytest.approx(loss_d.item(), rel=1e-5)
    assert row["loss_generator"].item() == pytest.approx(loss_g.item(), rel=1e-5)
    assert row["score_real"].item() == pytest.approx(scores[0].sigmoid().mean().item(), rel=1e-5)
    for own, expected in zip(family.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(own, expected)


def test_dcgans_latents_are_uniform_and_wgans_are_normal() -> None:
    uniform = small("dcgan").latents(4000, np.random.RandomState(0))
    normal = small("wgan").latents(4000, np.random.RandomState(0))
    assert uniform.abs().max() <= 1
    assert uniform.var().item() == pytest.approx(1 / 3, rel=0.05)
    assert normal.var().item() == pytest.approx(1, rel=0.05)
    assert (normal.abs() > 1.96).float().mean().item() == pytest.approx(0.05, abs=0.01)


def test_wgan_updates_its_critic_five_times_and_then_the_generator_once() -> None:
    family = small("wgan")
    assert family.config.images_per_step == 20
    updates = Plain(family)
    family.step(real(family), noise(family), updates)
    critic = [("gradients", "discriminator"), ("apply", "discriminator")]
    assert updates.asked == critic * 5 + [("gradients", "generator"), ("apply", "generator")]


def test_wgans_critic_stays_within_the_clipping() -> None:
    family = small("wgan", clip=0.003)
    family.step(real(family), noise(family), Plain(family))
    assert max(weight.abs().max().item() for weight in family.discriminator.parameters()) == pytest.approx(0.003)
    family.config = family.config.model_copy(update={"clip": 0.002})
    family.step(real(family), noise(family), Plain(family))
    assert max(weight.abs().max().item() for weight in family.discriminator.parameters()) == pytest.approx(0.002)


def test_wgans_critic_climbs_the_wasserstein_estimate() -> None:
    family = small("wgan", learning_rate_g=0.0, learning_rate_d=1e-3, critic_steps=1)
    images, updates = real(family), Plain(family)
    estimates = [family.step(images, noise(family), updates)["distance"].item() for _ in range(12)]
    assert estimates[-1] > estimates[1]


def test_a_negative_number_after_a_sign_stands_in_parentheses() -> None:
    (equation,) = small("wgan").equations({}, {"critic_real": 0.03035, "critic_fake": -0.04392, "distance": 0.07427})
    assert equation.numbers == "0.03035 − (-0.04392)"
    row = {"loss_real": 0.1, "loss_fake": 0.09, "recovery": 0.0, "k": 0.2, "convergence": 0.12}
    numbers = {
        line.symbol: line.numbers for line in small("ours", gamma=0.7, lambda_k=0.001).equations({"k": 0.2}, row)
    }
    assert numbers["k_t+1"] == "0.200000 + 0.001 · (-0.02000)"


def test_wgans_estimate_is_the_difference_of_the_critics_means() -> None:
    family = small("wgan", critic_steps=1)
    images = real(family)
    with torch.no_grad():
        expected = family.discriminator(images).mean(), family.discriminator(family.generator(noise(family)())).mean()
    row = (fresh := small("wgan", critic_steps=1)).step(images, noise(fresh), Plain(fresh))
    assert row["critic_real"].item() == pytest.approx(expected[0].item(), rel=1e-4)
    assert row["critic_fake"].item() == pytest.approx(expected[1].item(), rel=1e-4)
    assert row["distance"].item() == pytest.approx((expected[0] - expected[1]).item(), rel=1e-3)


@pytest.mark.parametrize("name", family_names())
def test_every_family_says_what_is_happening_from_its_metrics(name: str) -> None:
    config = config_class(name)
    assert config.situation({}) == ""
    fixed = {"loss_fake": 0.5, "score_fake": 0.0}
    sentences = {config.situation(dict.fromkeys(config.metrics, value) | fixed) for value in (-1.0, 0.4, 9)}
    assert all(sentence.endswith(".") for sentence in sentences)
    assert len(sentences) > 1


def test_a_sentence_does_not_let_k_rise_or_fall_beyond_its_limits() -> None:
    ours = config_class("ours")
    above, below = {"loss_fake": 0.2, "loss_target": 0.1}, {"loss_fake": 0.1, "loss_target": 0.2}
    assert "k_t falls" in ours.situation(above | {"k": 0.1})
    assert "k_t is 0" in ours.situation(above | {"k": 0.0})
    assert "k_t rises" in ours.situation(below | {"k": 0.9})
    assert "k_t is 1" in ours.situation(below | {"k": 1.0})


def test_the_generator_is_ahead_if_its_images_have_the_higher_scores() -> None:
    assert "generator is ahead" in config_class("r3gan").situation({"lead": -0.5})
