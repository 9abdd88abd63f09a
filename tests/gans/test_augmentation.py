"""Differentiable augmentation: what it changes, how often, and that the generator learns through it."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from facedemo.gans.augmentation import augmented, cutout_masks, recoloured, translated
from facedemo.gans.base import create
from facedemo.gans.registry import config_class, family_names
from tests.gans.plain import Plain, noise, real


def images(n: int = 4, size: int = 16) -> torch.Tensor:
    return torch.rand(n, 3, size, size, generator=torch.Generator().manual_seed(0)) * 2 - 1


def stream(seed: int = 0) -> np.random.RandomState:
    return np.random.RandomState(seed)


def test_without_augmentation_the_images_stay_the_same_and_no_random_number_is_drawn() -> None:
    random = stream()
    assert augmented(same := images(), 0.0, random) is same
    assert random.uniform() == stream().uniform()


def test_the_same_random_numbers_give_the_same_images() -> None:
    assert torch.equal(augmented(images(), 0.7, stream(5)), augmented(images(), 0.7, stream(5)))
    assert not torch.equal(augmented(images(), 0.7, stream(5)), augmented(images(), 0.7, stream(6)))


def test_about_the_requested_share_of_the_images_is_changed_in_each_way() -> None:
    many = torch.zeros(2000, 3, 16, 16)
    changed = (augmented(many, 0.3, stream()) != 0).flatten(1).any(1).float().mean().item()
    assert changed == pytest.approx(0.3, abs=0.04)  # the colours alone change black images: shifts and squares are grey
    ones = torch.ones(2000, 3, 16, 16)
    untouched = (augmented(ones, 0.3, stream()) == 1).flatten(1).all(1).float().mean().item()
    assert 0.7**3 < untouched + 0.03 < 0.7**2 + 0.06  # a shift by less than half a pixel changes nothing


@given(st.integers(-4, 4), st.integers(-4, 4))
@settings(deadline=None)
def test_a_translation_moves_whole_pixels_and_fills_with_grey(right: int, down: int) -> None:
    before = images(2, 16)
    after = translated(before, torch.full((2,), right / 16), torch.full((2,), down / 16))
    expected = torch.zeros(2, 3, 16, 16)
    for y in range(16):
        for x in range(16):
            if 0 <= y - down < 16 and 0 <= x - right < 16:
                expected[:, :, y, x] = before[:, :, y - down, x - right]
    torch.testing.assert_close(after, expected)


def test_colours_by_hand() -> None:
    pixel = torch.tensor([0.6, 0.0, -0.3]).view(1, 3, 1, 1)
    amount = lambda value: torch.tensor(value).view(1, 1, 1, 1)  # noqa: E731
    half = amount(0.5)
    torch.testing.assert_close(recoloured(pixel, half, half, half), pixel)
    torch.testing.assert_close(recoloured(pixel, amount(0.75), half, half), pixel + 0.25)
    torch.testing.assert_close(recoloured(pixel, half, amount(0.0), half), torch.full((1, 3, 1, 1), 0.1))
    torch.testing.assert_close(recoloured(pixel, half, half, amount(1.0)), 0.1 + 1.5 * (pixel - 0.1))


def test_a_square_of_half_the_side_is_cut_out_of_chosen_images_only() -> None:
    masks = cutout_masks(16, torch.tensor([0.5, 0.5]), torch.tensor([0.5, 0.5]), torch.tensor([1.0, 0.0]))
    assert (masks[0] == 0).sum() == 9 * 9  # both ends included
    assert masks[0, 0, 4:13, 4:13].max() == 0
    assert masks[1].min() == 1


def test_gradients_flow_back_to_the_pixels() -> None:
    before = images(2, 8).double().requires_grad_(True)
    assert torch.autograd.gradcheck(lambda v: augmented(v, 1.0, stream(3)), before, eps=1e-3, atol=1e-2)


@pytest.mark.parametrize("name", family_names())
def test_every_family_shows_its_discriminator_real_and_generated_images_through_the_augmentation(name: str) -> None:
    family = create(name, config_class(name)(size=32, width=4, latent=6, batch_size=4, augment=1.0))
    batches, augment = [], family.augment

    def noted(before: torch.Tensor) -> torch.Tensor:
        batches.append((before.detach().clone(), after := augment(before)))
        return after

    family.augment = noted
    seen_by_d: list[torch.Tensor] = []
    family.discriminator.register_forward_pre_hook(lambda module, args: seen_by_d.append(args[0].detach()))
    if hasattr(family.discriminator, "encoder"):
        family.discriminator.encoder.register_forward_pre_hook(lambda module, args: seen_by_d.append(args[0].detach()))
    family.step(given_images := real(family), noise(family), Plain(family))
    raw = torch.cat([before for before, _ in batches])
    assert any(torch.equal(before, given_images[: len(before)]) for before, _ in batches)
    assert len(raw) >= 2 * len(given_images)
    after = torch.cat([image.detach() for _, image in batches])
    for image in torch.cat(seen_by_d):
        assert (after - image).abs().flatten(1).amax(1).min() < 1e-6
