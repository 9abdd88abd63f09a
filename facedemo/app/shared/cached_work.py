"""Cached long computations with a progress bar that shows the time left."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import streamlit as st

from facedemo.app.shared.format import Pace

SLOTS = 10
PATIENCE = 0.5  # seconds before a bar appears
Progress = Callable[[int, int], None]  # called with the completed and the total amount
Result = TypeVar("Result")


@st.cache_resource(max_entries=SLOTS, show_spinner=False)
def cache_slot(*what: Any) -> dict[str, Any]:
    """A cache slot for the result of `what`, empty at first; the least recently used slot is evicted."""
    return {}


def private_slot(*what: Any) -> dict[str, Any]:
    """The same for what was computed from a visitor's photo: only this session has it, and it ends with the session."""
    slots = st.session_state.setdefault("private_slots", {})
    slots[what] = slots.pop(what, {})  # the most recently used one is the last
    while len(slots) > SLOTS:
        del slots[next(iter(slots))]
    return slots[what]


def cached_with_progress(
    label: str, compute: Callable[[Progress], Result], *what: Any, slot_of: Callable[..., dict[str, Any]] = cache_slot
) -> Result:
    """The cached result of `compute` for `what`; computes it under a progress bar if it is not cached.

    label: label of the bar, such as "Generating faces".  what: hashable by Streamlit; `compute` must depend on nothing
    else.  slot_of: `cache_slot` or `private_slot`.
    """
    slot = slot_of(label, *what)
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
