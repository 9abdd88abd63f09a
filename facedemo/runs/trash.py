"""Deleted runs and races, kept in `.trash` beside the others, so that a deletion can be undone.

A race is only a record; its models are separate runs. Deleting one does not delete the other.
"""

import os
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from facedemo.runs.directory import AnyStored, RunError, Stored
from facedemo.runs.run import Run, list_runs
from facedemo.storage.locations import runs_root

TRASH = ".trash"


def delete(one: AnyStored) -> AnyStored:
    """Moves a run or a race into the trash beside it; returns it at its new location.

    Raises RunError if it is in progress or cannot be moved.
    """
    status = one.status
    refusal = f"“{one.name}” is {status.state if status.active else 'in use'}. Stop it before you delete it."
    with one.exclusive(refusal) as lock:
        if os.name == "nt":
            lock.release()  # Windows cannot move a folder with an open file in it
        return moved(one, one.path.parent / TRASH)


def restore(one: AnyStored) -> AnyStored:
    """Moves a run or a race out of the trash to where it was.

    Raises RunError if it does not exist or cannot be moved.
    """
    if one.path.parent.name != TRASH:
        raise RunError(f"“{one.name}” has not been deleted.")
    return moved(one, one.path.parent.parent)


def moved(one: AnyStored, folder: Path) -> AnyStored:
    target = folder / one.id
    if not one.path.exists():
        raise RunError(f"“{one.id}” no longer exists.")
    if target.exists():
        raise RunError(f"There is already a folder {one.id} in {folder}. Move or rename it first.")
    try:
        folder.mkdir(exist_ok=True)
        one.path.rename(target)
    except OSError as error:
        raise RunError(f"“{one.id}” cannot be moved to {folder}: {error.strerror or error}.") from error
    return replace(one, path=target)


def deleted_runs(root: Path | None = None) -> list[Run]:
    """The runs in the trash, newest first."""
    return list_runs((root or runs_root()) / TRASH)


def erase(deleted: Iterable[Stored]) -> None:
    """Permanently deletes items in the trash.  Raises RunError if one does not exist or cannot be deleted."""
    for one in deleted:
        if one.path.parent.name != TRASH:
            raise RunError(f"“{one.name}” has not been deleted.")
        with one.exclusive(f"“{one.name}” is in use. Stop it before you delete it.") as lock:
            if os.name == "nt":
                lock.release()
            try:
                shutil.rmtree(one.path)
            except OSError as error:
                raise RunError(f"{error.filename} cannot be deleted: {error.strerror or error}.") from error
