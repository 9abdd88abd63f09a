"""Where a model comes from: the model it was fine-tuned from, and the real images that training has shown it."""

from pathlib import Path
from typing import Any

from facedemo.storage.atomic import read_object

START = "start"  # the folder in which a run keeps the model that it starts from


def images_seen(folder: Path) -> int:
    """Real images that training has shown to the model of a run or a bundle, from its first random weights on."""
    known = read_object(folder / "status.json") or read_object(folder / "report.json")
    return int_or_zero(known.get("images")) + images_before(folder)


def images_before(folder: Path) -> int:
    """Those that the model had seen that a run or a bundle started from; 0 where it had new weights."""
    kept = read_object(folder / START / "report.json").get("images")
    return int_or_zero(kept or read_object(folder / "report.json").get("images_before"))


def int_or_zero(found: Any) -> int:
    return found if isinstance(found, int) else 0
