"""A small family, inputs for it, and updates without a framework, for the tests of all families."""

from collections.abc import Callable

import numpy as np
import torch

from facedemo.gans.base import Family, create
from facedemo.gans.registry import config_class


class Plain:
    """Updates as one would write them without a framework; remembers the order of what was asked."""

    def __init__(self, family: Family) -> None:
        self.family, self.optimizers, self.asked = family, family.optimizers(), []

    def gradients(self, loss: torch.Tensor, *networks: str, keep_graph: bool = False) -> None:
        parameters = [parameter for network in networks for parameter in getattr(self.family, network).parameters()]
        for parameter in parameters:
            parameter.grad = None
        loss.backward(inputs=parameters, retain_graph=keep_graph)
        self.asked.append(("gradients", *networks))

    def apply(self, *networks: str) -> None:
        for network in networks:
            self.optimizers[network].step()
        self.asked.append(("apply", *networks))

    def mean(self, value: torch.Tensor) -> torch.Tensor:
        return value


def small(name: str, **settings: object) -> Family:
    torch.manual_seed(0)
    config = config_class(name)(size=32, width=4, latent=6, batch_size=4, **settings)
    return create(name, config)


def noise(family: Family, seed: int = 0) -> Callable[[], torch.Tensor]:
    rng = np.random.RandomState(seed)
    return lambda: family.latents(family.config.batch_size, rng)


def real(family: Family, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(family.config.images_per_step, 3, 32, 32, generator=generator) * 2 - 1


def copy_of(module: torch.nn.Module) -> list[torch.Tensor]:
    return [parameter.detach().clone() for parameter in module.parameters()]
