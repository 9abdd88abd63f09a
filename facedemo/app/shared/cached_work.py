"""Cached long computations with a progress bar that shows the time left."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import streamlit as st

from facedemo.app.shared.format import Pace

PATIENCE = 0.5  # seconds before a bar appears
Progress = Callable[[int, int], None]  # called with the completed and the total amount
Result = TypeVar("Result")


@st.cache_resource(max_entries=10, show_spinner=False)
def cache_slot(*what: Any) -> dict[str, Any]:
    """A cache slot for the result of `what`, empty at first; the least recently used slot is evicted."""
    return {}


def cached_with_progress(label: str, compute: Callable[[Progress], Result], *what: Any) -> Result:
    """The cached result of `compute` for `what`; computes it under a progress bar if it is not cached.

    label: label of the bar, such as "Generating faces".  what: hashable by Streamlit; `compute` must depend on nothing
    else.
    """
    slot = cache_slot(label, *what)
    if "result" not in slot:
        with progress_bar(label) as show:
            slot["result"] = compute(show)
    return slot["result"]


@contextmanager
def progress_bar(label: str) -> Iterator[Progress]:
    """A progress bar with the time left; it appears after PATIENCE and disappears at the end."""
    bar, pace = st.empty(), Pace()

    def show(done: int, total: int) -> None:
        pace.reached(done, total)
        if pace.spent > PATIENCE and pace.left is not None:
            bar.progress(done / total, text=f"{label}: {pace}")

    yield show
    bar.empty()
