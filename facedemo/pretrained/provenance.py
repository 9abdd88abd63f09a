"""The provenance of a model: the model it was fine-tuned from, and the number of real images seen in training."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from safetensors import SafetensorError, safe_open

from facedemo.runs.model_report import read_report
from facedemo.runs.run import Run, is_run
from facedemo.storage.locations import WEIGHTS

TRAINED = "trained"  # key of the metadata
START = "start"  # the folder in which a run keeps its start model


class Trained(NamedTuple):
    """How long weights were trained: iterations, and real images seen, both without those of a start model."""

    iterations: int
    images: int

    def as_metadata(self) -> dict[str, str]:
        """The metadata of a safetensors file: a single entry, because the order of several is random."""
        return {TRAINED: json.dumps(self._asdict())}

    @classmethod
    def of_metadata(cls, metadata: Mapping[str, str] | None) -> "Trained | None":
        """None if the metadata lacks it, as in files of earlier versions, or is damaged."""
        try:
            counts = json.loads((metadata or {})[TRAINED])
            return cls(int(counts["iterations"]), int(counts["images"]))
        except (KeyError, ValueError, TypeError):
            return None


def weights_trained(folder: Path) -> Trained | None:
    """How long the weights in a folder were trained, as their file says; None if it does not, or cannot be read."""
    try:
        with safe_open(folder / WEIGHTS, "numpy") as file:
            return Trained.of_metadata(file.metadata())
    except (OSError, SafetensorError):
        return None


def images_seen(folder: Path, weights: Path | None = None) -> int:
    """Real images that the model of a run or a bundle has seen in training, counted from its random initialisation.

    weights: the folder with a copy of its weights, if the model may be trained meanwhile.
    """
    if trained := weights_trained(weights or folder):
        return trained.images + images_before(folder)
    seen = Run(folder).status.images if is_run(folder) else read_report(folder).images
    return (seen or 0) + images_before(folder)


def images_before(folder: Path) -> int:
    """Real images seen by the start model of a run or a bundle; 0 for a random initialisation."""
    return read_report(folder / START).images or read_report(folder).images_before
