"""A judge of generated faces, which says how broken they look: torn, smeared, with one eye missing.

Its grades are a linear function of a face's edges, fitted to grades that were given by eye: 0 for a convincing face, 1
for a small flaw, 2 for a clearly broken face. A vision-language model gave them to 4,896 faces of three bundled models;
they are in grades.json. The faces are those of the models as they were then, so `python -m facedemo.evaluation.judge
celeba128.tar ours-64=FOLDER r3gan-64=FOLDER ours-128=FOLDER` fits the judge anew for whoever has these.

Models draw some faces better than others: women, and whoever smiles. A judge that knows this would ask for more of
them, so half of what attributes such as smiling explain of the grades is taken away first.
"""

import json
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from facedemo.evaluation.attribute_classifier import averaged, features, fit_learner_and_judge, histograms
from facedemo.evaluation.attributes import ridge
from facedemo.pretrained import sampling
from facedemo.pretrained.model import load_model
from facedemo.pretrained.seeds import face_seeds

GRADES, WEIGHTS = (Path(__file__).with_name(name) for name in ("grades.json", "judge.npz"))
RIDGE = 1.0  # of the edges' mean variance; chosen by the correlation with grades of held-out faces
SIDE, CELLS = 64, 12  # pixels per side of the images that are looked at, and histograms per side of their part MIDDLE
MIDDLE = (0.1875, 0.9375), (0.125, 0.875)  # rows and columns, as shares of the side
PART = 512  # images at a time
TAKEN = 0.5  # share taken away of what attributes explain; with 0, mended faces smile more often than real ones


class Judge(NamedTuple):
    """weights: (d, 1), of the `edges`.  offset: (1,)."""

    weights: np.ndarray
    offset: np.ndarray

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """Grades of faces, uint8 (n, size, size, 3): (n,), about 0 to 2, higher for worse ones."""
        return (edges(images) @ self.weights + self.offset)[:, 0]


def edges(images: np.ndarray) -> np.ndarray:
    """Histograms of oriented gradients in the middle of images (n, size, size, 3), size 32, 64 or 128: (n, d)."""
    parts = []
    for start in range(0, len(images), PART):
        small = averaged(images[start : start + PART], SIDE)
        rows, columns = (slice(*(round(share * small.shape[1]) for share in ends)) for ends in MIDDLE)
        parts.append(histograms(small[:, rows, columns], CELLS))
    return np.concatenate(parts)


@cache
def the_judge() -> Judge:
    with np.load(WEIGHTS) as file:
        return Judge(file["weights"], file["offset"])


def fitted(faces: list[np.ndarray], grades: list[np.ndarray], attributes: list[np.ndarray]) -> Judge:
    """A judge of faces that were graded: images (n, size, size, 3), grades (n,) and attributes (n, k) of each model.

    Only differences between faces of one model are fitted, as graders are not equally strict.
    """
    mean = np.concatenate(grades).mean()
    centred = np.concatenate([part - part.mean() for part in grades])
    looks = np.concatenate([part - part.mean(0) for part in attributes])
    centred = centred - TAKEN * looks @ np.linalg.lstsq(looks, centred, rcond=None)[0]
    return Judge(*ridge(np.concatenate([edges(images) for images in faces]), centred[:, None] + mean, RIDGE))


def main(labels: str, folders: dict[str, Path]) -> None:
    """Fits the judge and writes it.  labels: a source with attribute labels.  folders: of the models in grades.json."""
    classifier = fit_learner_and_judge(labels, SIDE).judge
    faces, grades, attributes = [], [], []
    for graded in json.loads(GRADES.read_text("utf8")):
        model, given = load_model(folders[graded["model"]]), "".join(graded["grades"])
        images = sampling.draw(model, sampling.latents(model, face_seeds(graded["seed"], len(given))))
        faces.append(images)
        grades.append(np.array([int(grade) for grade in given], np.float32))
        attributes.append(classifier(features(images)))
    judge = fitted(faces, grades, attributes)
    np.savez(WEIGHTS, weights=judge.weights.astype(np.float32), offset=judge.offset.astype(np.float32))


if __name__ == "__main__":
    main(sys.argv[1], {name: Path(folder) for name, folder in (given.split("=", 1) for given in sys.argv[2:])})
