"""Building blocks of the networks that families share, some of them for speed."""

import math
from itertools import pairwise
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Shape(Protocol):
    """The settings that determine the shapes of the networks below, such as a `FamilyConfig`."""

    @property
    def size(self) -> int: ...

    @property
    def latent(self) -> int: ...

    @property
    def width(self) -> int: ...


def initialise(module: nn.Module) -> None:
    """DCGAN's initialisation: weights from N(0, 0.02²), batch normalisation's scales from N(1, 0.02²)."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.normal_(module.weight, std=0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, mean=1.0, std=0.02)


class LatentLayer(nn.Linear):
    """The first layer of a generator, without a bias: latent (n, h) → (n, features).

    It gains a constant one by loading weights that have one, as those of calibrated models do.
    """

    def __init__(self, latent: int, features: int) -> None:
        super().__init__(latent, features, bias=False)
        del self.bias
        self.register_buffer("bias", None)

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        if self.bias is None and f"{prefix}bias" in state_dict:
            self.bias = self.weight.new_zeros(self.out_features)
        super()._load_from_state_dict(state_dict, prefix, *rest)


def first_layer(generator: nn.Module) -> nn.Linear:
    """The linear layer that maps the latent.  Raises ValueError if the generator has none."""
    for layer in generator.modules():
        if isinstance(layer, nn.Linear):
            return layer
    raise ValueError("This is only possible for a generator whose first layer is fully connected (nn.Linear).")


class UpsampledConv2d(nn.Conv2d):
    """A 3×3 convolution after 2× nearest-neighbour upsampling: (n, c, s, s) → (n, d, 2s, 2s).

    Computed without upsampling: each input pixel contributes to 4×4 output pixels, with the kernel summed over the 2×2
    pixels that it would become. This is a transposed convolution that needs 4/9 of the multiplications.
    """

    def forward(self, input: Tensor) -> Tensor:
        kernel = 4 * F.avg_pool2d(F.pad(self.weight.flip(2, 3), (1, 1, 1, 1)), 2, stride=1)
        kernel = kernel.transpose(0, 1).contiguous(memory_format=torch.channels_last)
        return F.conv_transpose2d(input, kernel, self.bias, stride=2, padding=1)


class TransposedGenerator(nn.Module):
    """DCGAN's generator (Radford et al. 2015, arXiv:1511.06434): latent (n, h) → image (n, 3, size, size) in (−1, 1).

    A fully connected layer gives C×4×4; 4×4 transposed convolutions of stride 2 with batch normalisation and ReLU
    double the resolution and halve the channels down to `width`; the last one ends in tanh.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        doublings = int(math.log2(shape.size // 4))
        channels = [shape.width * 2**i for i in reversed(range(doublings))]
        self.map = LatentLayer(shape.latent, channels[0] * 16)
        layers: list[nn.Module] = [nn.BatchNorm2d(channels[0]), nn.ReLU(inplace=True)]
        for before, after in pairwise(channels):
            layers += [nn.ConvTranspose2d(before, after, 4, stride=2, padding=1, bias=False)]
            layers += [nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
        layers += [nn.ConvTranspose2d(channels[-1], 3, 4, stride=2, padding=1), nn.Tanh()]
        self.convolutions = nn.Sequential(*layers)
        self.apply(initialise)

    def forward(self, latents: Tensor) -> Tensor:
        return self.convolutions(self.map(latents).unflatten(1, (-1, 4, 4)))


class StridedDiscriminator(nn.Module):
    """DCGAN's discriminator, WGAN's critic: image (n, 3, size, size) → one number per image, (n,), without a sigmoid.

    4×4 convolutions of stride 2 halve the resolution and double the channels from `width` on, with batch normalisation
    except in the first layer, and LeakyReLU of slope 0.2; a final 4×4 convolution gives the number.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        channels = [shape.width * 2**i for i in range(int(math.log2(shape.size // 4)))]
        layers: list[nn.Module] = [nn.Conv2d(3, channels[0], 4, stride=2, padding=1), nn.LeakyReLU(0.2, inplace=True)]
        for before, after in pairwise(channels):
            layers += [nn.Conv2d(before, after, 4, stride=2, padding=1, bias=False)]
            layers += [nn.BatchNorm2d(after), nn.LeakyReLU(0.2, inplace=True)]
        layers += [nn.Conv2d(channels[-1], 1, 4)]
        self.convolutions = nn.Sequential(*layers)
        self.apply(initialise)

    def forward(self, images: Tensor) -> Tensor:
        return self.convolutions(images).flatten()
