"""Cached long computations with a progress bar that shows the time left, and can be cancelled."""

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import StopException

from facedemo.app.shared.format import Pace
from facedemo.progress import Progress

SLOTS = 10  # kept results of each kind
PATIENCE = 0.15  # seconds before a bar appears, so that a click shows an effect within 0.3 s
LONG = 5.0  # seconds from which a computation can be cancelled
CANCELLED = "cancelled_work"  # key of the computation that this visitor cancelled
USING = threading.Lock()
Slots = dict[tuple[Any, ...], dict[str, Any]]
Result = TypeVar("Result")


class CancelledError(StopException):
    """Raised in place of a result if the visitor has cancelled its computation; uncaught, it ends the page there."""


@st.cache_resource(show_spinner=False)
def shared_slots(label: str) -> Slots:
    """The cache slots of one kind of computation, for all visitors: many films do not evict a model's losses."""
    return {}


def cache_slot(label: str, *what: Any) -> dict[str, Any]:
    """A cache slot for the result of `what`, empty at first, for all visitors."""
    return slot_in(shared_slots(label), what)


def private_slot(label: str, *what: Any) -> dict[str, Any]:
    """The same for what was computed from a visitor's photo: only this session has it, and it ends with the session."""
    return slot_in(st.session_state.setdefault("private_slots", {}).setdefault(label, {}), what)


def slot_in(slots: Slots, what: tuple[Any, ...]) -> dict[str, Any]:
    """The slot of `what`, which is then the most recently used; beyond SLOTS, the least recently used is evicted."""
    with USING:
        slots[what] = slot = slots.pop(what, {})
        while len(slots) > SLOTS:
            del slots[next(iter(slots))]
    return slot


def cached_with_progress(
    label: str,
    compute: Callable[[Progress], Result],
    *what: Hashable,
    slot_of: Callable[..., dict[str, Any]] = cache_slot,
) -> Result:
    """The cached result of `compute` for `what`; computes it under a progress bar if it is not cached.

    label: label of the bar, such as "Generating faces".  what: `compute` must depend on nothing else.  slot_of:
    `cache_slot` or `private_slot`.
    """
    slot = slot_of(label, *what)
    if "result" not in slot:
        with cancellable_progress(label, *what) as show:
            slot["result"] = compute(show)
    return slot["result"]


@contextmanager
def cancellable_progress(label: str, *what: Hashable) -> Iterator[Progress]:
    """A progress bar with a button that cancels a long computation, which is then not started again by itself.

    what: stands, with the label, for what is computed.  Raises CancelledError if this visitor has cancelled it.
    """
    work = (label, *what)
    if st.session_state.get(CANCELLED) == work:
        offer_again(label)
        raise CancelledError
    with progress_bar(label, partial(cancel, work), f"cancel_{hash(work)}") as show:
        yield show


def cancel(work: tuple[Hashable, ...] | None) -> None:
    st.session_state[CANCELLED] = work


def offer_again(label: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"{label}: cancelled.", width="content")
        hint = "Start the computation again."
        st.button("Start again", icon=":material/restart_alt:", on_click=cancel, args=(None,), help=hint)


@contextmanager
def progress_bar(label: str, on_cancel: Callable[[], None] | None = None, key: str = "") -> Iterator[Progress]:
    """A progress bar with the time left; it appears after PATIENCE and disappears at the end.

    on_cancel: called at a click on the button that cancels a long computation, which has no button without it.  key:
    of this button.
    """
    place, pace, offered = st.empty(), Pace(), False
    parts: list[DeltaGenerator] = []  # the bar and the button, once they are shown

    def show(done: int, total: int | None) -> None:
        nonlocal offered
        pace.reached(done, total)
        if pace.spent < PATIENCE or pace.left is None:
            return
        if not parts:
            with place.container(horizontal=True, vertical_alignment="center"):
                parts.extend((st.empty(), st.empty()))
        bar, button = parts
        bar.progress(pace.share, text=f"{label}: {pace}")
        if on_cancel and not offered and pace.spent + pace.left > LONG:
            offered = True
            hint = "End this computation."
            button.button("Cancel", icon=":material/close:", on_click=on_cancel, help=hint, key=key)

    yield show
    place.empty()
