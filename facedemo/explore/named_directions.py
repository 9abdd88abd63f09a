"""Directions named by attribute labels, such as smiling or glasses: learned once, then kept beside a model as numbers.

A classifier of attributes, fitted on labelled faces, scores a few thousand generated faces; the linear response of a
score to the latents is the attribute's direction, without its component along the direction of gender. What was learned
is then checked on other generated faces by a second classifier, fitted on other people, so that each direction comes
with how reliable it is. The file of a model contains no image, no embedding and no classifier.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from facedemo.evaluation.attribute_classifier import LearnerAndJudge, features
from facedemo.evaluation.detector import detect_and_embed
from facedemo.evaluation.report import percent
from facedemo.explore.directions import LABELLED, MEASURES, PRINCIPAL, SEED, Direction, one_deviation, respond
from facedemo.pretrained import sampling
from facedemo.pretrained.model import FaceModel
from facedemo.pretrained.seeds import face_seeds
from facedemo.progress import Steps
from facedemo.storage.atomic import replace_file
from facedemo.storage.locations import DIRECTIONS, WEIGHTS

FACES = 4096  # generated faces to learn from
CHECKED, RECOGNISED, CHECK_SEED = 100, 50, 1  # other generated faces, on which directions are checked
STRENGTH = 2.0  # of the check, in standard deviations of the latents
SAME_PERSON = 0.6  # tolerance of `face_recognition`
LEAST_ACCURACY, LEAST_CHANGED, LEAST_KEPT = 0.75, 0.4, 0.5
GENDER = "Male"  # CelebA's name of the attribute that most others depend on
ALIKE = 0.8  # cosine between two directions above which they change nearly the same
BATCH = 64
FORMAT = 1
NAME = re.compile(r"[\w-]{1,40}")
TAKEN = {*MEASURES, *LABELLED, *(f"main{number}" for number in range(1, PRINCIPAL + 1))}  # names of other directions

JUDGEMENTS = {"attractive"}  # what a label says of its author rather than of the face


@dataclass(frozen=True)
class NamedDirection(Direction):
    """A direction that changes one attribute, with how reliable it is.

    accuracy: of the classifier on labelled faces of other people, the mean of faces with and without the attribute.
    changed: share of faces that, moved by STRENGTH, lose the attribute if they had it, or gain it if they had not.
    kept: share of faces that are recognised as the same person afterwards.  Both are NaN if they were not measured.
    """

    accuracy: float
    changed: float
    kept: float

    @property
    def reliable(self) -> bool:
        return self.accuracy >= LEAST_ACCURACY and self.changed >= LEAST_CHANGED and self.kept >= LEAST_KEPT

    @property
    def reliability(self) -> str:
        """A sentence for users."""
        return (
            f"At strength {STRENGTH:g}, it changes in {percent(self.changed, 0)} of faces, and {percent(self.kept, 0)} "
            f"stay recognisable as the same person. The classifier behind it is right for "
            f"{percent(self.accuracy, 0)} of photos of other people, with and without the attribute counting equally."
        )


def learn(
    model: FaceModel, classifiers: LearnerAndJudge, faces: int = FACES, steps: Steps = lambda what: None
) -> list[NamedDirection]:
    """A direction for each attribute but JUDGEMENTS, most reliable first, those that are not reliable last.

    faces: number of generated faces to learn from, more than twice the latent size h.  Raises ValueError if there are
    too few.
    """
    vectors = sampling.latents(model, face_seeds(SEED, faces))
    if faces <= 2 * vectors.shape[1]:
        raise ValueError(f"{faces} faces are too few to learn directions in {vectors.shape[1]} dimensions.")
    images = sampling.draw(model, vectors, BATCH, steps("generating faces"))
    z, names = vectors.numpy().astype(np.float64), classifiers.learner.names
    response, shares = respond(z, classifiers.learner(features(images)).astype(np.float64))
    if GENDER in names:
        response = without_gender(response, names.index(GENDER))
    learned = [
        NamedDirection(
            name.lower(), title_of(name), f"Towards faces labelled “{title_of(name)}”.", one_deviation(step, z),
            float(share), classifiers.accuracy[name], np.nan, np.nan,
        )
        for name, step, share in zip(names, response.T, shares, strict=True)
    ]  # fmt: skip
    measured = [
        direction
        for direction in with_reliability(model, classifiers, learned, steps)
        if direction.name not in JUDGEMENTS
    ]
    return sorted(measured, key=lambda direction: (not direction.reliable, -np.nan_to_num(direction.changed)))


def distinct(directions: Sequence[NamedDirection], count: int) -> list[NamedDirection]:
    """The first `count` directions that differ: each at a cosine of at most ALIKE to all before, in their order.

    A smile also lifts the cheeks and opens the mouth: for one face, these three attributes are one slider.
    """
    chosen: list[NamedDirection] = []
    for direction in directions:
        unit = direction.step / (np.linalg.norm(direction.step) or 1.0)
        others = [other.step / (np.linalg.norm(other.step) or 1.0) for other in chosen]
        if len(chosen) < count and all(abs(float(unit @ other)) <= ALIKE for other in others):
            chosen.append(direction)
    return chosen


def without_gender(response: np.ndarray, index: int) -> np.ndarray:
    """Responses (h, k) without their components along the response at `index`, which stays as it is."""
    gender = response[:, index] / (np.linalg.norm(response[:, index]) or 1.0)
    left = response - np.outer(gender, gender @ response)
    left[:, index] = response[:, index]
    return left


def title_of(name: str) -> str:
    """A title for an attribute: Mouth_Slightly_Open → Mouth slightly open."""
    return name.replace("_o_", " o’").replace("_", " ").capitalize()


def with_reliability(
    model: FaceModel,
    classifiers: LearnerAndJudge,
    directions: Sequence[NamedDirection],
    steps: Steps = lambda what: None,
) -> list[NamedDirection]:
    """The directions with `changed` and `kept`, measured on CHECKED generated faces that nothing was learned from.

    directions: in the order of the classifiers' attributes.  A direction that is not reliable by what was measured so
    far is not measured further; recognition takes longest, so only RECOGNISED faces are.
    """
    start = sampling.latents(model, face_seeds(CHECK_SEED, CHECKED))
    before = sampling.draw(model, start, BATCH)
    had = classifiers.judge(features(before)) > 0
    result, edited, progress = list(directions), {}, steps("checking directions")
    for index, direction in enumerate(directions):
        if direction.accuracy >= LEAST_ACCURACY:
            amounts = torch.from_numpy(np.where(had[:, index], -STRENGTH, STRENGTH)).float()
            after = sampling.draw(model, start + amounts[:, None] * torch.from_numpy(direction.step), BATCH)
            has = classifiers.judge(features(after))[:, index] > 0
            result[index] = replace(direction, changed=float(np.mean(has != had[:, index])))
            if result[index].changed >= LEAST_CHANGED:
                edited[index] = after[:RECOGNISED]
        if progress:
            progress(index + 1, len(directions))
    for index, kept in zip(edited, same_person(before[:RECOGNISED], list(edited.values()), steps), strict=True):
        result[index] = replace(result[index], kept=kept)
    return result


def same_person(before: np.ndarray, edited: Sequence[np.ndarray], steps: Steps = lambda what: None) -> list[float]:
    """For each set of edited faces, the share recognised as the same person as before.

    before, edited: uint8 (n, size, size, 3), in the same order.  Only faces detected before count; NaN if there are
    none.
    """
    if not edited:
        return []
    detections = detect_and_embed(np.concatenate([before, *edited]), progress=steps("recognising people"))
    first, *others = np.split(detections.embeddings, len(edited) + 1)
    seen = detections.detected[: len(before)]
    if not seen.any():
        return [np.nan] * len(edited)
    # NaN, if no face is detected any more, is not below the tolerance
    return [float(np.mean(np.linalg.norm(other - first, axis=1)[seen] < SAME_PERSON)) for other in others]


def summary(directions: Sequence[NamedDirection], classifiers: LearnerAndJudge) -> str:
    """A sentence or two for users on what was learned, and which unreliable attributes are left out."""
    left_out = ", ".join(unreliable(directions)).lower()
    sentence = (
        f"Learned from {classifiers.learner_faces:,} labelled faces and checked with {classifiers.judge_faces:,} of "
        "other people."
    )
    return f"{sentence} Not reliable, so left out: {left_out}." if left_out else sentence


def unreliable(directions: Sequence[NamedDirection]) -> list[str]:
    """The titles of the directions that are left out, in alphabetical order."""
    return sorted(direction.title for direction in directions if not direction.reliable)


def save(folder: Path, directions: Sequence[NamedDirection], classifiers: LearnerAndJudge) -> Path:
    """Writes the reliable directions and the titles of the others beside a model's weights; returns the file's path."""
    records = [
        asdict(direction) | {"step": [round(float(number), 4) for number in direction.step]}
        for direction in directions
        if direction.reliable
    ]
    content = {
        "format": FORMAT,
        "weights": digest(folder),
        "labels": classifiers.labels,
        "labelled_faces": {"learned_from": classifiers.learner_faces, "checked_with": classifiers.judge_faces},
        "left_out": unreliable(directions),
        "directions": [{name: rounded(value) for name, value in record.items()} for record in records],
    }
    path = folder / DIRECTIONS
    replace_file(path, json.dumps(content, ensure_ascii=False) + "\n")
    return path


def rounded(value: object) -> object:
    return round(value, 4) if isinstance(value, float) else value


def read(folder: Path, latent: int) -> list[NamedDirection]:
    """The directions beside a model's weights, most reliable first.

    latent: the model's latent size.  Returns [] if there are none, the file is damaged or from a later version, or the
    weights have changed since.
    """
    try:
        content = json.loads((folder / DIRECTIONS).read_text("utf8"))
        if content["format"] != FORMAT or content["weights"] != digest(folder):
            return []
        directions = [direction_of(record, latent) for record in content["directions"]]
        return list(
            {direction.name: direction for direction in directions if direction.name not in TAKEN | JUDGEMENTS}.values()
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []


def left_out(folder: Path) -> list[str]:
    """The titles of attributes that were not reliable for a model; [] if they are not known, as in older files."""
    try:
        titles = json.loads((folder / DIRECTIONS).read_text("utf8")).get("left_out", [])
    except (OSError, ValueError, AttributeError, RecursionError):
        return []
    return [title for title in titles if isinstance(title, str)] if isinstance(titles, list) else []


def direction_of(record: dict[str, Any], latent: int) -> NamedDirection:
    """A direction of the file.  Raises ValueError, KeyError or TypeError if it is damaged."""
    step = np.array(record["step"], np.float32)
    name, title, about = (str(record[key]) for key in ("name", "title", "about"))
    share, accuracy, changed, kept = (float(record[key]) for key in ("share", "accuracy", "changed", "kept"))
    finite = np.isfinite([*step, share, accuracy, changed, kept]).all()
    if step.shape != (latent,) or not finite or not NAME.fullmatch(name):
        raise ValueError(f"the direction “{name[:40]}” is not usable")
    return NamedDirection(name, title, about, step, share, accuracy, changed, kept)


def digest(folder: Path) -> str:
    """A digest of a model's weights.  Raises OSError if they cannot be read."""
    with (folder / WEIGHTS).open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
