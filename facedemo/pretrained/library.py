"""The user's own models: renaming, deleting and restoring them. Imports no torch."""

import itertools
import shutil
from pathlib import Path

from facedemo.pretrained.archive import ArchiveError, new_model_path
from facedemo.storage.locations import all_models, models_in, shipped, user_models_root

TRASH = ".trash"  # beside the models


def is_own(path: Path) -> bool:
    """Whether a model was made or imported by the user, not bundled."""
    return path.parent == user_models_root() and path.parent != shipped("checkpoints")


def own_models() -> list[Path]:
    return [path for path in all_models() if is_own(path)]


def rename(path: Path, name: str) -> Path:
    """Renames one of the user's models; returns its new folder.

    Raises ArchiveError if it is bundled, or the name is taken or invalid.
    """
    return moved(own_model(path), new_model_path(name))


def delete(path: Path) -> Path:
    """Moves one of the user's models into the trash; returns its folder there.

    Raises ArchiveError if the model is bundled.
    """
    names = itertools.chain([path.name], (f"{path.name}-{number}" for number in itertools.count(2)))
    folder = own_model(path).parent / TRASH
    return moved(path, next(folder / name for name in names if not (folder / name).exists()))


def deleted() -> list[Path]:
    """The models in the trash, by name."""
    return models_in(user_models_root() / TRASH)


def restore(path: Path) -> Path:
    """Moves a model out of the trash; returns its folder.  Raises ArchiveError if its name is taken meanwhile."""
    return moved(path, new_model_path(path.name))


def erase() -> None:
    """Permanently deletes the models in the trash."""
    for path in deleted():
        shutil.rmtree(path)


def own_model(path: Path) -> Path:
    if not is_own(path):
        raise ArchiveError(f"“{path.name}” is bundled with facedemo. Only models of your own can be changed.")
    return path


def moved(path: Path, target: Path) -> Path:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        return path.rename(target)
    except OSError as error:
        raise ArchiveError(f"“{path.name}” cannot be moved: {error.strerror or error}.") from error
