"""The networks of the paper's model: an encoder and a decoder, which together form the discriminator."""

import math

from torch import Tensor, nn

from facedemo.gans.blocks import UpsampledConv2d
from facedemo.gans.ours.config import OursConfig

CODE_MAP = 8  # side of the feature map between the convolutions and the code
FOLD = {"full": 1, "half": 2, "quarter": 4}  # stem → side of the square of pixels that is folded into channels


def levels(config: OursConfig) -> int:
    """Number of resolutions in both halves, from the folded image's down to 8×8."""
    return int(math.log2(config.size // FOLD[config.stem] // CODE_MAP)) + 1


def pixel_channels(config: OursConfig) -> int:
    """Channels of the folded image: the colours of all pixels folded into one."""
    return 3 * FOLD[config.stem] ** 2


def initialise(module: nn.Module) -> None:
    """Xavier-uniform weights and zero biases, as in BEGAN's original code."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


class Encoder(nn.Module):
    """Image (n, 3, s, s) → code (n, h): two 3×3 convolutions per level, channels w, 2w, 3w, … down to an 8×8 map."""

    def __init__(self, config: OursConfig) -> None:
        super().__init__()
        fold, last = FOLD[config.stem], levels(config)
        layers: list[nn.Module] = [nn.PixelUnshuffle(fold)] if fold > 1 else []
        layers += [nn.Conv2d(pixel_channels(config), config.width, 3, padding=1), nn.ELU(inplace=True)]
        for level in range(1, last + 1):
            channels = level * config.width
            layers += [nn.Conv2d(channels, channels, 3, padding=1), nn.ELU(inplace=True)]
            layers += [nn.Conv2d(channels, channels, 3, padding=1), nn.ELU(inplace=True)]
            if level < last:
                layers += [nn.Conv2d(channels, channels + config.width, 3, stride=2, padding=1), nn.ELU(inplace=True)]
        self.convolutions = nn.Sequential(*layers)
        self.code = nn.Linear(last * config.width * CODE_MAP**2, config.latent)
        self.apply(initialise)

    def forward(self, images: Tensor) -> Tensor:
        return self.code(self.convolutions(images).flatten(1))


class Decoder(nn.Module):
    """Code (n, h) → image (n, 3, s, s): w channels throughout, nearest-neighbour upsampling, linear at the end."""

    def __init__(self, config: OursConfig) -> None:
        super().__init__()
        fold, width = FOLD[config.stem], config.width
        self.map = nn.Linear(config.latent, width * CODE_MAP**2)
        layers: list[nn.Module] = []
        for level in range(levels(config)):
            first = UpsampledConv2d if level else nn.Conv2d
            layers += [first(width, width, 3, padding=1), nn.ELU(inplace=True)]
            layers += [nn.Conv2d(width, width, 3, padding=1), nn.ELU(inplace=True)]
        layers += [nn.Conv2d(width, pixel_channels(config), 3, padding=1)]
        layers += [nn.PixelShuffle(fold)] if fold > 1 else []
        self.convolutions = nn.Sequential(*layers)
        self.apply(initialise)

    def forward(self, code: Tensor) -> Tensor:
        return self.convolutions(self.map(code).unflatten(1, (-1, CODE_MAP, CODE_MAP)))


class AutoEncoder(nn.Module):
    """The discriminator D: maps images to their reconstructions, both (n, 3, s, s)."""

    def __init__(self, config: OursConfig) -> None:
        super().__init__()
        self.encoder, self.decoder = Encoder(config), Decoder(config)

    def forward(self, images: Tensor) -> Tensor:
        return self.decoder(self.encoder(images))
