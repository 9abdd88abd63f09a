"""Checks prepared images before a training: near-copies, blur, and why files were skipped.

Everything is computed from the prepared images, and nothing is stored.
"""

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np

from facedemo.data.cache import Faces
from facedemo.data.preparation import NO_FACE, TOO_SMALL

EXAMINED = 5000  # images at most; of more, an even sample
SHOWN = 24  # images on the grid
GRID_COLUMNS = 8
SEED = 0  # of the samples
FEW = 500
PARTS = 8  # per side, for the search for near-copies
# Root mean square difference of the parts, of 255 levels. JPEG at quality 20 changes them by up to 5 and 5 % more
# brightness by 6; of 3,000 faces of CelebA, the nearest two are 8.3 apart.
COPY = 7.0
# Variance of the Laplacian over that of the grey values, at 64×64. Sharp faces of CelebA have 0.12 and more; blurred by
# σ = 1 pixel, they have 0.04. It depends on the size as below, by the same measurement at 32×32 and 128×128.
BLURRED = 0.05
OFTEN = 0.1  # of the images: worth a warning
FACELESS = 0.5  # of the photos
GREY = np.array([0.299, 0.587, 0.114], np.float32)
BLOCK = 1000  # images compared at once


@dataclass(frozen=True)
class Findings:
    """Prepared images, examined.

    count: number of images.  size: their side in pixels.  skipped: reason → files and faces.  examined: rows that were
    examined.  shown: rows for the grid.  blurred: rows.  copies: (row, an earlier row that looks the same).  photos:
    files that show at least one face, if faces were cut out of photos.
    """

    count: int
    size: int
    skipped: Counter[str]
    examined: np.ndarray
    shown: np.ndarray
    blurred: np.ndarray
    copies: list[tuple[int, int]]
    photos: int

    @property
    def sample(self) -> str:
        """ " in a sample of 5,000"; "" if all images were examined."""
        return f" in a sample of {len(self.examined):,}" if len(self.examined) < self.count else ""

    def summary(self) -> str:
        """ "3 look blurred, and 42 are near-copies of others, in a sample of 5,000." """
        blurred = f"{len(self.blurred):,} {'looks' if len(self.blurred) == 1 else 'look'} blurred"
        near = f"{len(self.copies):,} {'is a near-copy' if len(self.copies) == 1 else 'are near-copies'} of others"
        return f"{blurred}, and {near}{',' if self.sample else ''}{self.sample}."

    @property
    def warnings(self) -> list[str]:
        """What to change before a training, most important first."""
        sentences, examined = [], max(1, len(self.examined))
        small = sum(count for reason, count in self.skipped.items() if reason.startswith(TOO_SMALL))
        if (faceless := self.skipped[NO_FACE]) > FACELESS * (faceless + self.photos):
            sentences.append(
                f"No face was found in {faceless:,} of {faceless + self.photos:,} photos. If the images are already "
                "cropped to faces, choose another crop."
            )
        if self.count < FEW:
            sentences.append(
                f"{self.count:,} images are few, and the model will vary little. A few hundred more help, above all of "
                "other people, poses and light."
            )
        if small > OFTEN * (small + self.count):
            sentences.append(
                f"{small:,} were skipped because they are too small. Choose larger images, or a smaller size."
            )
        if len(self.blurred) > OFTEN * examined:
            sentences.append(
                f"{100 * len(self.blurred) / examined:.0f} % look blurred: out of focus, or enlarged from fewer "
                "pixels. The faces that the model generates will be as soft. Choose sharper images, or a smaller size."
            )
        if len(self.copies) > OFTEN * examined:
            sentences.append(
                f"{100 * len(self.copies) / examined:.0f} % are near-copies of others, which count more in the "
                "training without adding variety. Remove them."
            )
        return sentences


def examine(faces: Faces) -> Findings:
    """Examines prepared images; of more than EXAMINED, an even sample.  Takes about a second for that many."""
    count, size = len(faces.names), faces.images.shape[1]
    rows = even_sample(count, EXAMINED)
    images = faces.images[rows]
    return Findings(
        count=count,
        size=size,
        skipped=Counter(reason for _, reason in faces.skipped),
        examined=rows,
        shown=even_sample(count, SHOWN),
        blurred=rows[sharpness(images) < BLURRED * (64 / size) ** 1.5],
        copies=[(int(rows[row]), int(rows[earlier])) for row, earlier in near_copies(images)],
        photos=len({re.sub(r"#[0-9]+$", "", name) for name in faces.names}),
    )


def even_sample(count: int, number: int, seed: int = SEED) -> np.ndarray:
    """`number` of `count` rows, ascending: one at random from each of `number` equal stretches; all, if fewer."""
    if count <= number:
        return np.arange(count)
    edges = np.arange(number + 1) * count // number
    return np.random.RandomState(seed).randint(edges[:-1], edges[1:])


def sharpness(images: np.ndarray) -> np.ndarray:
    """The variance of the Laplacian over that of the grey values, 0 for an image of one colour.

    images: (n, size, size, 3) uint8.  Returns (n,).
    """
    return np.array([_sharpness(image @ GREY) for image in images])


def _sharpness(grey: np.ndarray) -> float:
    inner = grey[1:-1, 1:-1]
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * inner
    variance = float(inner.var())
    return float(laplacian.var()) / variance if variance > 1e-3 else 0.0


def near_copies(images: np.ndarray, closer_than: float = COPY) -> list[tuple[int, int]]:
    """(row, the most similar earlier row) for each image that looks like an earlier one.

    Images are compared by the means of PARTS × PARTS squares: the root mean square of their differences, of 255 levels.
    images: (n, size, size, 3) uint8, size at least PARTS.
    """
    side = images.shape[1] // PARTS
    square = images[:, : side * PARTS, : side * PARTS].reshape(len(images), PARTS, side, PARTS, side, 3)
    means = square.mean(axis=(2, 4), dtype=np.float32).reshape(len(images), -1) - 128
    squares = (means**2).sum(axis=1)
    pairs = []
    for start in range(0, len(means), BLOCK):
        end = min(start + BLOCK, len(means))
        distances = squares[start:end, None] + squares[:end] - 2 * means[start:end] @ means[:end].T
        distances[np.arange(end) >= np.arange(start, end)[:, None]] = np.inf  # only earlier rows
        nearest = distances.argmin(axis=1)
        near = np.take_along_axis(distances, nearest[:, None], axis=1)[:, 0] < closer_than**2 * means.shape[1]
        pairs += [(start + int(row), int(nearest[row])) for row in np.flatnonzero(near)]
    return pairs
