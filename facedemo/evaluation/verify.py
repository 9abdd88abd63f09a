"""The evaluation of a model: detection as in the paper's Table 1, diversity, memorisation and distance."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from facedemo.config.schema import BUILTIN_SOURCE
from facedemo.data.images import Images, Selection
from facedemo.data.preparation import Progress, prepare
from facedemo.data.source_files import DataError, file_names
from facedemo.data.splits import Split, all_parts, split_rows
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
from facedemo.evaluation.request import EvaluationRequest, HeldOut
from facedemo.pretrained import sampling
from facedemo.pretrained.model import FaceModel
from facedemo.pretrained.seeds import face_seeds
from facedemo.storage.versions import versions

PACKAGES = ("facedemo", "torch", "face-recognition", "dlib-bin", "scipy")  # packages whose versions a report lists
Steps = Callable[[str], Progress | None]  # description of a step → callback for its progress


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
        return replace(
            checked_request, rows=[measure_row(generated, gallery, None, None, None, request.count)]
        ), generated
    real, other, training = held_out(model, request.source, request, steps)
    first = min(request.count, len(real.images))
    compared = min(int(images.hog.detected.sum()) for images in (generated, real, other))
    size = compared if compared >= FEWEST else None
    seen = training.hog if training else None
    rows = [
        measure_row(generated, gallery, real.hog, seen, size, first),
        measure_row(real, gallery, other.hog, seen, size, first),  # its distance is the lower limit: real against real
    ]
    if request.fid:
        rows = with_fid(rows, generated.images, real.images, other.images)
    return replace(checked_request, matched_n=first, frechet_n=size, rows=rows), replace(generated, training=training)


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


def with_fid(rows: list[Row], generated: Images, real: Images, other: Images) -> list[Row]:
    """The rows of generated and real faces with FID and KID to real ones, for the same number of images."""
    count = min(len(generated), len(real), len(other))
    pairs = [(generated, real), (real, other)]  # the second is the lower limit
    metrics = [inception.fid_and_kid(images, others, count) for images, others in pairs]
    return [replace(row, fid=fid, kid=kid) for row, (fid, kid) in zip(rows, metrics, strict=True)]


def detection_rate(model: FaceModel, count: int = 1000, seed: int = 0, progress: Progress | None = None) -> Rate:
    """Only the detection rate, which takes seconds."""
    images = sampling.generate(model, face_seeds(seed, count))
    return rate(int(detect_and_embed(images, embed=False, progress=progress).detected.sum()), count)


def held_out(
    model: FaceModel, source: str, request: EvaluationRequest, steps: Steps
) -> tuple[DetectedImages, DetectedImages, DetectedImages | None]:
    """Held-out real faces, real faces of the other held-out split, and, if requested, the training faces."""
    split = request.held_out
    other: HeldOut = "validation" if split == "test" else "test"
    faces = prepare(source, model.size, model.config.data.crop, steps("preparing images"))
    names: tuple[Split, ...] = (split, other, "train")
    parts = {name: Selection(faces.images, split_rows(faces, source, name)) for name in names}
    real = detect_in(f"real faces, {split}", parts[split], request.cnn, steps, faces.detections)
    return (
        real,
        detect_in(f"real faces, {other}", parts[other], False, steps, faces.detections),
        detect_in("training faces", parts["train"], False, steps, faces.detections) if request.copies else None,
    )


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
    real: FaceDetections | None,
    training: FaceDetections | None,
    size: int | None,
    first: int,
) -> Row:
    """One row.

    gallery: embeddings (n, 128) of known people.  real: reference for the Fréchet distance, which uses the first `size`
    faces of each.
    """
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
        distance=frechet(embeddings[:size], real.face_embeddings[:size]) if size and real is not None else None,
        nearest=median_nearest(embeddings, training.face_embeddings) if training is not None else None,
        duplicates=duplicates(embeddings),
        main_variance=main_variance(embeddings[:size], real.face_embeddings[:size])
        if size and real is not None
        else None,
    )


def median_nearest(embeddings: np.ndarray, training: np.ndarray) -> float | None:
    return float(np.median(nearest(embeddings, training)[0])) if len(embeddings) and len(training) else None


def unseen_by(model: FaceModel, split: str) -> bool:
    """Whether a split of the data was held out when the model was trained."""
    trained = model.config.data
    return trained.source == BUILTIN_SOURCE or trained.split not in ("all", split)
