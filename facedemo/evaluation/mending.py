"""Mending: a generator is trained on its own faces, to draw fewer torn ones.

Where a small change of the latent changes a face much, one face turns into another, and is often torn (Tanielian et al.
2020, "Learning disconnected manifolds: a no GAN's land", arXiv:2006.04596). A small network learns from faces of random
latents how steady a face is, that is, how little it changes. Its gradient leads from a latent z to a latent z* nearby,
whose face is steadier. A copy of the generator then learns to draw for z what the original draws for z*. This needs
neither real images nor a discriminator.
"""

import copy
import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam, AdamW

from facedemo.pretrained import sampling
from facedemo.pretrained.model import FaceModel
from facedemo.pretrained.seeds import face_seeds
from facedemo.progress import Progress, Steps
from facedemo.training import device

SEED, FACES = 880_000, 12_000  # of the faces whose steadiness is measured
MIDDLE = (0.25, 0.9375), (0.1875, 0.8125)  # rows and columns of the part that is measured, as shares of the side
NUDGES, NUDGE = 12, 0.1  # small changes of each latent, and their size in standard deviations of z
MEASURED = 50  # faces measured at a time

WIDTH, DROPOUT = 512, 0.3  # of the network that learns steadiness
EPOCHS, EPOCH_BATCH, LEARNING_RATE = 40, 200, 2e-3  # of its training

GOAL = 1.0  # steadiness of a steady face: so many standard deviations above the mean
PULL = 0.1  # back to z, on the squared distance in standard deviations of z
MOVES, MOVE = 20, 0.45  # steps of gradient descent from z to z*, and their size

IMAGES = 100_000  # of the generator's training, by default
BATCH, MENDING_RATE, WARM_UP = 32, 3e-4, 100  # of it: images, learning rate, iterations


def steadiness(model: FaceModel, latents: Tensor, spread: float, progress: Progress | None = None) -> np.ndarray:
    """How little the middle of each face changes with its latent, of (n, h): (n,) float64, higher for steadier faces.

    The negative logarithm of the root mean square of its pixels' changes, in units of their own standard deviation, per
    standard deviation of z, for NUDGES normally distributed changes of the latent.  spread: that standard deviation.
    """
    nudges = np.random.RandomState(0).standard_normal((NUDGES, latents.shape[1])) * NUDGE * spread
    found = list[Tensor]()
    for part in latents.split(MEASURED):
        faces = middle(model.generate(part))
        moved = [middle(model.generate(part + torch.from_numpy(nudge).float())) - faces for nudge in nudges]
        change = torch.stack([pixels.square().mean((1, 2, 3)) for pixels in moved]).mean(0).sqrt()
        contrast = faces.std((1, 2, 3)).clamp_min(1e-9)
        found.append(-(change / contrast / NUDGE).clamp_min(1e-9).log())
        if progress:
            progress(sum(map(len, found)), len(latents))
    return torch.cat(found).double().numpy()


def middle(faces: Tensor) -> Tensor:
    """The part MIDDLE of images (n, 3, size, size)."""
    rows, columns = (slice(round(start * faces.shape[2]), round(end * faces.shape[2])) for start, end in MIDDLE)
    return faces[:, :, rows, columns]


class SteadinessModel(nn.Module):
    """Latents in standard deviations of z, (n, h) → steadiness, (n,), in standard deviations from its mean."""

    def __init__(self, latent: int) -> None:
        super().__init__()
        self.linear = nn.Linear(latent, 1)
        self.network = nn.Sequential(
            *(nn.Linear(latent, WIDTH), nn.GELU(), nn.Dropout(DROPOUT)),
            *(nn.Linear(WIDTH, WIDTH), nn.GELU(), nn.Dropout(DROPOUT)),
            nn.Linear(WIDTH, 1),
        )

    def forward(self, latents: Tensor) -> Tensor:
        return (self.linear(latents) + self.network(latents)).squeeze(1)


def learned_steadiness(latents: Tensor, values: np.ndarray, progress: Progress | None = None) -> SteadinessModel:
    """A model of the steadiness (n,) of faces of latents (n, h), which are in standard deviations of z."""
    count, steps = len(latents), EPOCHS * math.ceil(len(latents) / EPOCH_BATCH)
    targets = torch.from_numpy((values - values.mean()) / max(values.std(), 1e-9)).float()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = SteadinessModel(latents.shape[1])
        optimizer = AdamW(model.parameters(), LEARNING_RATE)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, steps)
        for epoch in range(EPOCHS):
            for rows in torch.randperm(count).split(EPOCH_BATCH):
                loss = F.mse_loss(model(latents[rows]), targets[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
            if progress:
                progress(epoch + 1, EPOCHS)
    return model.eval().requires_grad_(False)


def steadier(latents: Tensor, model: SteadinessModel) -> Tensor:
    """z* for latents z (n, h), both in standard deviations of z; steady faces keep their latents."""
    moved = latents
    for _ in range(MOVES):
        moved = moved.detach().requires_grad_()
        lack = (GOAL - model(moved)).clamp_min(0).sum() + PULL * (moved - latents).square().sum()
        moved = moved - MOVE * torch.autograd.grad(lack, moved)[0]
    return moved.detach()


@dataclass(frozen=True)
class Mended:
    """The mean steadiness of faces before and after, over a tenth of the latents that were measured."""

    before: float
    after: float


def mend(model: FaceModel, images: int, strength: float = 1.0, steps: Steps = lambda what: None) -> Mended:
    """Trains a model's generator for a number of images, more than 0; its weights change in place.

    strength: share of the way from its weights to the trained ones, in [0.01, 1].  Measuring takes about
    as long as 100,000 images.  Raises ValueError if an argument is out of its range.
    """
    if images <= 0:
        raise ValueError("Mending needs at least one image.")
    if not 0.01 <= strength <= 1:
        raise ValueError(f"A strength of {strength:g} is not possible. Choose a number from 0.01 to 1.")
    latents = sampling.latents(model, face_seeds(SEED, FACES))
    spread = float(latents.std())
    before = steadiness(model, latents, spread, steps("measuring how steady the faces are"))
    learned = learned_steadiness(latents / spread, before, steps("learning what makes them steady"))
    trained = train(model, learned, spread, images, steps("training the generator"))
    with torch.no_grad():
        for weight, new in zip(model.family.average.parameters(), trained.parameters(), strict=True):
            weight.lerp_(new, strength)
    sample = latents[: FACES // 10]
    after = steadiness(model, sample, spread, steps("measuring how steady they are now"))
    return Mended(float(before[: len(sample)].mean()), float(after.mean()))


def train(
    model: FaceModel, learned: SteadinessModel, spread: float, images: int, progress: Progress | None = None
) -> nn.Module:
    """A copy of the generator that learned to draw G(z*) for z; its loss is the mean absolute difference of pixels."""
    original = model.family.average.to(memory_format=torch.channels_last)  # pyright: ignore - not in torch's stubs
    trained = copy.deepcopy(original).requires_grad_(True)  # batch normalisation keeps its statistics: still eval()
    optimizer = Adam(trained.parameters(), MENDING_RATE, (0.9, 0.99), fused=True)
    half = device.precision("auto") == device.BF16
    random, count = np.random.RandomState(SEED), math.ceil(images / BATCH)
    for step in range(count):
        falling = 0.5 * (1 + math.cos(math.pi * step / count))
        optimizer.param_groups[0]["lr"] = MENDING_RATE * falling * min(1.0, (step + 1) / WARM_UP)
        latents = model.family.latents(BATCH, random)
        targets = steadier(latents / spread, learned) * spread
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            with torch.no_grad():
                wanted = original(targets).float()
            loss = (trained(latents).float() - wanted).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        torch.clear_autocast_cache()
        if progress:
            progress(min(images, (step + 1) * BATCH), images)
    return trained
