"""How runs are shown and asked for things, on every page that lists them."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from facedemo.app import navigation
from facedemo.runs.run import Run
from facedemo.storage.process_status import Status

BADGES = {
    "starting": ("blue", ":material/hourglass_top:"),
    "running": ("green", ":material/play_arrow:"),
    "paused": ("orange", ":material/pause:"),
    "stopped": ("gray", ":material/stop:"),
    "finished": ("blue", ":material/check:"),
    "failed": ("red", ":material/error:"),
    "crashed": ("red", ":material/error:"),
    "damaged": ("red", ":material/broken_image:"),
}
CHART = {"displaylogo": False, "modeBarButtons": [["toImage", "resetScale2d"]]}  # more would cover a title on a phone
DAMAGED = (OSError, ValueError, KeyError, TypeError, AttributeError)  # what damaged files of a run raise when read


def badge(status: Status) -> None:
    colour, icon = BADGES.get(status.state, ("gray", None))
    st.badge(status.state, color=colour, icon=icon)


def ask(do: Callable[[], Any], words: str = "", state: tuple[str, str] = ("", "")) -> None:
    """A callback that asks something of a run; what goes wrong is shown, not raised.

    words: to show until the run has left `state`, its id and its state now.
    """
    try:
        do()
        st.session_state.run_asked = (words, state)
    except DAMAGED as error:
        st.session_state.run_problem = str(error)


def generate_button(run: Run, key: str = "do_generate", icon: str | None = ":material/grid_view:", **look: Any) -> None:
    about = "Draw faces with this run's newest weights." if run.has_model else "It has saved no weights yet."
    if st.button("Generate", icon=icon, disabled=not run.has_model, help=about, key=key, **look):
        st.switch_page(navigation.GENERATE, query_params={"model": f"run:{run.id}"})
