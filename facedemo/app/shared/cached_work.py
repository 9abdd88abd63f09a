"""Work that takes a while: done once, kept for the next visitor, with the time left on the screen meanwhile."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import streamlit as st

from facedemo.pretrained.sampling import Progress

PATIENCE = 0.5  # seconds before a bar appears
Result = TypeVar("Result")


@st.cache_resource(max_entries=10, show_spinner=False)
def kept(*what: Any) -> dict[str, Any]:
    """A place for the result of `what`, empty at first; the one least used makes room for a new one."""
    return {}


def once(words: str, do: Callable[[Progress], Result], *what: Any) -> Result:
    """What `do` returned when it was last asked for `what`, or else returns now, under a progress bar.

    words: for the bar, such as "Drawing faces".  what: hashable by Streamlit; `do` must depend on nothing else.
    """
    place = kept(words, *what)
    if "result" not in place:
        with progress_bar(words) as show:
            place["result"] = do(show)
    return place["result"]


@contextmanager
def progress_bar(words: str) -> Iterator[Progress]:
    """A bar with the time left, which appears when the work takes longer than PATIENCE, and goes when it is done."""
    bar, pace = st.empty(), Pace()

    def show(done: int, total: int) -> None:
        pace.reached(done, total)
        if pace.spent > PATIENCE and pace.left is not None:
            bar.progress(done / total, text=f"{words}: {pace}")

    yield show
    bar.empty()


class Pace:
    """How far work has come, and how long the rest takes at the speed so far."""

    def __init__(self) -> None:
        self.began: tuple[float, int] | None = None  # the first time, a model may have been loaded before
        self.done, self.total = 0, 0
        self.spent, self.left = 0.0, None

    def reached(self, done: int, total: int | None) -> None:
        now = time.monotonic()
        self.began = self.began or (now, done)
        self.done, self.total, self.spent = done, total or 0, now - self.began[0]
        fresh = done - self.began[1]
        self.left = self.spent / fresh * (self.total - done) if fresh and self.total else None

    @property
    def share(self) -> float:
        return min(1.0, self.done / self.total) if self.total else 0.0

    def __str__(self) -> str:
        of = f" of {self.total:,}" if self.total else ""
        return f"{self.done:,}{of}" + (f" · {duration(self.left)} left" if self.left is not None else "")


def duration(seconds: float) -> str:
    """ "45 s", "3 min 12 s", "2 h 5 min", "3 d 4 h"."""
    seconds = round(seconds)
    for large, small, unit in ((86400, 3600, ("d", "h")), (3600, 60, ("h", "min")), (60, 1, ("min", "s"))):
        if seconds >= large:
            return f"{seconds // large} {unit[0]} {seconds % large // small} {unit[1]}"
    return f"{seconds} s"
