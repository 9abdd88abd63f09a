"""The locations of models, runs and prepared images."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import platformdirs

WEIGHTS, CONFIG, REPORT = "model.safetensors", "config.json", "report.json"
DIRECTIONS = "directions.json"  # named directions, see explore/named_directions.py
BEST_WEIGHTS = "best.safetensors"  # of a run: those with the best evaluation so far


PACKAGE = Path(__file__).parents[1]


class Workspace(NamedTuple):
    """Where the files of one visitor of a shared app lie.  realm: the folder in which the visitor may change runs."""

    folder: Path
    realm: Path


_workspace_of_visitor: Callable[[], Workspace] | None = None


def use_workspaces(of_visitor: Callable[[], Workspace] | None) -> None:
    """Makes this process a shared app, in which each visitor sees only what lies in a workspace of their own.

    of_visitor: the workspace of the visitor whose page runs in this thread; raises an error if there is none.
    """
    global _workspace_of_visitor
    _workspace_of_visitor = of_visitor


def workspace() -> Workspace | None:
    """The current visitor's workspace; None if the app is not shared.  Raises an error if nobody is signed in."""
    return _workspace_of_visitor() if _workspace_of_visitor else None


def may_change(path: Path) -> bool:
    """Whether the current visitor may change a run, a race or a model."""
    own = workspace()
    return own is None or path.resolve().is_relative_to(own.realm.resolve())


def shipped(name: str) -> Path:
    """A file or folder that ships with facedemo: inside an installed package, or beside it in a checkout."""
    return PACKAGE / name if (PACKAGE / name).exists() else PACKAGE.parent / name


def checkpoints_root() -> Path:
    """The folder of bundled models: `FACEDEMO_CHECKPOINTS`, or the folder `checkpoints` that ships with facedemo."""
    chosen = os.environ.get("FACEDEMO_CHECKPOINTS")
    return Path(chosen) if chosen else shipped("checkpoints")


def user_models_root() -> Path:
    """The folder of imported models and models made from runs: `FACEDEMO_MODELS`, or the user's data folder.

    If only `FACEDEMO_CHECKPOINTS` is set, that folder is used for all models. In a shared app, the visitor's own.
    """
    if own := workspace():
        return own.folder / "models"
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
    models = {path.name: path for path in bundled()}
    return list(
        (models | {path.name: path for path in models_in(user_models_root()) if path.name not in models}).values()
    )


def runs_root() -> Path:
    """Where runs are kept: `FACEDEMO_RUNS`, or `runs` in the working directory; in a shared app, the visitor's own."""
    if own := workspace():
        return own.folder / "runs"
    return all_runs_root()


def all_runs_root() -> Path:
    """Where runs are kept; in a shared app, those of all visitors."""
    return Path(os.environ.get("FACEDEMO_RUNS", "runs"))


def cache_root() -> Path:
    """The folder of prepared data sets: in the user's cache folder, or in $FACEDEMO_CACHE if that is set."""
    chosen = os.environ.get("FACEDEMO_CACHE")
    return (Path(chosen) if chosen else platformdirs.user_cache_path("facedemo", appauthor=False)) / "datasets"


def uploads_root() -> Path:
    """The folder of uploaded images, of all visitors."""
    return cache_root() / "uploads"


def upload_prefix() -> str:
    """How the names of the current visitor's uploads begin; "" if the app is not shared."""
    own = workspace()
    return f"{own.folder.name}-" if own else ""


def embeddings_root() -> Path:
    """The folder of detected faces and their embeddings."""
    return cache_root().parent / "judged"


def queue_root() -> Path:
    """The folder of the queue of trainings: in the user's state folder, or in $FACEDEMO_QUEUE if that is set."""
    chosen = os.environ.get("FACEDEMO_QUEUE")
    return Path(chosen) if chosen else platformdirs.user_state_path("facedemo", appauthor=False) / "queue"
