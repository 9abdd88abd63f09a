"""Interpolation: paths through latent space, and grids between four latents.

Two ways to interpolate between a and b:

- *slerp* rotates a into b at a constant angular speed.  Random latents of many dimensions all have about the same
  length, √h for Gaussian ones and √(h/3) for ones uniform in [−1, 1]^h, and slerp preserves it: by length, every latent
  on the path is as likely a sample as the two ends.
- *lerp* goes straight.  Half-way, the length has shrunk to about 0.7 of that, shorter than in training: most generators
  draw a paler face there, those of `decoder` one closer to the model's average face.

For uniform latents slerp is not exact: half-way, (a + b)/√2 has components of up to √2 in size, outside the cube that
the model was trained on. Lerp never leaves the cube.
"""

import itertools
from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from facedemo.pretrained import sampling
from facedemo.pretrained.model import FaceModel
from facedemo.progress import Progress

PathKind = Literal["slerp", "lerp"]
MAX_STEPS, MAX_FRAMES, MAX_SIDE = 120, 1200, 16
PARALLEL = 1e-6  # sine of an angle too small to rotate by


def lerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Straight interpolation between latents.

    a, b: (..., h).  t: (steps,) in [0, 1].  Returns (steps, ..., h), with a at 0 and b at 1.
    """
    t = t.reshape(-1, *[1] * a.ndim).to(a)
    return (1 - t) * a + t * b


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Spherical interpolation between latents (White 2016, arXiv:1609.04468).

    a, b: (..., h).  t: (steps,) in [0, 1].  Returns (steps, ..., h), with a at 0 and b at 1; falls back to lerp if a
    and b are parallel, opposite, or zero. If a and b have the same length, so does everything in between.
    """
    x, y, t = a.double(), b.double(), t.double().reshape(-1, *[1] * a.ndim)
    cosine = torch.nn.functional.normalize(x, dim=-1).mul(torch.nn.functional.normalize(y, dim=-1))
    angle = cosine.sum(-1, keepdim=True).clamp(-1, 1).acos()
    zero = (x.norm(dim=-1, keepdim=True) == 0) | (y.norm(dim=-1, keepdim=True) == 0)
    straight = zero | (angle.sin() < PARALLEL)
    sine = torch.where(straight, 1.0, angle.sin())
    from_a = torch.where(straight, 1 - t, torch.sin((1 - t) * angle) / sine)
    from_b = torch.where(straight, t, torch.sin(t * angle) / sine)
    return (from_a * x + from_b * y).to(a.dtype)


def mix(a: Tensor, b: Tensor, t: Tensor, path: PathKind) -> Tensor:
    """`slerp` or `lerp` by its name.  Raises ValueError for another."""
    if path not in get_args(PathKind):
        raise ValueError(f"The path is {' or '.join(get_args(PathKind))}, not “{path}”.")
    return slerp(a, b, t) if path == "slerp" else lerp(a, b, t)


def latent_path(keyframes: Tensor, steps: int, path: PathKind = "slerp", closed: bool = False) -> Tensor:
    """A path from each latent to the next with `steps` steps per segment; closed: also from the last back to the first.

    keyframes: (k, h), k ≥ 2.  steps: in [1, 120].  Returns (frames, h): every stop once, and steps − 1 latents between
    two keyframes; (k − 1)·steps + 1 frames, or k·steps if closed.  Raises ValueError for fewer keyframes, steps out of
    range, and more than 1,200 frames.
    """
    if len(keyframes) < 2:
        raise ValueError("An interpolation needs at least two faces: give two or more seeds.")
    if not 1 <= steps <= MAX_STEPS:
        raise ValueError(f"The number of steps from one face to the next must be from 1 to {MAX_STEPS}, not {steps}.")
    ends = torch.cat([keyframes, keyframes[:1]]) if closed else keyframes
    if (len(ends) - 1) * steps > MAX_FRAMES:
        raise ValueError(
            f"The film would have more than {MAX_FRAMES:,} frames. Choose fewer faces, or fewer steps between them."
        )
    t = torch.arange(steps, dtype=torch.float64) / steps
    segments = [mix(a, b, t, path) for a, b in itertools.pairwise(ends)]
    return torch.cat(segments if closed else [*segments, ends[-1:]])


def latent_grid(corners: Tensor, side: int, path: PathKind = "slerp") -> Tensor:
    """A grid of latents between four corners: first along the upper and the lower edge, then between the edges.

    corners: (4, h), upper left, upper right, lower left, lower right.  side: in [2, 16].  Returns (side², h), row by
    row.  Raises ValueError for another number of corners and for sides out of range.
    """
    if len(corners) != 4:
        raise ValueError(f"A grid has four corners: give four seeds, not {len(corners)}.")
    if not 2 <= side <= MAX_SIDE:
        raise ValueError(f"A grid is 2 to {MAX_SIDE} faces wide, not {side}.")
    t = torch.linspace(0, 1, side, dtype=torch.float64)
    upper, lower = mix(corners[0], corners[1], t, path), mix(corners[2], corners[3], t, path)
    return mix(upper, lower, t, path).flatten(0, 1)


def film_of_seeds(
    model: FaceModel,
    seeds: Sequence[int],
    steps: int,
    path: PathKind = "slerp",
    progress: Progress | None = None,
) -> np.ndarray:
    """The faces on a path through the latents of `seeds`: uint8 (frames, size, size, 3).

    steps: in [2, 120]. With two seeds, the film has `steps` frames, including both faces; with k > 2, it loops in
    k·steps frames. The frames at the keyframes are exactly the faces of the seeds.  Raises ValueError as `latent_path`
    and `sampling.latents` do, and for other steps.
    """
    if not 2 <= steps <= MAX_STEPS:
        raise ValueError(f"A film has 2 to {MAX_STEPS} frames from face to face, not {steps:,}.")
    closed = is_loop(seeds)
    path_latents = latent_path(sampling.latents(model, seeds), steps if closed else steps - 1, path, closed)
    return sampling.draw(model, path_latents, progress=progress)


def is_loop(seeds: Sequence[int]) -> bool:
    """Whether the film of these seeds loops seamlessly."""
    return len(seeds) > 2


def grid_of_seeds(
    model: FaceModel,
    seeds: Sequence[int],
    side: int,
    path: PathKind = "slerp",
    progress: Progress | None = None,
) -> np.ndarray:
    """The faces of a grid between the latents of four seeds, see `latent_grid`: uint8 (side², size, size, 3)."""
    return sampling.draw(model, latent_grid(sampling.latents(model, seeds), side, path), progress=progress)


def faces_near(model: FaceModel, centre: int, seeds: Sequence[int], spread: float) -> np.ndarray:
    """Faces of latents between that of the seed `centre` and those of `seeds`: uint8 (n, size, size, 3).

    spread: in [0, 1], how far on the way of `slerp`; 0: all are the face of `centre`, 1: the faces of `seeds`.
    """
    ends = sampling.latents(model, seeds)
    start = sampling.latents(model, [centre]).expand_as(ends)
    return sampling.draw(model, slerp(start, ends, torch.tensor([spread]))[0])
