"""Deleted runs: kept in `.trash` below the runs, so that deleting one can be undone."""

import shutil
from pathlib import Path

from facedemo.runs import Run, RunError, list_runs, runs_root

TRASH = ".trash"


def delete(run: Run) -> Run:
    """Moves a run into the trash beside it; returns it at its new place.

    Raises RunError for one that is training, and where it cannot be moved.
    """
    if run.status.active:
        raise RunError(f"“{run.name}” is training. Stop it before you delete it.")
    return moved(run, run.path.parent / TRASH)


def restore(run: Run) -> Run:
    """Moves a run out of the trash to where it was.  Raises RunError where it is not there, or cannot be moved."""
    if run.path.parent.name != TRASH:
        raise RunError(f"“{run.name}” has not been deleted.")
    return moved(run, run.path.parent.parent)


def moved(run: Run, folder: Path) -> Run:
    target = folder / run.path.name
    if not run.path.exists():
        raise RunError(f"“{run.id}” is no longer there.")
    if target.exists():
        raise RunError(f"There is a run {target.name} in {folder} already. Move or rename that folder first.")
    try:
        folder.mkdir(exist_ok=True)
        run.path.rename(target)
    except OSError as error:
        raise RunError(f"“{run.id}” cannot be moved to {folder}: {error.strerror or error}.") from error
    return Run(target)


def deleted_runs(root: Path | None = None) -> list[Run]:
    """What is in the trash, newest run first."""
    return list_runs((root or runs_root()) / TRASH)


def empty(root: Path | None = None) -> None:
    """Deletes for good what is in the trash.  Raises RunError where something cannot be deleted."""
    try:
        for run in deleted_runs(root):
            shutil.rmtree(run.path)
    except OSError as error:
        raise RunError(f"{error.filename} cannot be deleted: {error.strerror or error}.") from error
