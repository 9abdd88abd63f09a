"""Differentiable augmentation, so that a discriminator memorises a small data set later.

Zhao et al. 2020, "Differentiable Augmentation for Data-Efficient GAN Training", arXiv:2006.10738.
"""

import numpy as np
import torch
from torch import Tensor

MAX_SHIFT = 1 / 8  # of the image's side
CUTOUT = 1 / 2  # side of the square that is cut out, of the image's side


def augmented(images: Tensor, probability: float, random: np.random.RandomState) -> Tensor:
    """Changes colours, translates, and cuts out a square, each in `probability` of the images; differentiable.

    images: (n, 3, s, s) in [−1, 1]; the result may exceed that.  Returns the same images if the probability is 0.
    """
    if probability == 0:
        return images
    chosen = random.uniform(size=(len(images), 3)) < probability
    amounts = random.uniform(size=(len(images), 7))
    amounts[:, :3] = np.where(chosen[:, :1], amounts[:, :3], 0.5)
    amounts[:, 3:5] = np.where(chosen[:, 1:2], amounts[:, 3:5], 0.5)
    numbers = torch.from_numpy(np.column_stack([amounts, chosen[:, 2]])).to(images.device, torch.float32)
    images = recoloured(images, *numbers[:, :3, None, None, None].unbind(1))
    images = translated(images, *(2 * MAX_SHIFT * (numbers[:, 3:5] - 0.5)).unbind(1))
    return images * cutout_masks(images.shape[-1], *numbers[:, 5:].unbind(1))


def recoloured(images: Tensor, brightness: Tensor, saturation: Tensor, contrast: Tensor) -> Tensor:
    """Amounts: (n, 1, 1, 1) in [0, 1]; 0.5 leaves an image as it is."""
    images = images + (brightness - 0.5)
    grey = images.mean(1, keepdim=True)
    images = grey + (images - grey) * (2 * saturation)
    mean = images.mean((1, 2, 3), keepdim=True)
    return mean + (images - mean) * (contrast + 0.5)


def translated(images: Tensor, right: Tensor, down: Tensor) -> Tensor:
    """Shifts images by whole pixels, with grey at the border.  right, down: (n,), in sides of the image."""
    n, size = len(images), images.shape[-1]
    for dimension, shift in ((2, down), (3, right)):
        position = torch.arange(size, device=images.device) - (shift * size).round().long()[:, None]
        inside = (position >= 0) & (position < size)
        shape = (n, 1, size, 1) if dimension == 2 else (n, 1, 1, size)
        rows = position.clamp(0, size - 1).view(shape).expand_as(images)
        images = images.gather(dimension, rows) * inside.view(shape)
    return images


def cutout_masks(size: int, right: Tensor, down: Tensor, chosen: Tensor) -> Tensor:
    """Masks (n, 1, size, size), 0 in a square of the chosen images and 1 elsewhere.

    right, down: its centre, (n,) in [0, 1].  chosen: (n,), 0 or 1.
    """
    pixels = torch.arange(size, device=right.device) / size
    near = [(pixels - centre[:, None]).abs() <= CUTOUT / 2 for centre in (right, down)]
    inside = near[1][:, :, None] & near[0][:, None, :] & chosen.bool()[:, None, None]
    return (~inside)[:, None].to(right.dtype)
