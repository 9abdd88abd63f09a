"""The locations of models, runs and prepared images."""

import os
from pathlib import Path

import platformdirs

WEIGHTS, CONFIG = "model.safetensors", "config.json"
BEST_WEIGHTS = "best.safetensors"  # of a run: those with the best evaluation so far


PACKAGE = Path(__file__).parents[1]


def shipped(name: str) -> Path:
    """A file or folder that ships with facedemo: inside an installed package, or beside it in a checkout."""
    return PACKAGE / name if (PACKAGE / name).exists() else PACKAGE.parent / name


def checkpoints_root() -> Path:
    """The folder of bundled models: `FACEDEMO_CHECKPOINTS`, or the folder `checkpoints` that ships with facedemo."""
    chosen = os.environ.get("FACEDEMO_CHECKPOINTS")
    return Path(chosen) if chosen else shipped("checkpoints")


def user_models_root() -> Path:
    """The folder of imported models and models made from runs: `FACEDEMO_MODELS`, or the user's data folder.

    If only `FACEDEMO_CHECKPOINTS` is set, that folder is used for all models.
    """
    if chosen := os.environ.get("FACEDEMO_MODELS") or os.environ.get("FACEDEMO_CHECKPOINTS"):
        return Path(chosen)
    return platformdirs.user_data_path("facedemo", appauthor=False) / "models"


def models_in(root: Path) -> list[Path]:
    """The models in a folder, sorted by name."""
    return sorted(path.parent for path in root.glob(f"*/{WEIGHTS}") if (path.parent / CONFIG).is_file())


def bundled() -> list[Path]:
    """The models that ship with facedemo."""
    return models_in(checkpoints_root())


def all_models() -> list[Path]:
    """The bundled models, then the user's own; a bundled model hides a user's model with the same name."""
    found = {path.name: path for path in bundled()}
    return list(
        (found | {path.name: path for path in models_in(user_models_root()) if path.name not in found}).values()
    )


def runs_root() -> Path:
    """Where runs are kept: `FACEDEMO_RUNS`, or `runs` in the working directory."""
    return Path(os.environ.get("FACEDEMO_RUNS", "runs"))


def cache_root() -> Path:
    """The folder of prepared data sets: in the user's cache folder, or in $FACEDEMO_CACHE if that is set."""
    chosen = os.environ.get("FACEDEMO_CACHE")
    return (Path(chosen) if chosen else platformdirs.user_cache_path("facedemo", appauthor=False)) / "datasets"


def uploads_root() -> Path:
    """The folder of uploaded images."""
    return cache_root() / "uploads"


def embeddings_root() -> Path:
    """The folder of detected faces and their embeddings."""
    return cache_root().parent / "judged"


def queue_root() -> Path:
    """The folder of the queue of trainings: in the user's state folder, or in $FACEDEMO_QUEUE if that is set."""
    chosen = os.environ.get("FACEDEMO_QUEUE")
    return Path(chosen) if chosen else platformdirs.user_state_path("facedemo", appauthor=False) / "queue"
