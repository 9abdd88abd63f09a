"""Mending: a generator is trained on its own faces, to draw fewer broken ones.

A judge grades faces of random latents, and a small network learns to predict its grade from the latent. The network's
gradient leads from a latent z to a latent z* nearby, whose face is less broken but shows the same person with the same
expression in the same light: z* may go far only in directions that hardly change the face's embedding, its colours and
a small grey picture of it. A copy of the generator then learns to draw for z what the original draws for z*. As the
network holds only nearby, the same is done again with the trained copy. This needs neither real images nor a
discriminator.
"""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Adam, AdamW

from facedemo.evaluation.attribute_classifier import averaged
from facedemo.evaluation.calibration import LinearModel, small_pictures
from facedemo.evaluation.detector import detect_and_embed
from facedemo.evaluation.judge import the_judge
from facedemo.pretrained import sampling
from facedemo.pretrained.model import FaceModel
from facedemo.pretrained.seeds import face_seeds
from facedemo.progress import Progress, Steps

SEED, FACES, EMBEDDED = 880_000, 12_000, 3_000  # of the faces that are graded; the first of them are embedded, too
PART = 500  # faces graded at a time
COLOURS = 4  # per side: parts of a face whose mean colours are kept

WIDTH, DROPOUT = 512, 0.3  # of the network that learns the grades
EPOCHS, EPOCH_BATCH, LEARNING_RATE = 40, 200, 2e-3  # of its training

GOAL = 1.5  # grade of a good face: so many standard deviations better than the mean
PULL = 0.1  # back to z, on the squared distance in standard deviations of z
KEEP = 1.0  # how much more z* is pulled back in directions that change who is shown, and how
MOVES, MOVE = 30, 0.45  # steps of gradient descent from z to z*, and their size

ROUNDS = 2  # of grading and training
IMAGES = 200_000  # of the generator's training in both rounds, by default
BATCH, MENDING_RATE, WARM_UP = 32, 3e-4, 100  # of it: images, learning rate, iterations


@dataclass(frozen=True)
class GradedFaces:
    """Faces of latents (n, h).  grades: (n,), by the judge.  kept: rows, and numbers (m, d) of their faces to keep."""

    latents: Tensor
    grades: np.ndarray
    kept: list[tuple[np.ndarray, np.ndarray]]


def graded_faces(model: FaceModel, steps: Steps) -> GradedFaces:
    """Raises ValueError if too few faces are detected."""
    latents, progress = sampling.latents(model, face_seeds(SEED, FACES)), steps("grading faces")
    first, grades = list[np.ndarray](), list[np.ndarray]()
    colours, pictures = list[np.ndarray](), list[np.ndarray]()
    for start in range(0, FACES, PART):
        images = sampling.draw(model, latents[start : start + PART])
        grades.append(the_judge()(images))
        colours.append(averaged(images, COLOURS).reshape(len(images), -1))
        pictures.append(small_pictures(images))
        first += [images] if start < EMBEDDED else []
        if progress:
            progress(start + len(images), FACES)
    found = detect_and_embed(np.concatenate(first)[:EMBEDDED], progress=steps("analysing faces"))
    rows, needed = np.flatnonzero(found.detected), 2 * latents.shape[1]
    if len(rows) < needed:
        raise ValueError(
            f"A face is detected in only {len(rows):,} of {len(found.detected):,} generated images, but {needed:,} are "
            "needed. Train the model further first."
        )
    kept = [(np.arange(FACES), np.concatenate(numbers)) for numbers in (colours, pictures)]
    return GradedFaces(latents, np.concatenate(grades), [(rows, found.face_embeddings), *kept])


class GradeModel(nn.Module):
    """Latents in standard deviations of z, (n, h) → grade, (n,), in standard deviations from its mean."""

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


def learned_grades(latents: Tensor, values: np.ndarray, progress: Progress | None = None) -> GradeModel:
    """A model of the grades (n,) of faces of latents (n, h), which are in standard deviations of z."""
    count, steps = len(latents), EPOCHS * math.ceil(len(latents) / EPOCH_BATCH)
    targets = torch.from_numpy((values - values.mean()) / max(values.std(), 1e-9)).float()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = GradeModel(latents.shape[1])
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


def free_directions(graded: GradedFaces, latents: Tensor) -> Tensor:
    """The matrix (h, h) whose product with a random direction changes little of what is to be kept.

    That is taken as linear functions of the latents (n, h), which are in standard deviations of z.
    """
    inputs, kept = latents.double().numpy(), torch.eye(latents.shape[1], dtype=torch.float64)
    for rows, numbers in graded.kept:
        slope = LinearModel(inputs[rows], numbers).slope
        changes = slope @ slope.T
        kept += KEEP * changes * len(changes) / changes.trace().clamp_min(1e-12)
    values, vectors = torch.linalg.eigh(kept)
    return ((vectors / values.sqrt()) @ vectors.T).float()


def better(latents: Tensor, model: GradeModel, free: Tensor) -> Tensor:
    """z* for latents z (n, h), both in standard deviations of z; good faces keep their latents."""
    moves = torch.zeros_like(latents)
    for _ in range(MOVES):
        moves = moves.detach().requires_grad_()
        lack = (GOAL + model(latents + moves @ free)).clamp_min(0).sum() + PULL * moves.square().sum()
        moves = moves - MOVE * torch.autograd.grad(lack, moves)[0]
    return latents + moves.detach() @ free


@dataclass(frozen=True)
class Mended:
    """The mean grade of faces before and after, over a tenth of the latents that were graded."""

    before: float
    after: float


def mend(
    model: FaceModel, images: int, strength: float = 1.0, half: bool = False, steps: Steps = lambda what: None
) -> Mended:
    """Trains a model's generator for a number of images, more than 0; its weights change in place.

    strength: share of the way from its weights to the trained ones, in [0.01, 1].  half: train in bfloat16.  Raises
    ValueError if an argument is out of its range, or too few faces are detected.
    """
    if images <= 0:
        raise ValueError("Mending needs at least one image.")
    if not 0.01 <= strength <= 1:
        raise ValueError(f"A strength of {strength:g} is not possible. Choose a number from 0.01 to 1.")
    sample = sampling.latents(model, face_seeds(SEED, FACES // 10))
    before, original = the_judge()(sampling.draw(model, sample)), copy.deepcopy(model.family.average)
    random = np.random.RandomState(SEED)
    for _ in range(ROUNDS):
        model.family.average.load_state_dict(
            trained(model, math.ceil(images / ROUNDS), half, random, steps).state_dict()
        )
    with torch.no_grad():
        for weight, old in zip(model.family.average.parameters(), original.parameters(), strict=True):
            weight.copy_(old.lerp(weight, strength))
    after = the_judge()(sampling.draw(model, sample))
    return Mended(float(before.mean()), float(after.mean()))


def trained(model: FaceModel, images: int, half: bool, random: np.random.RandomState, steps: Steps) -> nn.Module:
    """A copy of the generator that was trained for one round: to draw G(z*) for z."""
    graded = graded_faces(model, steps)
    spread = float(graded.latents.std())
    scaled = graded.latents / spread
    learned = learned_grades(scaled, graded.grades, steps("learning what breaks them"))
    free = free_directions(graded, scaled)

    def batch() -> tuple[Tensor, Tensor]:
        latents = model.family.latents(BATCH, random)
        return latents, better(latents / spread, learned, free) * spread

    return train(model.family.average, batch, images, half, steps("training the generator"))


def train(
    generator: nn.Module,
    batch: Callable[[], tuple[Tensor, Tensor]],
    images: int,
    half: bool,
    progress: Progress | None = None,
) -> nn.Module:
    """A copy of a generator that learned to draw G(z*) for z; its loss is the mean absolute difference of pixels.

    batch: draws BATCH latents z and z*.
    """
    original = generator.to(memory_format=torch.channels_last)  # pyright: ignore - not in torch's stubs
    learner = copy.deepcopy(original).requires_grad_(True)  # batch normalisation keeps its statistics: still eval()
    optimizer = Adam(learner.parameters(), MENDING_RATE, (0.9, 0.99), fused=True)
    count = math.ceil(images / BATCH)
    for step in range(count):
        falling = 0.5 * (1 + math.cos(math.pi * step / count))
        optimizer.param_groups[0]["lr"] = MENDING_RATE * falling * min(1.0, (step + 1) / WARM_UP)
        latents, targets = batch()
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            with torch.no_grad():
                wanted = original(targets).float()
            loss = (learner(latents).float() - wanted).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        torch.clear_autocast_cache()
        if progress:
            progress(min(images, (step + 1) * BATCH), images)
    return learner
