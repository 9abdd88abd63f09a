"""Live face detection during a race: `python -m facedemo.comparison.live_detection RACE PROCESS`.

Whenever an entrant has saved new weights, this process measures the detection rate on its first faces from the race's
seed on. It only writes detection.jsonl, uses one thread at low priority, and ends with the race's own process.
"""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

import torch

from facedemo.comparison.race import DETECTION, Race, detection
from facedemo.evaluation.detector import detect_chunk
from facedemo.pretrained import sampling
from facedemo.pretrained.model import FaceModel, load_model
from facedemo.pretrained.provenance import weights_trained
from facedemo.pretrained.seeds import face_seeds
from facedemo.runs.run import Run
from facedemo.storage.atomic import append_line

FACES = 100  # number of faces for the detection rate over time
POLL_SECONDS = 0.5  # seconds between checks for new weights
MAX_TIME_SHARE = 1 / 20  # of the time that detection may take
LOW_PRIORITY = 10  # niceness


def evaluate_checkpoint(run: Run, seed: int) -> bool:
    """Measures the detection rate on FACES faces of a run's newest weights, unless that was done before."""
    trained = weights_trained(run.path)
    if trained is None or any(row["step"] == trained.iterations for row in detection(run.path)):
        return False
    model = load_model(run.path)
    step, images = model.trained or trained  # the weights may have been replaced by newer ones
    found = count_detected(model, seed)
    metrics = run.metrics()
    pairs = zip(metrics.get("step", []), metrics.get("seconds", []), strict=True)
    seconds = [seconds for at, seconds in pairs if at <= step] or [0.0]
    row = {"step": step, "images": images, "seconds": seconds[-1]}
    append_line(run.path / DETECTION, {**row, "found": found, "of": FACES, "seed": seed})
    return True


def count_detected(model: FaceModel, seed: int) -> int:
    """The number of detected faces among a model's first FACES faces from `seed` on."""
    images = sampling.generate(model, face_seeds(seed, FACES))
    return int((detect_chunk(images, "hog", embed=False)[1] > 0).sum())


def watch(race: Race, parent: int) -> None:
    """Evaluates the model in training for as long as the parent process lives."""

    torch.set_num_threads(1)
    plan = race.plan
    runs = [race.run(entrant) for entrant in plan.entries]
    while os.getppid() == parent:
        began = time.monotonic()
        for run in runs:
            if run.status.active:
                # weights that are replaced while they are read are evaluated next time
                with suppress(ValueError, OSError):
                    evaluate_checkpoint(run, plan.seed)
        time.sleep(max(POLL_SECONDS, (time.monotonic() - began) / MAX_TIME_SHARE))


def main() -> None:
    with suppress(AttributeError, OSError):  # Windows has no niceness
        os.nice(LOW_PRIORITY)
    with suppress(KeyboardInterrupt):
        watch(Race(Path(sys.argv[1])), int(sys.argv[2]))


if __name__ == "__main__":
    main()
