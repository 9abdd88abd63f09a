"""The paper's objective and networks against values worked out by hand."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from facedemo.config.schema import RunConfig
from facedemo.gans.base import create
from facedemo.gans.blocks import UpsampledConv2d
from facedemo.gans.ours.model import Ours, convergence, next_k, reconstruction_loss

EVERY_SHAPE = [
    (size, stem, generator)
    for size in (32, 64, 128)
    for stem in ("quarter", "half", "full")
    for generator in ("decoder", "deconv")
]


class PlainUpdates:
    """Takes gradients and applies nothing, so that a test can look at them."""

    def __init__(self, family: Ours) -> None:
        self.family = family
        self.taken: dict[str, list[torch.Tensor]] = {}

    def gradients(self, loss: torch.Tensor, *networks: str, keep_graph: bool = False) -> None:
        self.family.zero_grad()
        loss.backward(retain_graph=keep_graph)
        for network in networks:
            self.taken[network] = [p.grad.clone() for p in getattr(self.family, network).parameters()]

    def apply(self, *networks: str) -> None:
        self.applied = networks

    def mean(self, value: torch.Tensor) -> torch.Tensor:
        return value


def small(**settings: object) -> Ours:
    torch.manual_seed(0)
    plain = {"size": 32, "width": 8, "latent": 16, "generator": "decoder", "alpha": 0.0, "lambda_k": 0.001}
    return create("ours", RunConfig(model=plain | settings).model)


def test_k_follows_the_update_worked_out_by_hand() -> None:
    # 0.5 + 0.001 · (0.7 · 0.2 − 0.1) = 0.50004
    k = next_k(torch.tensor(0.5), torch.tensor(0.2), torch.tensor(0.1), gamma=0.7, lambda_k=0.001)
    assert float(k) == pytest.approx(0.50004, abs=1e-7)


def test_k_stops_at_both_of_its_bounds() -> None:
    assert next_k(torch.tensor(0.0), torch.tensor(0.1), torch.tensor(0.9), 0.5, 0.1) == 0.0
    assert next_k(torch.tensor(0.999), torch.tensor(0.9), torch.tensor(0.0), 1.0, 0.1) == 1.0


@given(
    k=st.floats(0, 1),
    real=st.floats(0, 2),
    fake=st.floats(0, 2),
    gamma=st.floats(0, 1),
    gain=st.floats(0, 0.1),
)
def test_k_moves_towards_the_balance_and_stays_within_bounds(
    k: float, real: float, fake: float, gamma: float, gain: float
) -> None:
    after = float(next_k(torch.tensor(k), torch.tensor(real), torch.tensor(fake), gamma, gain))
    assert 0.0 <= after <= 1.0
    balance = gamma * real - fake
    assert after >= k - 1e-6 if balance > 0 else after <= k + 1e-6


def test_convergence_measure_is_the_real_loss_plus_the_imbalance() -> None:
    # 0.2 + |0.5 · 0.2 − 0.3| = 0.4
    assert float(convergence(torch.tensor(0.2), torch.tensor(0.3), 0.5)) == pytest.approx(0.4)


def test_reconstruction_loss_is_the_mean_absolute_difference_of_each_image() -> None:
    images = torch.tensor([[[[0.0, 1.0]]], [[[-1.0, 0.5]]]])
    reconstructions = torch.tensor([[[[0.5, 1.0]]], [[[1.0, 0.0]]]])
    assert reconstruction_loss(images, reconstructions).tolist() == [0.25, 1.25]


@pytest.mark.parametrize(("size", "stem", "generator"), EVERY_SHAPE)
def test_every_variant_makes_and_rebuilds_images_of_its_size(size: int, stem: str, generator: str) -> None:
    family = small(size=size, stem=stem, generator=generator)
    images = family.generator(family.latents(2, np.random.RandomState(0)))
    assert images.shape == (2, 3, size, size)
    assert family.discriminator(images).shape == images.shape
    assert images.std() > 0.01  # a fresh generator answers to its latents


def test_the_architecture_determines_the_number_of_parameters() -> None:
    family = small(size=32, stem="full", width=8, latent=16)
    # encoder: 3→8, (8→8)², 8→16, (16→16)², 16→24, (24→24)², and the code; 3×3 convolutions with biases
    convolutions = [(3, 8), (8, 8), (8, 8), (8, 16), (16, 16), (16, 16), (16, 24), (24, 24), (24, 24)]
    encoder = sum(a * b * 9 + b for a, b in convolutions) + 24 * 64 * 16 + 16
    decoder = 16 * 8 * 64 + 8 * 64 + 6 * (8 * 8 * 9 + 8) + 8 * 3 * 9 + 3
    assert sum(p.numel() for p in family.discriminator.parameters()) == encoder + decoder
    assert sum(p.numel() for p in family.generator.parameters()) == decoder


def test_generator_and_decoder_share_a_shape_but_no_weights() -> None:
    family = small()
    ours, theirs = family.generator.state_dict(), family.discriminator.decoder.state_dict()
    assert ours.keys() == theirs.keys()
    assert not torch.equal(ours["map.weight"], theirs["map.weight"])


def test_deconv_generator_stays_within_the_image_range() -> None:
    family = small(generator="deconv")
    assert family.generator(100 * torch.randn(4, 16)).abs().max() <= 1.0


def test_latents_are_uniform_between_minus_one_and_one_and_follow_numpys_frozen_stream() -> None:
    latents = small().latents(100, np.random.RandomState(5))
    expected = np.random.RandomState(5).uniform(-1, 1, (100, 16)).astype(np.float32)
    np.testing.assert_array_equal(latents.numpy(), expected)
    assert latents.min() >= -1
    assert latents.max() <= 1


@pytest.mark.parametrize(("k", "alpha"), [(0.0, 0.0), (1e-6, 0.0), (0.3, 0.0), (1.0, 0.0), (0.0, 0.2), (0.3, 0.2)])
def test_a_step_takes_the_gradients_of_the_textbook_losses(k: float, alpha: float) -> None:
    family = small(gamma=0.6, alpha=alpha)
    family.k.fill_(k)
    real, z = torch.rand(4, 3, 32, 32) * 2 - 1, family.latents(4, np.random.RandomState(1))
    updates = PlainUpdates(family)
    metrics = family.step(real, lambda: z, updates)

    def loss(images: torch.Tensor) -> torch.Tensor:
        return (images - family.discriminator(images)).abs().mean()

    def recovery(images: torch.Tensor) -> torch.Tensor:
        return (z - family.discriminator.encoder(images)).square().mean()

    fake = family.generator(z)
    loss_real, loss_fake = loss(real), loss(fake.detach())
    loss_d = loss_real - k * loss_fake + alpha * recovery(fake.detach())
    expected_d = torch.autograd.grad(loss_d, list(family.discriminator.parameters()))
    expected_g = torch.autograd.grad(loss(fake) + alpha * recovery(fake), list(family.generator.parameters()))
    for network, expected in (("discriminator", expected_d), ("generator", expected_g)):
        for gradient, reference in zip(updates.taken[network], expected, strict=True):
            torch.testing.assert_close(gradient, reference, rtol=1e-4, atol=1e-7)
    assert sorted(updates.applied) == ["discriminator", "generator"]
    assert float(metrics["loss_real"]) == pytest.approx(loss_real.item(), rel=1e-5)
    assert float(metrics["loss_fake"]) == pytest.approx(loss_fake.item(), rel=1e-5)
    assert float(metrics["recovery"]) == pytest.approx(recovery(fake).item(), rel=1e-4)
    expected_k = k + 0.001 * (0.6 * loss_real.item() - loss_fake.item())
    assert float(family.k) == pytest.approx(min(1.0, max(0.0, expected_k)), abs=1e-6)


def test_realism_is_one_half_for_an_image_of_average_difficulty_and_lower_for_a_harder_one() -> None:
    family = small()
    images = torch.cat([torch.zeros(1, 3, 32, 32), torch.rand(1, 3, 32, 32) * 2 - 1])
    easy, hard = reconstruction_loss(images, family.discriminator(images)).tolist()
    family.score_mean.fill_(easy)
    family.score_square.fill_(easy**2 + 0.1**2)
    scores = family.realism(images).tolist()
    assert scores[0] == pytest.approx(0.5, abs=1e-4)
    assert scores[1] == pytest.approx(1 / (1 + np.exp((hard - easy) / 0.1)), abs=1e-4)


def test_moving_average_moves_by_its_weight_towards_the_generator() -> None:
    family = small()
    before = family.average.map.weight.clone()
    with torch.no_grad():
        family.generator.map.weight += 1.0
    family.update_average(0.25)
    torch.testing.assert_close(family.average.map.weight, before + 0.25)


@pytest.mark.parametrize("side", [1, 2, 5, 8])
def test_the_upsampled_convolution_is_upsampling_and_then_a_convolution(side: int) -> None:
    torch.manual_seed(0)
    fast = UpsampledConv2d(3, 5, 3, padding=1).double()
    maps = torch.randn(2, 3, side, side, dtype=torch.float64, requires_grad=True)
    upsampled = torch.nn.functional.interpolate(maps, scale_factor=2, mode="nearest")
    plain = torch.nn.functional.conv2d(upsampled, fast.weight, fast.bias, padding=1)
    torch.testing.assert_close(fast(maps), plain)
    weights = torch.randn_like(plain)
    inputs = (maps, fast.weight, fast.bias)
    gradients = torch.autograd.grad((fast(maps) * weights).sum(), inputs)
    for left, right in zip(gradients, torch.autograd.grad((plain * weights).sum(), inputs), strict=True):
        torch.testing.assert_close(left, right)
