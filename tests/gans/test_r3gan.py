"""R3GAN against a direct implementation of its losses and penalties."""

import pytest
import torch

from facedemo.gans.base import create
from facedemo.gans.registry import config_class
from tests.gans.plain import Plain, noise, real, small


def gradients(family: torch.nn.Module, network: str) -> list[torch.Tensor]:
    return [torch.zeros_like(p) if p.grad is None else p.grad for p in getattr(family, network).parameters()]


class Unapplied(Plain):
    """Leaves the weights as they are, so that the gradients can be compared at the same weights."""

    def apply(self, *networks: str) -> None:
        self.asked.append(("apply", *networks))


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_a_step_has_the_gradients_of_the_losses_and_penalties_as_the_paper_writes_them(share: float) -> None:
    family = small("r3gan", penalty=3.0, penalty_share=share)
    for block in family.modules():  # leaves the identity of the initialisation
        if isinstance(block, torch.nn.Conv2d):
            torch.nn.init.normal_(block.weight, std=0.1)
    row = family.step(x := real(family), noise(family), Unapplied(family))
    own_gradients = {name: [g.clone() for g in gradients(family, name)] for name in ("discriminator", "generator")}

    n, fake = int(4 * share), family.generator(noise(family)())
    lead = family.discriminator(x) - family.discriminator(fake)
    loss_g = torch.log(1 + torch.exp(lead)).mean()
    expected_g = torch.autograd.grad(loss_g, list(family.generator.parameters()), retain_graph=True)
    penalties = []
    for images in (x[:n], fake[:n].detach()):
        images = images.clone().requires_grad_(True)
        each = [torch.autograd.grad(family.discriminator(images)[i], images, create_graph=True)[0][i] for i in range(n)]
        penalties.append(torch.stack(each).square().flatten(1).sum(1).mean())
    loss_d = torch.log(1 + torch.exp(-lead)).mean()
    total = loss_d + 1.5 * (penalties[0] + penalties[1])
    expected_d = torch.autograd.grad(total, list(family.discriminator.parameters()), allow_unused=True)

    for own, expected in zip(own_gradients["generator"], expected_g, strict=True):
        torch.testing.assert_close(own, expected, rtol=1e-3, atol=1e-6)
    for own, expected in zip(own_gradients["discriminator"], expected_d, strict=True):
        torch.testing.assert_close(own, torch.zeros_like(own) if expected is None else expected, rtol=1e-3, atol=1e-6)
    values = loss_d, loss_g, lead.mean(), *penalties
    for name, value in zip(
        ("loss_discriminator", "loss_generator", "lead", "penalty_real", "penalty_fake"), values, strict=True
    ):
        assert row[name].item() == pytest.approx(value.item(), rel=1e-4), name


def test_the_blocks_begin_as_the_identity_and_the_score_has_the_scale_of_the_image() -> None:
    torch.manual_seed(0)
    family = create("r3gan", config_class("r3gan")(size=64, width=16))
    images = family.generator(torch.randn(64, 64))
    assert 0.3 < images.std() < 3
    maps = torch.randn(2, 16, 8, 8)
    block = next(m for m in family.modules() if type(m).__name__ == "Residual" and m.convolutions[0].in_channels == 16)
    assert torch.equal(block(maps), maps)


def test_if_two_shares_meet_the_penalties_see_at_least_one_image() -> None:
    family = small("r3gan", penalty_share=0.01)
    assert family.step(real(family), noise(family), Plain(family))["penalty_real"] > 0
