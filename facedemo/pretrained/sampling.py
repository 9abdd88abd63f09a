"""From seeds to latents to images."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from facedemo.imaging.pictures import to_uint8
from facedemo.pretrained.seeds import checked_seed
from facedemo.progress import Progress

if TYPE_CHECKING:
    from facedemo.pretrained.model import FaceModel  # for types only: it imports this module

MAX_SCALE = 2.0
BATCH = 8


def latents(model: "FaceModel", seeds: Sequence[int], scale: float = 1.0) -> Tensor:
    """The latents of faces, (n, h) float32 on the CPU: each sampled from its own seed and multiplied by `scale`.

    scale: in (0, 2].  Raises ValueError for another scale, a seed out of range, or if there is no seed.
    """
    if not 0 < scale <= MAX_SCALE:
        raise ValueError(f"The latent scale is above 0 and at most {MAX_SCALE:g}, not {scale}.")
    if not seeds:
        raise ValueError("At least one seed is required.")
    # NumPy froze RandomState's stream for good; torch's and default_rng's may change between versions.
    rng, vectors = np.random.RandomState(), []
    for seed in seeds:
        rng.seed(checked_seed(seed))  # the state of RandomState(seed), sixty times faster than constructing one
        vectors.append(model.family.latents(1, rng))
    return torch.cat(vectors) * scale


def generate(model: "FaceModel", seeds: Sequence[int], scale: float = 1.0, batch: int = BATCH) -> np.ndarray:
    """Faces as uint8 (n, size, size, 3), one per seed; `scale` as in `latents`."""
    return draw(model, latents(model, seeds, scale), batch)


def draw(model: "FaceModel", vectors: Tensor, batch: int = BATCH, progress: Progress | None = None) -> np.ndarray:
    """Faces of latents (n, h), n > 0, as uint8 (n, size, size, 3).

    The networks only see batches of exactly `batch` latents: convolutions of another batch size may sum in another
    order, and a face must not depend, not even by a grey level, on the other faces of its batch.  progress: called
    after every batch with the number of faces so far and in total.
    """
    count = len(vectors)
    padded = torch.cat([vectors, vectors[:1].expand(-count % batch, -1)])
    images = []
    for part in padded.split(batch):
        images.append(to_uint8(model.generate(part).float().cpu()))
        if progress:
            progress(min(count, len(images) * batch), count)
    return np.concatenate(images)[:count]


def from_uint8(images: np.ndarray) -> Tensor:
    """uint8 (n, s, s, 3) → (n, 3, s, s) float32 in [−1, 1], the input of the networks."""
    return torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).float().div(127.5).sub(1.0)
