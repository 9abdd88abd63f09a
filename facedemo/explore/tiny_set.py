"""A set of few training images, and how to see whether a training memorises them."""

import numpy as np

from facedemo.data.builtin import builtin_faces

SIZE = 32
FEW = 32  # training images, and as many unseen ones


def seen() -> np.ndarray:
    """The training images, uint8 (FEW, SIZE, SIZE, 3)."""
    return np.asarray(builtin_faces(SIZE).images[:FEW])


def unseen() -> np.ndarray:
    """Others, uint8 (FEW, SIZE, SIZE, 3)."""
    return np.asarray(builtin_faces(SIZE).images[-FEW:])


def nearest(generated: np.ndarray, images: np.ndarray) -> np.ndarray:
    """For each generated image, that of `images` with the least mean absolute difference; uint8 (n, s, s, 3)."""
    differences = np.abs(generated[:, None].astype(np.int16) - images).mean((2, 3, 4))
    return images[differences.argmin(1)]
