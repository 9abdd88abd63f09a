"""Updates through Fabric in bfloat16, against the same networks in a new autocast."""

import pytest
import torch
from lightning_fabric import Fabric

from facedemo.gans.base import create
from facedemo.gans.registry import config_class
from facedemo.training.updates import FabricUpdates


@pytest.mark.parametrize("network", ["generator", "discriminator"])
def test_a_network_computes_with_its_new_weights_directly_after_its_update(network: str) -> None:
    """Autocast keeps the bfloat16 copies of weights; WGAN's critic is updated several times within one."""
    fabric = Fabric(accelerator="cpu", devices=1, precision="bf16-mixed")
    torch.manual_seed(0)
    family = create(
        "wgan", config_class("wgan")(size=32, width=4, latent=6, learning_rate_d=0.05, learning_rate_g=0.05)
    )
    updates, module = FabricUpdates(fabric, family), getattr(family, network).eval()
    given = torch.rand(4, 6) if network == "generator" else torch.rand(4, 3, 32, 32)
    with fabric.autocast():
        before = module(given)
        updates.gradients(before.float().mean(), network)
        updates.apply(network)
        after = module(given)
    with fabric.autocast():
        expected = module(given)
    assert not torch.equal(before, expected)
    assert torch.equal(after, expected)
