"""The provenance of a model: the model it was fine-tuned from, and the number of real images seen in training."""

from pathlib import Path
from typing import Any

from facedemo.storage.atomic import read_object

START = "start"  # the folder in which a run keeps its start model


def images_seen(folder: Path) -> int:
    """Real images that the model of a run or a bundle has seen in training, counted from its random initialisation."""
    known = read_object(folder / "status.json") or read_object(folder / "report.json")
    return int_or_zero(known.get("images")) + images_before(folder)


def images_before(folder: Path) -> int:
    """Real images seen by the start model of a run or a bundle; 0 for a random initialisation."""
    start_images = read_object(folder / START / "report.json").get("images")
    return int_or_zero(start_images or read_object(folder / "report.json").get("images_before"))


def int_or_zero(found: Any) -> int:
    return found if isinstance(found, int) else 0
