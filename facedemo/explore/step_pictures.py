"""The pictures of a training step, and differences between pictures, amplified until one sees them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from facedemo.imaging.pictures import to_uint8

SHOWN = 6  # number of images of a batch that are shown
GAINS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)  # factors by which differences can be amplified


@dataclass(frozen=True)
class PictureRow:
    """Pictures of one kind, (n, s, s, 3) float32: in [−1, 1], or differences of such pictures.

    scores: the discriminator's output for each, (n,), if that is a number.
    """

    symbol: str  # D(x)
    explanation: str
    images: np.ndarray
    scores: np.ndarray | None = None


def picture_row(symbol: str, explanation: str, images: Tensor) -> PictureRow:
    return PictureRow(symbol, explanation, images[:SHOWN].permute(0, 2, 3, 1).cpu().numpy())


def picture(images: np.ndarray) -> np.ndarray:
    """float32 (n, s, s, 3) in [−1, 1] → uint8, clipped."""
    return to_uint8(torch.from_numpy(images).permute(0, 3, 1, 2))


def amplified(changes: np.ndarray, gain: float) -> np.ndarray:
    """Differences of images as uint8 pictures: grey where nothing changed, brighter where a colour increased.

    changes: float32 (n, s, s, 3), differences of images in [−1, 1]; they are multiplied by `gain` and clipped.
    """
    return picture(np.asarray(changes * gain, np.float32))


def sheet(pictures: Sequence[PictureRow], changes: Sequence[PictureRow], gain: float) -> np.ndarray:
    """All pictures, kind by kind, then the changes: uint8 (n, s, s, 3)."""
    return np.concatenate([picture(row.images) for row in pictures] + [amplified(row.images, gain) for row in changes])


def fitting_gain(changes: Sequence[PictureRow]) -> int:
    """The largest of GAINS at which at least 99 % of the pixels stay in range."""
    largest = max((float(np.quantile(np.abs(change.images), 0.99)) for change in changes), default=0.0)
    return max((gain for gain in GAINS if gain * largest <= 1.0), default=GAINS[0])
