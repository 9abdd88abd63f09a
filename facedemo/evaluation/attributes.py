"""Age and gender attributes, learned from labelled faces as linear functions of face embeddings.

The embeddings of `face_recognition` hardly depend on crop and rotation, so a model learned from one kind of photographs
can be applied to others. It reproduces the labels including their errors: it describes looks as people labelled them,
and says nothing about a person's identity.
"""

from dataclasses import dataclass

import numpy as np

from facedemo.data.cache import Faces
from facedemo.data.labels import LABELS, found_labels, read_labels
from facedemo.data.preparation import prepare
from facedemo.data.source_files import DataError, source_label
from facedemo.data.splits import Split, split_rows
from facedemo.evaluation.detector import DIMENSIONS, detect_and_embed
from facedemo.evaluation.report import percent
from facedemo.progress import Progress, Steps

TRAINING_FACES, TEST_FACES = 1500, 500  # labelled faces for fitting and for testing
FEWEST_TRAINING, FEWEST_TEST = 100, 20
RIDGE = 0.1  # of the mean variance of the 128 numbers


@dataclass(frozen=True)
class Accuracy:
    """The accuracy for one label on held-out faces.

    error: mean absolute error in years, or the error rate for a binary label.  guess: the same for always predicting
    the median, or the more frequent class.
    """

    error: float
    guess: float
    kinds: bool  # whether the label is binary

    def __str__(self) -> str:
        if self.kinds:
            always = percent(1 - self.guess, 0)
            return f"right for {percent(1 - self.error, 0)} (always predicting the more frequent class: {always})"
        return f"off by {self.error:.1f} years on average (always predicting the median: {self.guess:.1f})"


@dataclass(frozen=True)
class AttributeModel:
    """Labels as a linear function of embeddings.  weights: (128, labels).  offset: (labels,).  accuracy: as LABELS."""

    weights: np.ndarray
    offset: np.ndarray
    trained_on: int
    tested_on: int
    accuracy: dict[str, Accuracy]

    def __call__(self, embeddings: np.ndarray) -> dict[str, np.ndarray]:
        """Predictions for embeddings (n, 128): label → (n,)."""
        return dict(zip(LABELS, (embeddings @ self.weights + self.offset).T, strict=True))

    def summary(self) -> str:
        """A sentence for users on the accuracy."""
        read = "; ".join(f"{label} is {accuracy}" for label, accuracy in self.accuracy.items())
        return f"Learned from {self.trained_on:,} labelled faces and tested on {self.tested_on:,} others: {read}."


def fit_attribute_model(source: str, size: int, steps: Steps = lambda what: None) -> AttributeModel:
    """An attribute model, fitted on the train split of a labelled source and tested on its test split.

    size: side of the images in pixels, equal to that of the faces to predict for.  Raises DataError if the source has
    no labels, too few of them, or the same label for everyone.
    """
    found_labels(source)  # refuses a source without labels before its images are prepared
    faces = prepare(source, size, "auto", steps("preparing images"))
    labels = read_labels(source, faces.names)
    x, y = embedded(faces, source, "train", labels, TRAINING_FACES, steps("analysing labelled faces"))
    unseen, truth = embedded(faces, source, "test", labels, TEST_FACES, steps("testing on other labelled faces"))
    if len(x) < FEWEST_TRAINING or len(unseen) < FEWEST_TEST:
        raise DataError(
            f"{source_label(source)} has too few labelled faces: {len(x)} were detected for learning and {len(unseen)} "
            f"for testing, but at least {FEWEST_TRAINING} and {FEWEST_TEST} are needed. Choose more images."
        )
    for label, values in zip(LABELS, y.T, strict=True):
        if values.min() == values.max():
            raise DataError(
                f"{source_label(source)} gives everyone the same {label}. Choose images of more varied people."
            )
    weights, offset = ridge(x, y)
    read = unseen @ weights + offset
    accuracies = {label: accuracy(read[:, column], truth[:, column]) for column, label in enumerate(LABELS)}
    return AttributeModel(weights, offset, len(x), len(unseen), accuracies)


def embedded(
    faces: Faces, source: str, split: Split, labels: np.ndarray, count: int, progress: Progress | None
) -> tuple[np.ndarray, np.ndarray]:
    """Up to `count` labelled faces, evenly spread over a split: embeddings (n, 128) and labels (n, 2)."""
    rows = split_rows(faces, source, split)
    rows = rows[~np.isnan(labels[rows]).any(axis=1)]
    rows = rows[np.linspace(0, len(rows) - 1, min(count, len(rows))).round().astype(int)]
    if not len(rows):
        return np.empty((0, DIMENSIONS)), np.empty((0, len(LABELS)))
    detections = detect_and_embed(faces.images[rows], progress=progress, cache=faces.detections)
    return detections.face_embeddings, labels[rows][detections.detected]


def ridge(x: np.ndarray, y: np.ndarray, strength: float = RIDGE) -> tuple[np.ndarray, np.ndarray]:
    """Ridge regression of y (n, k) on x (n, d), in closed form: weights (d, k), and the offset (k,).

    strength: regularisation in units of the mean variance of x, so that it does not depend on scale.
    """
    centred = x - x.mean(axis=0)
    gram = centred.T @ centred
    penalty = strength * np.trace(gram) / len(gram) * np.eye(len(gram))
    weights = np.linalg.solve(gram + penalty, centred.T @ (y - y.mean(axis=0)))
    return weights, y.mean(axis=0) - x.mean(axis=0) @ weights


def accuracy(read: np.ndarray, truth: np.ndarray) -> Accuracy:
    """The accuracy of predictions (n,) against labels (n,)."""
    if set(np.unique(truth)) <= {0.0, 1.0}:
        ones = truth.mean()
        return Accuracy(float(np.mean((read > 0.5) != truth)), float(min(ones, 1 - ones)), kinds=True)
    return Accuracy(float(np.abs(read - truth).mean()), float(np.abs(truth - np.median(truth)).mean()), kinds=False)
