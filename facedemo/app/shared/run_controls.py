"""Badges and buttons of runs, for every page that lists them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from facedemo.app import navigation
from facedemo.app.shared.format import duration
from facedemo.app.shared.markdown import escaped
from facedemo.app.shared.session import session
from facedemo.config.messages import error_message
from facedemo.runs import queue
from facedemo.runs.directory import Stored
from facedemo.runs.queue import Wait
from facedemo.runs.run import Run
from facedemo.storage.process_status import Status

Colour = Literal["blue", "gray", "green", "orange", "red"]
BADGES: dict[str, tuple[Colour, str]] = {
    "waiting": ("orange", ":material/hourglass_empty:"),
    "starting": ("blue", ":material/hourglass_top:"),
    "running": ("green", ":material/play_arrow:"),
    "paused": ("orange", ":material/pause:"),
    "stopped": ("gray", ":material/stop:"),
    "finished": ("blue", ":material/check:"),
    "failed": ("red", ":material/error:"),
    "crashed": ("red", ":material/error:"),
    "damaged": ("red", ":material/broken_image:"),
}
DAMAGED = (OSError, ValueError, KeyError, TypeError, AttributeError)  # raised when damaged files of a run are read


@dataclass
class Feedback:
    """The outcome of this session's latest actions on runs and races.

    problem: an error that has not been shown yet.  confirmation: shown until a run leaves `confirmed`, its id and its
    state at the time.  deleted: what was deleted last.
    """

    problem: str = ""
    confirmation: str = ""
    confirmed: tuple[str, str] = ("", "")
    deleted: Sequence[Stored] = ()


def show_problem() -> None:
    """Shows the error of the latest action, once."""
    feedback = session(Feedback)
    if feedback.problem:
        st.error(escaped(feedback.problem))
        feedback.problem = ""


def wait_text(folder: Path, status: Status, waits: Mapping[Path, Wait] | None = None) -> str:
    """The place of a run or race in the queue and its expected wait; "" if it does not wait.

    waits: as `queue.waits` says, if that is known.
    """
    if status.state != "waiting":
        return ""
    wait = (queue.waits() if waits is None else waits).get(folder.resolve())
    if wait is None:
        return status.message or "Waiting in the queue."
    position = f"Number {wait.position} in the queue"
    if wait.seconds is None:
        return f"{position}."
    return f"{position}; starts {f'in about {duration(wait.seconds)}' if wait.seconds >= 1 else 'in a moment'}."


def activity(folder: Path, status: Status, working: str) -> str:
    """What an active run or race does, in words.  working: such as "is training"."""
    if waiting := wait_text(folder, status):
        return f"waits. {waiting}"
    return "is paused." if status.state == "paused" else f"{working}."


def warn_if_training() -> None:
    """Warns before heavy work that it shares the cores with a training, if one is running on this computer."""
    if queue.is_training():
        st.caption("A training is running on this computer, so this takes longer and slows the training down.")


def badge(status: Status) -> None:
    colour, icon = BADGES.get(status.state, ("gray", None))
    st.badge(status.state, color=colour, icon=icon)


def ask(send: Callable[[], Any], confirmation: str = "", state: tuple[str, str] = ("", "")) -> None:
    """A callback that sends a command to a run; errors are shown, not raised.

    confirmation: shown until the run leaves `state`, which is its id and its current state.
    """
    feedback = session(Feedback)
    try:
        send()
        feedback.confirmation, feedback.confirmed = confirmation, state
    except DAMAGED as error:
        feedback.problem = error_message(error)


def generate_button(
    run: Run, key: str = "do_generate", icon: str | None = ":material/grid_view:", **options: Any
) -> None:
    hint = (
        "Generate faces with this run's newest weights." if run.has_model else "The run has not saved any weights yet."
    )
    if st.button("Generate", icon=icon, disabled=not run.has_model, help=hint, key=key, **options):
        st.switch_page(navigation.GENERATE, query_params={"model": f"run:{run.id}"})
