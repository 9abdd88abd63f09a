"""What the metrics say of faces that are more and more alike, measured earlier for the lesson on metrics.

`python -m facedemo.explore.spread SOURCE …` measures again, beside the test split of photographs, in some minutes.
Reading imports no torch.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from facedemo.data.images import Selection
from facedemo.data.preparation import prepare
from facedemo.data.splits import split_rows
from facedemo.evaluation.detector import detect_and_embed
from facedemo.evaluation.metrics import distinct_people, frechet
from facedemo.pretrained.seeds import face_seeds
from facedemo.storage.atomic import replace_file
from facedemo.storage.locations import bundled

FILE = Path(__file__).with_name("recordings") / "spread.json"
MODEL, FACES = "ours-64", 1000
SPREADS = (0.05, 0.25, 0.5, 0.75, 1.0)  # 1: random latents; towards 0, they approach that of one face


@dataclass(frozen=True)
class Alike:
    """Metrics of FACES images.  people: on them.  distance: the Fréchet face distance to real faces."""

    detected: int
    people: int
    distance: float


def read() -> dict[float, Alike]:
    """Spread → the metrics of MODEL."""
    stored = json.loads(FILE.read_text("utf8"))
    return {float(spread): Alike(**metrics) for spread, metrics in stored["spreads"].items()}


def folder() -> Path:
    return next(path for path in bundled() if path.name == MODEL)


def first_detected(seeds: Sequence[int], faces: np.ndarray) -> int:
    """The first of the seeds on whose image a face is detected.  faces: the number of faces on each image."""
    return seeds[int(np.argmax(faces > 0))]


def measure(sources: Sequence[str]) -> dict[float, Alike]:
    from facedemo.explore.interpolation import faces_near  # imports torch
    from facedemo.pretrained import sampling
    from facedemo.pretrained.model import load_model

    model, source, seeds = load_model(folder()), "\n".join(sources), face_seeds(0, FACES)
    real = prepare(source, model.size)
    photographs = detect_and_embed(Selection(real.images, split_rows(real, source, "test")), cache=real.detections)
    random = detect_and_embed(sampling.generate(model, seeds))
    centre = first_detected(seeds, random.faces)
    metrics = {}
    for spread in SPREADS:
        detections = random if spread == 1 else detect_and_embed(faces_near(model, centre, seeds, spread))
        embeddings = detections.face_embeddings
        count = min(len(embeddings), len(photographs.face_embeddings))
        distance = frechet(embeddings[:count], photographs.face_embeddings[:count])
        metrics[spread] = Alike(int(detections.detected.sum()), distinct_people(embeddings), round(distance, 4))
    return metrics


def main() -> None:
    from facedemo.explore.named_directions import digest  # imports torch

    metrics = {str(spread): asdict(alike) for spread, alike in measure(sys.argv[1:]).items()}
    replace_file(FILE, json.dumps({"weights": digest(folder()), "spreads": metrics}, indent=1) + "\n")


if __name__ == "__main__":
    main()
