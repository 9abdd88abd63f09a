"""Evaluates the newest weights of a run in training: `python -m facedemo.evaluation.during_training RUN`.

FACES faces of fixed seeds are compared with real faces that the run does not train on. The weights with the smallest
Fréchet distance so far are kept as best.safetensors. Uses one thread at low priority.
"""

import os
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import torch
from torch.utils.tensorboard import SummaryWriter

from facedemo.config.messages import error_message
from facedemo.config.schema import BUILTIN_SOURCE, DataConfig
from facedemo.data.builtin import builtin_faces
from facedemo.data.preparation import prepare
from facedemo.data.splits import split_rows
from facedemo.evaluation.detector import FaceDetections, detect_and_embed, detect_chunk
from facedemo.evaluation.metrics import FEWEST, distinct_people, frechet
from facedemo.pretrained import sampling
from facedemo.pretrained.model import load_model
from facedemo.pretrained.seeds import face_seeds
from facedemo.runs.directory import LOG
from facedemo.runs.evaluations import Evaluation, best, read_evaluations, record
from facedemo.runs.run import Run
from facedemo.storage.atomic import append_log, replacing, snapshot
from facedemo.storage.locations import BEST_WEIGHTS, WEIGHTS
from facedemo.storage.output import protect_output
from facedemo.storage.process import lower_priority

FACES = 500
SEED = 777


def real_faces(data: DataConfig, size: int) -> tuple[np.ndarray, Path | None]:
    """FACES real images, uint8 (n, size, size, 3): of the validation split, if the run does not train on it.

    Otherwise they are training images.  Also returns the folder for what is detected in them, None for that of
    generated faces.  Raises DataError if the images are no longer there.
    """
    if data.source == BUILTIN_SOURCE:
        return builtin_faces(size).images[:FACES], None
    faces = prepare(data.source, size, data.crop)
    rows = split_rows(faces, data.source, "validation" if data.split in ("train", "test") else data.split)
    # evenly spread over all of them, because neighbours often show the same person
    chosen = rows[np.linspace(0, len(rows) - 1, min(len(rows), FACES)).astype(int)]
    return np.stack([faces.images[row] for row in chosen]), faces.detections


def evaluate(run: Run, count: int = FACES) -> Evaluation:
    """Evaluates the newest weights, records that, and keeps the weights if they are the best so far."""
    config = run.config
    images, cache = real_faces(config.data, config.model.size)
    real = detect_and_embed(images[:count], processes=1, cache=cache)
    with snapshot(run.path / WEIGHTS) as weights:  # the training may replace them at any time
        model = load_model(run.path, weights)
        images = sampling.generate(model, face_seeds(SEED, count))
        evaluation = compared(
            run, model.trained or (0, 0), FaceDetections(*detect_chunk(images, "hog", embed=True)), real
        )
        earlier = best(read_evaluations(run.path))
        if evaluation.distance is not None and (earlier is None or evaluation.distance < (earlier.distance or 0)):
            with replacing(run.path / BEST_WEIGHTS) as temporary:
                os.link(weights, temporary)
    record(run.path, evaluation)
    return evaluation


def compared(run: Run, trained: tuple[int, int], generated: FaceDetections, real: FaceDetections) -> Evaluation:
    step, images = trained
    metrics = run.metrics()
    pairs = zip(metrics.get("step", []), metrics.get("seconds", []), strict=True)
    seconds = [seconds for at, seconds in pairs if at <= step] or [0.0]
    measured = min(int(generated.detected.sum()), int(real.detected.sum()))
    equally_many = min(len(generated.detected), len(real.detected))
    return Evaluation(
        step,
        images,
        seconds[-1],
        faces=len(generated.detected),
        detected=int(generated.detected.sum()),
        people=people_among(generated, equally_many),
        real_people=people_among(real, equally_many),
        distance=frechet(generated.face_embeddings[:measured], real.face_embeddings[:measured])
        if measured >= FEWEST
        else None,
    )


def people_among(detections: FaceDetections, first: int) -> int:
    """The number of distinct people on the first images."""
    return distinct_people(detections.embeddings[:first][detections.detected[:first]])


def log_to_tensorboard(run: Run, evaluation: Evaluation) -> None:
    with closing(SummaryWriter(str(run.path / "tensorboard"), filename_suffix=".evaluation")) as writer:
        writer.add_scalar("evaluation/detected", evaluation.share, evaluation.step)
        for name, value in (("people", evaluation.people), ("frechet_distance", evaluation.distance)):
            if value is not None:
                writer.add_scalar(f"evaluation/{name}", value, evaluation.step)


def main() -> None:
    protect_output()
    lower_priority()
    torch.set_num_threads(1)
    run = Run(Path(sys.argv[1]))
    try:
        log_to_tensorboard(run, evaluate(run))
    except (ValueError, OSError) as error:
        append_log(run.path / LOG, f"not evaluated: {error_message(error)}")


if __name__ == "__main__":
    main()
