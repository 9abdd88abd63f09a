"""The evaluation of a model: detection as in the paper's Table 1, diversity, memorisation and distance."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from facedemo.config.schema import BUILTIN_SOURCE
from facedemo.data.images import Images, Selection
from facedemo.data.preparation import prepare
from facedemo.data.source_files import DataError, file_names
from facedemo.data.splits import Split, all_parts, halves, split_rows
from facedemo.evaluation import inception
from facedemo.evaluation.detector import FaceDetections, detect_and_embed
from facedemo.evaluation.metrics import (
    FEWEST,
    TOLERANCE,
    closest,
    distinct_people,
    duplicates,
    frechet,
    main_variance,
    nearest,
    people,
)
from facedemo.evaluation.report import Rate, Report, Row, rate
from facedemo.evaluation.request import EvaluationRequest
from facedemo.pretrained import sampling
from facedemo.pretrained.model import FaceModel
from facedemo.pretrained.seeds import face_seeds
from facedemo.progress import Progress, Steps
from facedemo.storage.versions import versions

PACKAGES = ("facedemo", "torch", "face-recognition", "dlib-bin", "scipy")  # packages whose versions a report lists


@dataclass(frozen=True)
class DetectedImages:
    """Images and their detections.

    images: n of uint8 (size, size, 3).  hog, cnn: detections of the default and of the second detector.  training: the
    training faces that these may be copies of.
    """

    name: str
    images: Images
    hog: FaceDetections
    cnn: FaceDetections | None = None
    training: "DetectedImages | None" = None

    @cached_property
    def identity(self) -> np.ndarray:
        """The person on each image: (n,) int, numbered as by `people`, −1 if no face was detected."""
        identity = np.full(len(self.hog.detected), -1)
        identity[self.hog.detected] = people(self.hog.face_embeddings)
        return identity

    def nearest_training(self, row: int, count: int) -> list[tuple[np.ndarray, float]]:
        """Up to `count` training faces nearest to one image, each with its distance; empty if there are none."""
        if self.training is None or not self.hog.detected[row]:
            return []
        neighbours = closest(self.hog.embeddings[row], self.training.hog.embeddings, count)
        return [
            (np.asarray(self.training.images[int(index)]), float(distance))
            for distance, index in zip(*neighbours, strict=True)
        ]


@dataclass(frozen=True)
class RealFaces:
    """The real faces that a model's are compared with.

    shown: those in the report.  sets: the same in sets of about equal size, whose distances are averaged.  other: real
    faces to which the first of these sets has its distance, the lower limit.  training: those of the training images.
    """

    shown: DetectedImages
    sets: Sequence[DetectedImages]
    other: DetectedImages
    training: DetectedImages | None = None


def verify(
    model: FaceModel, request: EvaluationRequest, steps: Steps = lambda what: None
) -> tuple[Report, DetectedImages]:
    """Table 1 for a model, whose faces are compared with real ones of the same size and crop.

    Returns the report and the generated faces, with the training faces if copies were asked for.  Raises ValueError
    with a message for users if that is impossible.
    """
    request.check()
    if request.fid:
        inception.package()  # refused before any long computation
    checked_request = question(model, request)
    vectors = sampling.latents(model, face_seeds(request.seed, request.count))
    generated_images = sampling.draw(model, vectors, progress=steps("generating faces"))
    generated = detect_in(model.name, generated_images, request.cnn, steps)
    gallery = embed_gallery(request.gallery, model, steps) if request.gallery else None
    if request.source is None:
        return replace(checked_request, rows=[measure_row(generated, gallery, None, request.count)]), generated
    real = real_faces(model, request.source, request, steps)
    first = min(request.count, len(real.shown.images))
    compared = min(int(images.hog.detected.sum()) for images in (generated, *real.sets, real.other))
    size = compared if compared >= FEWEST else None
    rows = [measure_row(images, gallery, real.training, first) for images in (generated, real.shown)]
    pairs = [(generated, real.sets), (real.sets[0], [real.other])]  # the second is the lower limit: real against real
    if size is not None:
        rows = [with_distance(row, *pair, size) for row, pair in zip(rows, pairs, strict=True)]
    if request.fid:
        count = min(len(images.images) for images in (generated, *real.sets, real.other))
        rows = [with_fid(row, *pair, count) for row, pair in zip(rows, pairs, strict=True)]
    report = replace(checked_request, matched_n=first, frechet_n=size, rows=rows)
    return report, replace(generated, training=real.training)


def question(model: FaceModel, request: EvaluationRequest) -> Report:
    """The settings of an evaluation, as a report without rows."""
    return Report(
        model=model.name,
        seed=request.seed,
        count=request.count,
        size=model.size,
        data=file_names(request.source) if request.source else None,
        gallery=file_names(request.gallery) if request.gallery else None,
        split=request.split,
        matched_n=request.count,
        frechet_n=None,
        rows=[],
        unseen=unseen_by(model, request.split) if request.source else None,
        versions=versions(*PACKAGES),
    )


def detect_in(name: str, images: Images, cnn: bool, steps: Steps, cache: Path | None = None) -> DetectedImages:
    detections = detect_and_embed(images, progress=steps(f"analysing {name}"), cache=cache)
    second = None
    if cnn:
        second = detect_and_embed(images, "cnn", embed=False, progress=steps(f"second detector: {name}"), cache=cache)
    return DetectedImages(name, images, detections, second)


def with_distance(row: Row, detected: DetectedImages, sets: Sequence[DetectedImages], size: int) -> Row:
    """A row with the Fréchet distance to real faces and the variance, for the first `size` faces of each."""
    faces = detected.hog.face_embeddings[:size]
    others = [real.hog.face_embeddings[:size] for real in sets]
    distances, variances = ([metric(faces, real) for real in others] for metric in (frechet, main_variance))
    return replace(row, distance=float(np.mean(distances)), main_variance=float(np.mean(variances)))


def with_fid(row: Row, detected: DetectedImages, sets: Sequence[DetectedImages], count: int) -> Row:
    """A row with FID and KID to real images, for the first `count` images of each."""
    fid, kid = np.mean([inception.fid_and_kid(detected.images, real.images, count) for real in sets], axis=0)
    return replace(row, fid=float(fid), kid=float(kid))


def detection_rate(model: FaceModel, count: int = 1000, seed: int = 0, progress: Progress | None = None) -> Rate:
    """Only the detection rate, which takes seconds."""
    images = sampling.generate(model, face_seeds(seed, count))
    return rate(int(detect_and_embed(images, embed=False, progress=progress).detected.sum()), count)


def real_faces(model: FaceModel, source: str, request: EvaluationRequest, steps: Steps) -> RealFaces:
    """The faces of a held-out split beside those of the other one, or all of a source in two halves."""
    faces = prepare(source, model.size, model.config.data.crop, steps("preparing images"))

    def detected_in(name: str, rows: np.ndarray, cnn: bool = False) -> DetectedImages:
        return detect_in(name, Selection(faces.images, rows), cnn, steps, faces.detections)

    if request.split == "all":
        rows = halves(faces, source)
        first, second = (detected_in(f"real faces, half {n}", part, request.cnn) for n, part in enumerate(rows, 1))
        return RealFaces(joined("real faces, all", faces.images, rows, first, second), [first, second], second)
    split, other = ("validation", "test") if request.split == "validation" else ("test", "validation")
    names: tuple[Split, ...] = (split, other, "train")
    rows = {name: split_rows(faces, source, name) for name in names}
    real = detected_in(f"real faces, {split}", rows[split], request.cnn)
    others = detected_in(f"real faces, {other}", rows[other])
    training = detected_in("training faces", rows["train"]) if request.copies else None
    return RealFaces(real, [real], others, training)


def joined(
    name: str, images: Images, rows: tuple[np.ndarray, np.ndarray], first: DetectedImages, second: DetectedImages
) -> DetectedImages:
    """The detections of two sets of images as those of all, in their order."""
    order = np.argsort(np.concatenate(rows))
    cnn = first.cnn.followed_by(second.cnn).at(order) if first.cnn and second.cnn else None
    return DetectedImages(name, images, first.hog.followed_by(second.hog).at(order), cnn)


def embed_gallery(source: str, model: FaceModel, steps: Steps) -> np.ndarray:
    """Embeddings (n, 128) of a gallery's faces; split by split, so that the cache is shared with the data."""
    faces = prepare(source, model.size, model.config.data.crop, steps("preparing images"))
    embeddings = []
    for part, rows in all_parts(faces, source).items():
        progress = steps(f"analysing the gallery, {part}")
        detections = detect_and_embed(Selection(faces.images, rows), progress=progress, cache=faces.detections)
        embeddings.append(detections.face_embeddings)
    if not sum(map(len, embeddings)):
        raise DataError("No face was detected in the gallery. Choose images with one face each.")
    return np.concatenate(embeddings)


def measure_row(
    detected: DetectedImages,
    gallery: np.ndarray | None,
    training: DetectedImages | None,
    first: int,
) -> Row:
    """One row, without distances to real faces.  gallery: embeddings (n, 128) of known people."""
    detections, embeddings = detected.hog, detected.hog.face_embeddings
    unrecognised = None
    if gallery is not None:
        unrecognised = rate(int((nearest(embeddings, gallery)[0] > TOLERANCE).sum()), len(detected.images))
    return Row(
        name=detected.name,
        undetected=rate(int((~detections.detected).sum()), len(detected.images)),
        undetected_cnn=rate(int((~detected.cnn.detected).sum()), len(detected.images)) if detected.cnn else None,
        unrecognised=unrecognised,
        people=distinct_people(embeddings),
        people_matched_n=distinct_people(detections.embeddings[:first][detections.detected[:first]]),
        distance=None,
        nearest=median_nearest(embeddings, training.hog.face_embeddings) if training is not None else None,
        duplicates=duplicates(embeddings),
    )


def median_nearest(embeddings: np.ndarray, training: np.ndarray) -> float | None:
    return float(np.median(nearest(embeddings, training)[0])) if len(embeddings) and len(training) else None


def unseen_by(model: FaceModel, split: str) -> bool:
    """Whether a split of the data was held out when the model was trained; of all images, that is never certain."""
    trained = model.config.data
    return trained.source == BUILTIN_SOURCE or (split != "all" and trained.split not in ("all", split))
