"""A process that looks at a race while it goes on: `python -m facedemo.comparison.live_detection RACE PROCESS`.

Whenever a contender has saved new weights, it counts in how many of the first faces from the race's seed on a face is
found. It writes nothing but detection.jsonl, takes one thread at low priority, and ends with the race's own process.
"""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path

import torch

from facedemo.comparison.race import DETECTION, Race, detection
from facedemo.evaluation.detector import look
from facedemo.pretrained import sampling
from facedemo.pretrained.model import load_model
from facedemo.pretrained.seeds import face_seeds
from facedemo.runs.run import Run
from facedemo.storage.atomic import append_line

FACES = 100  # that the detection rate over time is counted among
LOOK = 0.5  # seconds between two looks at what was saved
RARELY = 20  # looking at faces must take no more than one part in so many of the time
LOW_PRIORITY = 10  # niceness


def look_at(run: Run, seed: int) -> bool:
    """Counts the faces found among FACES of a run's newest weights, unless these were looked at before."""
    saved = run.checkpoints()
    step = int(saved[0].stem) if saved else 0
    if not run.has_model or any(row["step"] == step for row in detection(run.path)):
        return False
    found = faces_found(run.path, seed)
    metrics = run.metrics()
    pairs = zip(metrics.get("step", []), metrics.get("seconds", []), strict=True)
    seconds = [seconds for at, seconds in pairs if at <= step] or [0.0]
    row = {"step": step, "images": step * run.config.model.images_per_step, "seconds": seconds[-1]}
    append_line(run.path / DETECTION, {**row, "found": found, "of": FACES, "seed": seed})
    return True


def faces_found(path: Path, seed: int) -> int:
    """In how many of a model's first FACES faces from `seed` on one is found."""
    images = sampling.generate(load_model(path), face_seeds(seed, FACES))
    return int((look(images, "hog", embed=False)[1] > 0).sum())


def watch(race: Race, parent: int) -> None:
    """Looks at whoever trains, as long as this process has that parent."""

    torch.set_num_threads(1)
    plan = race.plan
    runs = [race.run(entry) for entry in plan.entries]
    while os.getppid() == parent:
        began = time.monotonic()
        for run in runs:
            if run.status.active:
                with suppress(ValueError, OSError):  # weights that are replaced as they are read will do next time
                    look_at(run, plan.seed)
        time.sleep(max(LOOK, RARELY * (time.monotonic() - began)))


def main() -> None:
    with suppress(AttributeError, OSError):  # Windows has no niceness
        os.nice(LOW_PRIORITY)
    with suppress(KeyboardInterrupt):
        watch(Race(Path(sys.argv[1])), int(sys.argv[2]))


if __name__ == "__main__":
    main()
