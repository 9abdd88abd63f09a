"""Where the bundled models are.  Imports no torch, so that the app's first picture need not wait for it."""

import os
from pathlib import Path

WEIGHTS, CONFIG = "model.safetensors", "config.json"


def checkpoints_root() -> Path:
    """Where the bundled models are: `FACEDEMO_CHECKPOINTS`, or `checkpoints` beside the package."""
    return Path(os.environ.get("FACEDEMO_CHECKPOINTS", Path(__file__).parents[2] / "checkpoints"))


def bundled() -> list[Path]:
    """The bundled models' folders, sorted by name."""
    root = checkpoints_root()
    return sorted(path.parent for path in root.glob(f"*/{WEIGHTS}") if (path.parent / CONFIG).is_file())
