"""Building blocks that families share."""

import math
from itertools import pairwise
from typing import Protocol

from torch import Tensor, nn


class Shape(Protocol):
    size: int
    latent: int
    width: int


class TransposedGenerator(nn.Module):
    """DCGAN's generator (Radford et al. 2015, arXiv:1511.06434): latent (n, h) → image (n, 3, size, size) in (−1, 1).

    A fully connected layer gives C×4×4; 4×4 transposed convolutions of stride 2 with batch normalisation and ReLU
    double the map and halve the channels down to `width`; the last one ends in tanh.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        doublings = int(math.log2(shape.size // 4))
        channels = [shape.width * 2**i for i in reversed(range(doublings))]
        self.map = nn.Linear(shape.latent, channels[0] * 16, bias=False)
        layers: list[nn.Module] = [nn.BatchNorm2d(channels[0]), nn.ReLU(inplace=True)]
        for before, after in pairwise(channels):
            layers += [nn.ConvTranspose2d(before, after, 4, stride=2, padding=1, bias=False)]
            layers += [nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
        layers += [nn.ConvTranspose2d(channels[-1], 3, 4, stride=2, padding=1), nn.Tanh()]
        self.convolutions = nn.Sequential(*layers)
        for module in self.modules():
            if isinstance(module, nn.ConvTranspose2d | nn.Linear):
                nn.init.normal_(module.weight, std=0.02)

    def forward(self, latents: Tensor) -> Tensor:
        return self.convolutions(self.map(latents).unflatten(1, (-1, 4, 4)))
