"""Attributes of faces, such as smiling or glasses, recognised in small images by linear classifiers.

The features are averaged pixels and histograms of oriented gradients (Dalal & Triggs 2005): face embeddings hardly
depend on expressions, glasses or hair. The classifiers reproduce the labels including their errors: they describe looks
as people labelled them, and say nothing about a person.
"""

from dataclasses import dataclass

import numpy as np

from facedemo.data.labels import existing_attribute_list, read_attribute_labels
from facedemo.data.preparation import prepare
from facedemo.data.source_files import DataError, file_names, source_label
from facedemo.data.splits import known_people, rows_of
from facedemo.evaluation.attributes import ridge
from facedemo.progress import Progress, Steps

LEARNER_FACES, JUDGE_FACES = 12_000, 4_000  # maximum numbers of labelled faces
FEWEST = 20  # faces with an attribute, and without it, that each classifier needs
RIDGE = 2.0  # of the features' mean variance; chosen by the accuracy on held-out photos of CelebA
PIXELS, CELLS, BINS = 32, 8, 8  # averaged pixels and histograms per side, orientations in each histogram
PIXEL_WEIGHT = 0.25  # relative to the histograms
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
BATCH = 512


@dataclass(frozen=True)
class AttributeClassifier:
    """Linear classifiers, one for each attribute.  names: of the attributes.  weights: (d, k).  offset: (k,)."""

    names: tuple[str, ...]
    weights: np.ndarray
    offset: np.ndarray

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Scores of features (n, d): (n, k), above 0 if a face has the attribute."""
        return features @ self.weights + self.offset


@dataclass(frozen=True)
class LearnerAndJudge:
    """Two classifiers of the same attributes, fitted on different people.

    The first is for learning from, the second for checking what was learned.  accuracy: name → mean of the learner's
    accuracies for faces with and without the attribute, on the judge's faces.  labels: name of the labelled source.
    """

    learner: AttributeClassifier
    judge: AttributeClassifier
    accuracy: dict[str, float]
    labels: str
    learner_faces: int
    judge_faces: int


def fit_learner_and_judge(source: str, size: int, steps: Steps = lambda what: None) -> LearnerAndJudge:
    """Fits a learner on the train split of a labelled source, and a judge on the other two splits.

    size: side of the images in pixels, equal to that of the faces to classify.  Attributes that nearly everybody has,
    or nearly nobody, are left out.  Raises DataError if the source has no attribute labels, or too few labelled faces.
    """
    existing_attribute_list(source)  # refuses a source without one before its images are prepared
    faces = prepare(source, size, "auto", steps("preparing images"))
    names, labels = read_attribute_labels(source, faces.names)
    people = known_people(faces.names, source)
    train = rows_of(faces.names, "train", people.identities, people.partition)
    rest = np.setdiff1d(np.arange(len(faces.names)), train)
    rows = [
        spread(part[~np.isnan(labels[part]).any(axis=1)], limit)
        for part, limit in ((train, LEARNER_FACES), (rest, JUDGE_FACES))
    ]
    y, others_y = (labels[part] for part in rows)
    enough = np.min([(part == value).sum(axis=0) for part in (y, others_y) for value in (1, -1)], axis=0) >= FEWEST
    if not enough.any():
        raise DataError(
            f"{source_label(source)} has too few labelled faces: {len(y)} for learning and {len(others_y)} for "
            f"testing. At least {FEWEST} of each with an attribute, and {FEWEST} without it, are needed. Choose more "
            "images."
        )
    y, others_y, attributes = y[:, enough], others_y[:, enough], tuple(np.array(names)[enough].tolist())
    progress = steps("analysing labelled faces")
    x = features(faces.images[rows[0]], progress)
    others_x = features(faces.images[rows[1]])
    learner = balanced(AttributeClassifier(attributes, *ridge(x, y, RIDGE)), others_x, others_y)
    judge = balanced(AttributeClassifier(attributes, *ridge(others_x, others_y, RIDGE)), x, y)
    right = balanced_accuracy(learner(others_x), others_y).tolist()
    return LearnerAndJudge(
        learner, judge, dict(zip(attributes, right, strict=True)), file_names(source), len(x), len(others_x)
    )


def spread(rows: np.ndarray, limit: int) -> np.ndarray:
    """At most `limit` rows, evenly spread."""
    return rows[np.linspace(0, len(rows) - 1, min(limit, len(rows))).round().astype(int)]


def balanced(classifier: AttributeClassifier, features: np.ndarray, labels: np.ndarray) -> AttributeClassifier:
    """A classifier whose scores are 0 halfway between the mean scores of unseen faces with and without an attribute.

    Least squares alone would find a rare attribute in hardly any face.
    """
    scores = classifier(features)
    means = [np.mean(scores, axis=0, where=labels == value) for value in (1, -1)]
    return AttributeClassifier(classifier.names, classifier.weights, classifier.offset - (means[0] + means[1]) / 2)


def balanced_accuracy(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Mean of the accuracies for faces with and without each attribute.  scores, labels: (n, k).  Returns (k,)."""
    right = (scores > 0) == (labels > 0)
    return (np.mean(right, axis=0, where=labels > 0) + np.mean(right, axis=0, where=labels < 0)) / 2


def features(images: np.ndarray, progress: Progress | None = None) -> np.ndarray:
    """Features of images, uint8 (n, size, size, 3), size a multiple of 8: (n, d) float32.

    They hardly depend on an image's brightness and contrast, or, from 64 pixels upwards, on its size.
    """
    batches = []
    for start in range(0, len(images), BATCH):
        part = images[start : start + BATCH]
        small = averaged(part, 2 * PIXELS)
        batches.append(
            np.concatenate([PIXEL_WEIGHT * standardised(averaged(small, PIXELS)), histograms(small)], axis=1)
        )
        if progress:
            progress(min(start + BATCH, len(images)), len(images))
    return np.concatenate(batches)


def averaged(images: np.ndarray, side: int) -> np.ndarray:
    """Images (n, size, size, 3), averaged down to `side` pixels per side if they have more: float32."""
    count, size, _, _ = images.shape
    side = min(side, size)
    shape = (count, side, size // side, side, size // side, 3)
    return images.astype(np.float32).reshape(shape).mean(axis=(2, 4))


def standardised(images: np.ndarray) -> np.ndarray:
    """Each image as a vector of mean 0 and variance 1: (n, d); an image of a single colour becomes zero."""
    flat = images.reshape(len(images), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    return flat / (flat.std(axis=1, keepdims=True) + 1e-3)


def histograms(images: np.ndarray, cells: int = CELLS) -> np.ndarray:
    """Histograms of the orientations of gradients in cells × cells parts of float32 images: (n, cells·cells·BINS).

    A gradient is divided between the two nearest orientations, in proportion to its strength.
    """
    luma = images @ LUMA
    across, down = np.zeros_like(luma), np.zeros_like(luma)
    across[:, :, 1:-1] = luma[:, :, 2:] - luma[:, :, :-2]
    down[:, 1:-1] = luma[:, 2:] - luma[:, :-2]
    strength = np.hypot(across, down)
    orientation = np.arctan2(down, across) / (2 * np.pi) * BINS % BINS
    lower, share = np.floor(orientation).astype(int) % BINS, orientation % 1
    count, side = len(images), luma.shape[1] // cells
    bins = []
    for number in range(BINS):
        part = strength * ((lower == number) * (1 - share) + ((lower + 1) % BINS == number) * share)
        bins.append(part.reshape(count, cells, side, cells, side).mean(axis=(2, 4)))
    values = np.stack(bins, axis=-1).reshape(count, -1)
    return np.sqrt(values / (values.mean(axis=1, keepdims=True) + 1e-3))
