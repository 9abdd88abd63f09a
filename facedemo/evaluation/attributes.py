"""How old and how feminine a face looks: learnt from labelled faces, in the 128 numbers of `face_recognition`.

Those numbers hardly depend on how a face was cropped or turned, so what is learnt from photographs of one kind can be
asked about faces of another.  It repeats what the labels say, and with them their errors: it is about looks as people
labelled them, and says nothing about who somebody is.
"""

from dataclasses import dataclass

import numpy as np

from facedemo.data.cache import Faces
from facedemo.data.labels import LABELS, read_labels
from facedemo.data.preparation import Progress, prepare
from facedemo.data.source_files import DataError
from facedemo.data.splits import Split, split_rows
from facedemo.evaluation.detector import DIMENSIONS, judge
from facedemo.evaluation.verify import Steps

LEARNT, CHECKED = 1500, 500  # labelled faces: looked at to learn from, and to find out how well that went
FEWEST_LEARNT, FEWEST_CHECKED = 100, 20
RIDGE = 0.1  # of the mean variance of the 128 numbers


@dataclass(frozen=True)
class Accuracy:
    """How well one label is read on faces that were not learnt from.

    error: the mean absolute error in years; or the share of wrong ones, where there are two kinds.
    guess: the same of always saying the median, or the more frequent kind.
    """

    error: float
    guess: float
    kinds: bool  # whether the label is one of two kinds

    def __str__(self) -> str:
        if self.kinds:
            return f"right for {1 - self.error:.0%} (always saying the more frequent one: {1 - self.guess:.0%})"
        return f"off by {self.error:.1f} years on average (always saying the median: {self.guess:.1f})"


@dataclass(frozen=True)
class Reader:
    """Labels as a linear function of embeddings.  weights: (128, labels).  offset: (labels,).  accuracy: as LABELS."""

    weights: np.ndarray
    offset: np.ndarray
    learnt: int
    checked: int
    accuracy: dict[str, Accuracy]

    def __call__(self, embeddings: np.ndarray) -> dict[str, np.ndarray]:
        """How faces (n, 128) look: label → (n,)."""
        return dict(zip(LABELS, (embeddings @ self.weights + self.offset).T, strict=True))

    def summary(self) -> str:
        """How far it can be trusted, for people."""
        read = "; ".join(f"{label} is {accuracy}" for label, accuracy in self.accuracy.items())
        return f"Read from {self.checked:,} labelled faces, after {self.learnt:,} others were learnt from: {read}."


def learn_looks(source: str, size: int, steps: "Steps" = lambda what: None) -> Reader:
    """A reader of labels, learnt on the part “train” of a labelled source and checked on its part “test”.

    size: of the images, in pixels a side: that of the faces which are to be read.  Raises DataError where the source
    has no labels, too few of them, or the same for everyone.
    """
    faces = prepare(source, size, "auto", steps("preparing images"))
    labels = read_labels(source, faces.names)
    x, y = embedded(faces, source, "train", labels, LEARNT, steps("looking at labelled faces"))
    unseen, truth = embedded(faces, source, "test", labels, CHECKED, steps("checking with other labelled faces"))
    if len(x) < FEWEST_LEARNT or len(unseen) < FEWEST_CHECKED:
        raise DataError(
            f"{source} has too few labelled faces: {len(x)} were found to learn from and {len(unseen)} to check with; "
            f"at least {FEWEST_LEARNT} and {FEWEST_CHECKED} are needed. Choose more images."
        )
    for label, values in zip(LABELS, y.T, strict=True):
        if values.min() == values.max():
            raise DataError(f"{source} labels everyone with the same {label}. Choose images of all kinds of people.")
    weights, offset = ridge(x, y)
    read = unseen @ weights + offset
    found = {label: accuracy(read[:, place], truth[:, place]) for place, label in enumerate(LABELS)}
    return Reader(weights, offset, len(x), len(unseen), found)


def embedded(
    faces: Faces, source: str, split: Split, labels: np.ndarray, count: int, progress: Progress | None
) -> tuple[np.ndarray, np.ndarray]:
    """Up to `count` labelled faces of a part, evenly from all of it: embeddings (n, 128) and labels (n, 2)."""
    rows = split_rows(faces, source, split)
    rows = rows[~np.isnan(labels[rows]).any(axis=1)]
    rows = rows[np.linspace(0, len(rows) - 1, min(count, len(rows))).round().astype(int)]
    if not len(rows):
        return np.empty((0, DIMENSIONS)), np.empty((0, len(LABELS)))
    judged = judge(faces.images[rows], progress=progress)
    return judged.known, labels[rows][judged.found]


def ridge(x: np.ndarray, y: np.ndarray, strength: float = RIDGE) -> tuple[np.ndarray, np.ndarray]:
    """Ridge regression of y (n, k) on x (n, d), in closed form: weights (d, k), and the offset (k,).

    strength: in units of the mean variance of x, so that it means the same at any scale.
    """
    centred = x - x.mean(axis=0)
    gram = centred.T @ centred
    penalty = strength * np.trace(gram) / len(gram) * np.eye(len(gram))
    weights = np.linalg.solve(gram + penalty, centred.T @ (y - y.mean(axis=0)))
    return weights, y.mean(axis=0) - x.mean(axis=0) @ weights


def accuracy(read: np.ndarray, truth: np.ndarray) -> Accuracy:
    """How close what was read (n,) comes to the truth (n,)."""
    if set(np.unique(truth)) <= {0.0, 1.0}:
        ones = truth.mean()
        return Accuracy(float(np.mean((read > 0.5) != truth)), float(min(ones, 1 - ones)), kinds=True)
    return Accuracy(float(np.abs(read - truth).mean()), float(np.abs(truth - np.median(truth)).mean()), kinds=False)
