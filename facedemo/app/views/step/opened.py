"""What visitors have open on One step, and how much memory all of them use for it."""

import threading
import weakref
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import streamlit as st

from facedemo.app.shared import model_picker
from facedemo.explore.single_step import TrainingStepper
from facedemo.training import dataset
from facedemo.training.dataset import Examples

MEMORY_SHARE = 1 / 4  # of the machine's memory, for the weights and optimisers of all visitors' own steppers


@dataclass(eq=False)
class Opened:
    """What this visitor has open.

    own: whether the stepper is their own and not the one that all share.  lock: held while the stepper is changed,
    because after a click the next run of the page begins before the last one has noticed that it is over.  bytes: of
    memory, for the weights and optimisers of their own.
    """

    name: str
    stepper: TrainingStepper
    examples: Examples
    own: bool = False
    bytes: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def to_change(self) -> TrainingStepper:
        """This visitor's own stepper, forked from the shared one if necessary."""
        if not self.own:
            self.stepper, self.own = self.stepper.fork(), True
        return self.stepper


def first_step(folder: Path, version: str, photographs: bool) -> tuple[TrainingStepper, Examples]:
    """A model after its first step, and the images that it sees."""
    examples = dataset.for_model(model_picker.load(folder, version).config, photographs)
    stepper = TrainingStepper(folder, examples.images, examples.caption)
    stepper.forward()
    return stepper, examples


@st.cache_resource(max_entries=8, show_spinner=False)
def shared_first_step(folder: Path, version: str, photographs: bool) -> tuple[TrainingStepper, Examples]:
    """The same of a bundled model, for all visitors: it must not be changed, only forked.

    It rests: a visitor's own steps begin with the first one, taken again.
    """
    stepper, examples = first_step(folder, version, photographs)
    stepper.rest()
    return stepper, examples


@dataclass
class RecentlyUsed:
    """What visitors have open with a stepper of their own, the most recently used last."""

    opened: list[weakref.ref[Opened]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def use(self, opened: Opened) -> list[Opened]:
        """Makes one the most recently used; returns all in their order."""
        with self.lock:
            others = [other for reference in self.opened if (other := reference()) and other is not opened]
            self.opened = [weakref.ref(one) for one in (*others, opened)]
        return [*others, opened]


@st.cache_resource(show_spinner=False)
def recently_used() -> RecentlyUsed:
    return RecentlyUsed()


def use(opened: Opened) -> None:
    """Lets the least recently used steppers of other visitors rest if all together need too much memory.

    To be called with the lock of what is open.
    """
    opened.bytes = opened.stepper.bytes
    left = psutil.virtual_memory().total * MEMORY_SHARE
    for other in reversed(recently_used().use(opened)):
        left -= other.bytes
        if left < 0 and other is not opened and other.lock.acquire(blocking=False):
            try:
                other.stepper.rest()
                other.bytes = 0
            finally:
                other.lock.release()
