"""Residual networks without normalisation, for two cores: 3×3 convolutions, and few channels at full resolution.

The paper's blocks have grouped convolutions between 1×1 convolutions, which CPUs compute slowly; the rest follows its
section 3: no normalisation, Fix-up initialisation, bilinear resampling, leaky ReLU.
"""

import math
from itertools import pairwise

from torch import Tensor, nn

from facedemo.gans.blocks import LatentLayer, Shape

THINNER = 3  # the width divided by this is the number of channels at full resolution
LAST_MAP = 4  # side of the smallest feature map
WIDEST = 4  # channels of the smallest feature maps, in widths
SLOPE = 0.2
GAIN = math.sqrt(2 / (1 + SLOPE**2))  # keeps the variance through leaky ReLU


def channels(shape: Shape) -> list[int]:
    """Channels of each resolution, from the image's down to 4×4."""
    levels = int(math.log2(shape.size // LAST_MAP))
    return [max(1, shape.width // THINNER), *(shape.width * min(2**level, WIDEST) for level in range(levels))]


def convolution(before: int, after: int, kernel: int, gain: float = 1.0, bias: bool = False) -> nn.Conv2d:
    """A convolution that keeps the size of the map, and multiplies the variance by gain² at initialisation."""
    layer = nn.Conv2d(before, after, kernel, padding=kernel // 2, bias=bias)
    nn.init.normal_(layer.weight, std=gain / math.sqrt(before * kernel**2))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


class Residual(nn.Module):
    """x + b(leaky ReLU(a(x))): (n, c, s, s), the identity at initialisation (Fix-up, Zhang et al. 2019)."""

    def __init__(self, width: int, blocks: int) -> None:
        """blocks: residual blocks of the network; the more, the smaller the initial weights."""
        super().__init__()
        self.convolutions = nn.Sequential(
            convolution(width, width, 3, GAIN / math.sqrt(blocks), bias=True),
            nn.LeakyReLU(SLOPE, inplace=True),
            convolution(width, width, 3, gain=0.0),
        )

    def forward(self, maps: Tensor) -> Tensor:
        return maps + self.convolutions(maps)


class ResidualGenerator(nn.Module):
    """Latent (n, h) → image (n, 3, size, size), without a final non-linearity."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        widths = channels(shape)[::-1]
        self.map = LatentLayer(shape.latent, widths[0] * LAST_MAP**2)
        nn.init.normal_(self.map.weight, std=1 / math.sqrt(shape.latent))
        layers: list[nn.Module] = [Residual(widths[0], len(widths))]
        for before, after in pairwise(widths):
            # a 1×1 convolution before upsampling gives the same as after it, at a quarter of the cost
            layers += [convolution(before, after, 1)] if before != after else []
            layers += [nn.Upsample(scale_factor=2, mode="bilinear"), Residual(after, len(widths))]
        layers += [nn.LeakyReLU(SLOPE), convolution(widths[-1], 3, 3, bias=True)]
        self.convolutions = nn.Sequential(*layers)

    def forward(self, latents: Tensor) -> Tensor:
        return self.convolutions(self.map(latents).unflatten(1, (-1, LAST_MAP, LAST_MAP)))


class ResidualCritic(nn.Module):
    """Image (n, 3, size, size) → one number per image, (n,)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        widths = channels(shape)
        layers: list[nn.Module] = [convolution(3, widths[0], 3, bias=True), Residual(widths[0], len(widths))]
        for before, after in pairwise(widths):
            layers += [nn.AvgPool2d(2)]
            layers += [convolution(before, after, 1)] if before != after else []
            layers += [Residual(after, len(widths))]
        self.convolutions = nn.Sequential(*layers)
        self.score = nn.Linear(widths[-1] * LAST_MAP**2, 1)
        nn.init.normal_(self.score.weight, std=1 / math.sqrt(self.score.in_features))

    def forward(self, images: Tensor) -> Tensor:
        return self.score(self.convolutions(images).flatten(1)).squeeze(1)
