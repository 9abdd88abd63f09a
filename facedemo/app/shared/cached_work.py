"""Work that takes a while: done once, kept for the next visitor, with the time left on the screen meanwhile."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import streamlit as st

from facedemo.app.shared.format import Pace

PATIENCE = 0.5  # seconds before a bar appears
Progress = Callable[[int, int], None]  # called with what is done and what there is in all
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
