"""Where models, runs and prepared images are kept."""

import os
from pathlib import Path

import platformdirs

WEIGHTS, CONFIG = "model.safetensors", "config.json"


def checkpoints_root() -> Path:
    """Where the bundled models are: `FACEDEMO_CHECKPOINTS`, or `checkpoints` beside the package."""
    return Path(os.environ.get("FACEDEMO_CHECKPOINTS", Path(__file__).parents[2] / "checkpoints"))


def bundled() -> list[Path]:
    """The bundled models' folders, sorted by name."""
    root = checkpoints_root()
    return sorted(path.parent for path in root.glob(f"*/{WEIGHTS}") if (path.parent / CONFIG).is_file())


def runs_root() -> Path:
    """Where runs are kept: `FACEDEMO_RUNS`, or `runs` in the working directory."""
    return Path(os.environ.get("FACEDEMO_RUNS", "runs"))


def cache_root() -> Path:
    """The folder of prepared data sets: in the user's cache folder, or in $FACEDEMO_CACHE if that is set."""
    chosen = os.environ.get("FACEDEMO_CACHE")
    return (Path(chosen) if chosen else platformdirs.user_cache_path("facedemo", appauthor=False)) / "datasets"
