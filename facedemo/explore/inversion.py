"""GAN inversion: the latent whose face is closest to a given one (BEGAN 4.3; Zhu et al., arXiv:1609.03552)."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from facedemo.explore.interpolation import PathKind, mix
from facedemo.pretrained import sampling
from facedemo.pretrained.model import FaceModel
from facedemo.pretrained.sampling import from_uint8
from facedemo.progress import Progress

STEPS = 200
CANDIDATES, STARTS = 256, 8  # number of random latents to try, and of the best ones to optimise
RATE = 0.1
COARSE = 4  # side in pixels of the squares over which images are pooled for comparison


@dataclass(frozen=True)
class InvertedFace:
    """latent: (h,) float32.  image: its generated image, uint8 (s, s, 3).  error: mean |v − G(z)|, [0, 2]."""

    latent: np.ndarray
    image: np.ndarray
    error: float


def distance(images: Tensor, target: Tensor) -> Tensor:
    """Mean difference of each image (n, 3, s, s) from `target` (1, 3, s, s), per pixel plus per pooled square: (n,).

    The pooled term gives a useful gradient while pixels are still misaligned.
    """
    pixels = images - target
    coarse = F.avg_pool2d(pixels, COARSE)
    return pixels.abs().mean(dim=(1, 2, 3)) + coarse.abs().mean(dim=(1, 2, 3))


def invert(model: FaceModel, image: np.ndarray, steps: int = STEPS, progress: Progress | None = None) -> InvertedFace:
    """The latent whose face is closest to an image, by gradient descent (Adam) from several random starts.

    image: uint8 (s, s, 3), s the model's size.  steps: of gradient descent, at least 1.  progress: called after every
    step; an exception from it ends the search.  Raises ValueError for an image of another size.
    """
    if image.shape != (model.size, model.size, 3):
        raise ValueError(
            f"The image is {image.shape[1]}×{image.shape[0]} pixels, but this model's images are "
            f"{model.size}×{model.size}."
        )
    network, limit, target = model.family.average, model.family.latent_limit, from_uint8(image[None])
    z = nearest(model, target).requires_grad_()
    optimizer = torch.optim.Adam([z], RATE, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps, RATE / 50)
    for done in range(1, steps + 1):
        optimizer.zero_grad()
        distance(network(z).float(), target).sum().backward()
        optimizer.step()
        schedule.step()
        if limit is not None:
            with torch.no_grad():
                z.clamp_(-limit, limit)
        if progress:
            progress(done, steps)
    z = z.detach()
    errors = (model.generate(z) - target).abs().mean(dim=(1, 2, 3))
    best = z[int(errors.argmin())]
    return InvertedFace(best.numpy(), sampling.draw(model, best[None])[0], float(errors.min()))


def nearest(model: FaceModel, target: Tensor) -> Tensor:
    """The STARTS of CANDIDATES random latents whose faces are closest to an image, (STARTS, h)."""
    latents = model.family.latents(CANDIDATES, np.random.RandomState(0))
    distances = torch.cat([distance(model.generate(part), target) for part in latents.split(32)])
    return latents[distances.argsort()[:STARTS]].clone()


def morph(
    model: FaceModel,
    a: InvertedFace,
    b: InvertedFace,
    steps: int,
    path: PathKind = "lerp",
    progress: Progress | None = None,
) -> np.ndarray:
    """The film from one found face to another: uint8 (steps, s, s, 3), including both.

    steps: in [2, 120].  Raises ValueError for other numbers of steps and for unknown paths.
    """
    if not 2 <= steps <= 120:
        raise ValueError(f"A film has 2 to 120 steps, not {steps}.")
    ends = torch.from_numpy(np.stack([a.latent, b.latent]))
    path_latents = mix(ends[0], ends[1], torch.linspace(0, 1, steps, dtype=torch.float64), path)
    return sampling.draw(model, path_latents, progress=progress)
