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


def delete(item: AnyStored) -> AnyStored:
    """Moves a run or a race into the trash beside it; returns it at its new location.

    Raises RunError if it is in progress or cannot be moved.
    """
    status = item.status
    refusal = f"“{item.name}” is {status.state if status.active else 'in use'}. Stop it before you delete it."
    with item.exclusive(refusal, waiting=True) as lock:
        if status.state == "waiting":  # its process ends when it finds the folder gone
            item.write_status(replace(status, state="stopped", message=""))
        if os.name == "nt":
            lock.release()  # Windows cannot move a folder with an open file in it
        return moved(item, item.path.parent / TRASH)


def restore(item: AnyStored) -> AnyStored:
    """Moves a run or a race out of the trash to where it was.

    Raises RunError if it does not exist or cannot be moved.
    """
    if item.path.parent.name != TRASH:
        raise RunError(f"“{item.name}” has not been deleted.")
    return moved(item, item.path.parent.parent)


def moved(item: AnyStored, folder: Path) -> AnyStored:
    item.refuse_if_foreign()
    target = folder / item.id
    if not item.path.exists():
        raise RunError(f"“{item.id}” no longer exists.")
    if target.exists():
        raise RunError(f"There is already a folder {item.id} in {folder}. Move or rename it first.")
    try:
        folder.mkdir(exist_ok=True)
        item.path.rename(target)
    except OSError as error:
        raise RunError(f"“{item.id}” cannot be moved to {folder}: {error.strerror or error}.") from error
    return item.at(target)


def deleted_runs(root: Path | None = None) -> list[Run]:
    """The runs in the trash, newest first."""
    return list_runs((root or runs_root()) / TRASH)


def erase(deleted: Iterable[Stored]) -> None:
    """Permanently deletes items in the trash.  Raises RunError if one does not exist or cannot be deleted."""
    for item in deleted:
        if item.path.parent.name != TRASH:
            raise RunError(f"“{item.name}” has not been deleted.")
        with item.exclusive(f"“{item.name}” is in use. Stop it before you delete it.") as lock:
            if os.name == "nt":
                lock.release()
            try:
                shutil.rmtree(item.path)
            except OSError as error:
                raise RunError(f"{error.filename} cannot be deleted: {error.strerror or error}.") from error
