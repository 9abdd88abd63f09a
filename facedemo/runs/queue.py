"""The queue: at most `max_trainings()` runs and races train at once on this computer, and the others wait in order.

A place in the queue is a file such as `000012-waiting` that contains the path of the run or race. It is renamed when
the training starts or pauses, and it no longer counts when the process of the run has ended. So there is no daemon, and
nothing has to be tidied up after a kill.
"""

import heapq
import math
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock

from facedemo.storage.atomic import replace_file
from facedemo.storage.locations import queue_root
from facedemo.storage.process_status import read_status
from facedemo.storage.run_lock import is_held

LOCK = ".lock"


class Place(NamedTuple):
    """A place in the queue.  state: waiting, training or paused; a paused training gives its turn to the next one."""

    number: int
    state: str
    folder: Path


class Wait(NamedTuple):
    """A waiting training: its position among those that wait, from 1, and the expected wait, None if unknown."""

    position: int
    seconds: float | None


def max_trainings() -> int:
    """Number of trainings at once: `FACEDEMO_TRAININGS`, or half of the cores, but at least one."""
    chosen = os.environ.get("FACEDEMO_TRAININGS", "")
    return max(1, int(chosen) if chosen.isdigit() else (os.cpu_count() or 1) // 2)


def is_full() -> bool:
    """Whether another training would wait."""
    return sum(place.state != "paused" for place in places()) >= max_trainings()


def is_training() -> bool:
    """Whether a training is running on this computer."""
    return any(place.state == "training" for place in places())


def queue_folder() -> Path:
    """The folder of this computer's queue; a home folder on a network drive has one for each computer."""
    return queue_root() / socket.gethostname()


def places() -> list[Place]:
    """The places of all trainings whose processes live or are being started, in order."""
    return [place for place in all_places() if lives(place.folder)]


def all_places() -> list[Place]:
    places = []
    for path in sorted(queue_folder().glob("[0-9]*-*")):
        number, _, state = path.name.partition("-")
        try:
            places.append(Place(int(number), state, Path(path.read_text("utf8"))))
        except (OSError, ValueError):  # renamed or removed meanwhile
            continue
    return places


def lives(folder: Path) -> bool:
    status = read_status(folder)
    return (status.active and status.process_lives()) or is_held(folder)


def enter(folder: Path, state: str = "waiting", again: bool = True) -> None:
    """Gives a training a place at the end of the queue.

    again: also if it has a place, which an earlier process of it left behind.  Raises OSError if the queue's folder
    cannot be written to.
    """
    folder = folder.resolve()
    queue_folder().mkdir(parents=True, exist_ok=True)
    with FileLock(queue_folder() / LOCK):
        every = all_places()
        if not again and any(place.folder == folder for place in every):
            return
        living = [place for place in every if place.folder != folder and lives(place.folder)]
        for place in every:
            if place not in living:
                file_of(place).unlink(missing_ok=True)
        number = max((place.number for place in living), default=0) + 1
        replace_file(file_of(Place(number, state, folder)), str(folder), flush=False)


def leave(folder: Path) -> None:
    """Removes a training's place, if it has one."""
    for place in all_places():
        if place.folder == folder.resolve():
            file_of(place).unlink(missing_ok=True)


def set_state(folder: Path, state: str) -> None:
    """Marks a training as waiting, training or paused; without a place, it does nothing."""
    for place in all_places():
        if place.folder == folder.resolve():
            with suppress(FileNotFoundError):  # another process has renamed it meanwhile
                file_of(place).rename(file_of(place._replace(state=state)))


def take_turn(folder: Path) -> bool:
    """Marks a waiting training as training if its turn has come; returns whether it may train.

    A training without a place may always train: it is part of a race, or the queue cannot be written to.
    """
    if not may_train(folder):
        return False
    if queue_folder().is_dir():
        with FileLock(queue_folder() / LOCK):
            if not may_train(folder):  # another one was faster
                return False
            set_state(folder, "training")
    return True


def may_train(folder: Path) -> bool:
    """Whether a training has no place, has its turn, or is among the first of those that wait and there is room."""
    living, folder = places(), folder.resolve()
    states = {place.folder: place.state for place in living}
    free = max_trainings() - list(states.values()).count("training")
    first = [place.folder for place in living if place.state == "waiting"][: max(0, free)]
    return states.get(folder, "training") == "training" or folder in first


def file_of(place: Place) -> Path:
    return queue_folder() / f"{place.number:06d}-{place.state}"


def waits() -> dict[Path, Wait]:
    """Folder → position and expected wait, for every waiting training."""
    living = places()
    left = {place.folder: read_status(place.folder).seconds_left for place in living}
    expected = {folder: math.inf if seconds is None else seconds for folder, seconds in left.items()}
    free_after = [expected[place.folder] for place in living if place.state == "training"]
    free_after += [0.0] * (max_trainings() - len(free_after))
    heapq.heapify(free_after)
    waits_by_folder: dict[Path, Wait] = {}
    for place in living:
        if place.state == "waiting":
            begins = heapq.heappop(free_after)
            heapq.heappush(free_after, begins + expected[place.folder])
            waits_by_folder[place.folder] = Wait(len(waits_by_folder) + 1, None if math.isinf(begins) else begins)
    return waits_by_folder
