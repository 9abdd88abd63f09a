"""The textbook training loop, the baseline for the engine: a direct implementation of the paper's equations.

It uses fp32, contiguous tensors, three passes through the discriminator, a `DataLoader` that decodes JPEG files, and
reads the losses at every step.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from facedemo.gans.base import create
from facedemo.gans.blocks import UpsampledConv2d
from facedemo.gans.ours.model import Ours
from facedemo.gans.settings import FamilyConfig

JPEG_SIZE = (178, 218)  # CelebA's


def write_jpegs(images: np.ndarray, folder: Path) -> list[Path]:
    """The images, uint8 (n, s, s, 3), as JPEG files of CelebA's size."""
    paths = [folder / f"{number:06d}.jpg" for number in range(len(images))]
    for image, path in zip(images, paths, strict=True):
        Image.fromarray(image).resize(JPEG_SIZE, Image.Resampling.BICUBIC).save(path, quality=90)
    return paths


class JpegFaces(Dataset):
    def __init__(self, paths: list[Path], size: int) -> None:
        self.paths = paths
        steps = [transforms.CenterCrop(108), transforms.Resize(size), transforms.RandomHorizontalFlip()]
        self.transform = transforms.Compose([*steps, transforms.ToTensor(), transforms.Normalize([0.5] * 3, [0.5] * 3)])

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Any:
        return self.transform(Image.open(self.paths[index]).convert("RGB"))


class Immediate:
    """`gans.base.Updates` as in PyTorch's examples: backward through all networks, whoever needs the gradients."""

    def __init__(self, optimizers: dict[str, torch.optim.Optimizer]) -> None:
        self.optimizers = optimizers

    def gradients(self, loss: Tensor, *networks: str, keep_graph: bool = False) -> None:
        for network in networks:
            self.optimizers[network].zero_grad()
        loss.backward(retain_graph=keep_graph)

    def apply(self, *networks: str) -> None:
        for network in networks:
            self.optimizers[network].step()

    def mean(self, value: Tensor) -> Tensor:
        return value


def like(convolution: nn.Conv2d) -> nn.Conv2d:
    """A plain convolution of the same shape."""
    return nn.Conv2d(convolution.in_channels, convolution.out_channels, 3, padding=1)


class Textbook:
    """Training of the same networks with the same batch size, without optimisations."""

    def __init__(self, name: str, config: FamilyConfig, paths: list[Path]) -> None:
        self.family, self.config = create(name, config), config
        for module in list(self.family.modules()):
            if isinstance(module, nn.ELU | nn.ReLU | nn.LeakyReLU):
                module.inplace = False
            for child_name, child in list(module.named_children()):
                if isinstance(child, UpsampledConv2d):
                    setattr(module, child_name, nn.Sequential(nn.Upsample(scale_factor=2), like(child)))
        self.optimizers = self.plain_optimizers()
        loader = DataLoader(JpegFaces(paths, config.size), config.images_per_step, shuffle=True, drop_last=True)
        self.batches = self.endless(loader)
        self.rng, self.losses = np.random.RandomState(0), []

    def plain_optimizers(self) -> dict[str, torch.optim.Optimizer]:
        """The family's optimisers with torch's default implementation."""
        plain = {}
        for network, optimizer in self.family.optimizers().items():
            settings = {name: value for name, value in optimizer.defaults.items() if name not in ("fused", "foreach")}
            plain[network] = type(optimizer)(getattr(self.family, network).parameters(), **settings)
        return plain

    def endless(self, loader: DataLoader) -> Iterator[Tensor]:
        while True:
            yield from loader

    def noise(self) -> Tensor:
        return self.family.latents(self.config.batch_size, self.rng)

    def step(self) -> None:
        real = next(self.batches)
        if isinstance(self.family, Ours):
            self.boundary_equilibrium(self.family, real)
        else:
            row = self.family.step(real, self.noise, Immediate(self.optimizers))
            self.losses.append([float(value) for value in row.values()])

    def boundary_equilibrium(self, family: Ours, real: Tensor) -> None:
        generator, discriminator = family.generator, family.discriminator
        k, gamma, lambda_k = float(family.k), family.config.gamma, family.config.lambda_k
        alpha, z = family.config.alpha, self.noise()
        fake = generator(z)

        loss_real = (real - discriminator(real)).abs().mean()
        codes = discriminator.encoder(fake.detach())
        loss_fake = (fake.detach() - discriminator.decoder(codes)).abs().mean()
        self.optimizers["discriminator"].zero_grad()
        recovery = (z - codes).square().mean()
        (loss_real - k * loss_fake + alpha * recovery).backward()
        self.optimizers["discriminator"].step()

        codes = discriminator.encoder(fake)
        loss_g = (fake - discriminator.decoder(codes)).abs().mean()
        recovery = (z - codes).square().mean()
        self.optimizers["generator"].zero_grad()
        (loss_g + alpha * recovery).backward()
        self.optimizers["generator"].step()

        k = min(1.0, max(0.0, k + lambda_k * (gamma * loss_real.item() - loss_g.item())))
        family.k.fill_(k)
        self.losses.append([loss_real.item(), loss_fake.item(), loss_g.item(), k])
