"""Table 1 of the paper: how many of a model's faces a face recogniser finds, and what that number hides."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from torch.utils.data import Subset

from facedemo.config.schema import BUILT_IN
from facedemo.data.preparation import Progress, prepare
from facedemo.data.source_files import DataError, existing
from facedemo.data.splits import Split, all_parts, split_rows
from facedemo.evaluation import inception
from facedemo.evaluation.detector import Judged, judge
from facedemo.evaluation.metrics import (
    FEWEST,
    TOLERANCE,
    closest,
    distinct_people,
    duplicates,
    frechet,
    nearest,
    people,
)
from facedemo.evaluation.report import Rate, Report, Row, rate
from facedemo.pretrained import sampling
from facedemo.pretrained.model import FaceModel
from facedemo.pretrained.seeds import face_seeds
from facedemo.storage.versions import versions

PACKAGES = ("facedemo", "torch", "face-recognition", "dlib-bin", "scipy")  # whose versions a report names
HeldOut = Literal["validation", "test"]
Steps = Callable[[str], Progress | None]  # what is being done → where to report its progress


@dataclass(frozen=True)
class Evidence:
    """Images and what was found in them.

    images: n of uint8 (size, size, 3).  cnn: what the second detector found.  training: the faces that these may be
    copies of.
    """

    name: str
    images: Any
    judged: Judged
    cnn: Judged | None = None
    training: "Evidence | None" = None

    @cached_property
    def who(self) -> np.ndarray:
        """Who is on each image: (n,) int, people numbered as `people` does, −1 where no face was found."""
        who = np.full(len(self.judged.found), -1)
        who[self.judged.found] = people(self.judged.known)
        return who

    def nearest_training(self, row: int, count: int) -> list[tuple[np.ndarray, float]]:
        """Up to `count` training faces nearest to one image, each with its distance; none where there are none."""
        if self.training is None or not self.judged.found[row]:
            return []
        found = closest(self.judged.embeddings[row], self.training.judged.embeddings, count)
        return [
            (np.asarray(self.training.images[int(place)]), float(distance))
            for distance, place in zip(*found, strict=True)
        ]


def verify(
    model: FaceModel,
    count: int = 1000,
    seed: int = 0,
    source: str | None = None,
    split: Split = "test",
    gallery: str | None = None,
    cnn: bool = False,
    copies: bool = False,
    fid: bool = False,
    steps: Steps = lambda what: None,
) -> tuple[Report, Evidence]:
    """Table 1 for a model: `count` faces from `seed` on, beside real faces of the same size and crop.

    source: images the model was trained on, of which `split` is held out; without it, only what needs no real faces is
    measured.  gallery: images of people to recognise.  cnn: ask the second detector too.  copies: look for the nearest
    training faces, all of which have to be judged once for that: the evidence then has them.  fid: measure FID and KID
    too.  Raises ValueError in words for what cannot be done.
    """
    if count < 1:
        raise ValueError("At least one face has to be drawn.")
    if split not in get_args(HeldOut):
        raise ValueError(f"“{split}” is not held out from training. Choose {' or '.join(get_args(HeldOut))}.")
    for images in filter(None, (source, gallery)):
        existing(images)
    if fid:
        ready_for_fid(source)
    asked = question(model, count, seed, source, split, gallery)
    vectors = sampling.latents(model, face_seeds(seed, count))
    drawn = look_at(model.name, sampling.draw(model, vectors, progress=steps("drawing faces")), cnn, steps)
    known = judge_gallery(gallery, model, steps) if gallery else None
    if source is None:
        row = measure(drawn, known, None, None, None, count)
        return replace(asked, rows=[row]), drawn
    real, other, training = held_out(model, source, split, cnn, copies, steps)
    first = min(count, len(real.images))
    compared = min(int(drawn.judged.found.sum()), int(real.judged.found.sum()), int(other.judged.found.sum()))
    size = compared if compared >= FEWEST else None
    seen = training.judged if training else None
    rows = [
        measure(drawn, known, real.judged, seen, size, first),
        measure(real, known, other.judged, seen, size, first),  # its distance is the floor: real against real
    ]
    if fid:
        rows = with_fid(rows, drawn.images, real.images, other.images)
    return replace(asked, people_first=first, compared=size, rows=rows), replace(drawn, training=training)


def question(model: FaceModel, count: int, seed: int, source: str | None, split: Split, gallery: str | None) -> Report:
    """What `verify` was asked, as a report without rows."""
    return Report(
        model=model.name,
        seed=seed,
        count=count,
        size=model.size,
        data=Path(source).name if source else None,
        gallery=Path(gallery).name if gallery else None,
        split=split,
        people_first=count,
        compared=None,
        rows=[],
        unseen=unseen_by(model, split) if source else None,
        versions=versions(*PACKAGES),
    )


def look_at(name: str, images: Any, cnn: bool, steps: Steps) -> Evidence:
    judged = judge(images, progress=steps(f"looking at {name}"))
    second = judge(images, "cnn", embed=False, progress=steps(f"looking twice at {name}")) if cnn else None
    return Evidence(name, images, judged, second)


def ready_for_fid(source: str | None) -> None:
    """Raises ValueError, before anything long begins, where FID cannot be measured."""
    if source is None:
        raise ValueError("FID and KID compare with real images: name them with --data.")
    inception.package()


def with_fid(rows: list[Row], drawn: Any, real: Any, other: Any) -> list[Row]:
    """The rows of drawn and of real faces with FID and KID to real ones, on as many images each."""
    count = min(len(drawn), len(real), len(other))
    pairs = [(drawn, real), (real, other)]  # the second is the floor
    found = [inception.measure(images, others, count) for images, others in pairs]
    return [replace(row, fid=fid, kid=kid) for row, (fid, kid) in zip(rows, found, strict=True)]


def detected(model: FaceModel, count: int = 1000, seed: int = 0, progress: Progress | None = None) -> Rate:
    """Only the first number of Table 1, in seconds: how many of a model's faces are found."""
    images = sampling.generate(model, face_seeds(seed, count))
    return rate(int(judge(images, embed=False, progress=progress).found.sum()), count)


def held_out(
    model: FaceModel, source: str, split: Split, cnn: bool, copies: bool, steps: Steps
) -> tuple[Evidence, Evidence, Evidence | None]:
    """Real faces held out, real faces of the other part held out, and, if asked for, the training faces."""
    other = "validation" if split == "test" else "test"
    faces = prepare(source, model.size, model.config.data.crop, steps("preparing images"))
    parts = {name: Subset(faces.images, split_rows(faces, source, name)) for name in (split, other, "train")}
    real = look_at(f"real faces, {split}", parts[split], cnn, steps)
    return (
        real,
        look_at(f"real faces, {other}", parts[other], False, steps),
        look_at("training faces", parts["train"], False, steps) if copies else None,
    )


def judge_gallery(source: str, model: FaceModel, steps: Steps) -> np.ndarray:
    """Embeddings (n, 128) of a gallery's faces; part by part, so that one that is the data too is looked at once."""
    faces = prepare(source, model.size, model.config.data.crop, steps("preparing images"))
    known = []
    for part, rows in all_parts(faces, source).items():
        judged = judge(Subset(faces.images, rows), progress=steps(f"looking at the gallery, {part}"))
        known.append(judged.known)
    if not sum(map(len, known)):
        raise DataError("No face was found in the gallery. Choose images with one face each.")
    return np.concatenate(known)


def measure(
    shown: Evidence,
    gallery: np.ndarray | None,
    real: Judged | None,
    training: Judged | None,
    size: int | None,
    first: int,
) -> Row:
    """One row.

    gallery: embeddings (n, 128) of known people.  real: what its Fréchet distance is measured to, on the first `size`
    faces of each.
    """
    judged, known = shown.judged, shown.judged.known
    unknown = None
    if gallery is not None:
        unknown = rate(int((nearest(known, gallery)[0] > TOLERANCE).sum()), len(shown.images))
    return Row(
        name=shown.name,
        undetected=rate(int((~judged.found).sum()), len(shown.images)),
        undetected_cnn=rate(int((~shown.cnn.found).sum()), len(shown.images)) if shown.cnn else None,
        unknown=unknown,
        people=distinct_people(known),
        people_first=distinct_people(judged.embeddings[:first][judged.found[:first]]),
        distance=frechet(known[:size], real.known[:size]) if size and real is not None else None,
        nearest=median_nearest(known, training.known) if training is not None else None,
        duplicates=duplicates(known),
    )


def median_nearest(known: np.ndarray, training: np.ndarray) -> float | None:
    return float(np.median(nearest(known, training)[0])) if len(known) and len(training) else None


def unseen_by(model: FaceModel, split: str) -> bool:
    """Whether a model was trained on other faces than those of a part of its data."""
    trained = model.config.data
    return trained.source == BUILT_IN or trained.split not in ("all", split)
