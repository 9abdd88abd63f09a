"""A slider that the app may move while it has the focus, or is being dragged."""

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st
from streamlit.components.v2 import component

HERE = Path(__file__).parent
SCRUBBER_CSS = (HERE / "scrubber.css").read_text("utf8")
WIDTH = 420  # pixels, or less on a phone

_component = component(
    "facedemo.scrubber",
    html="""<label class="row"><span class="label"></span> <span class="text" aria-hidden="true"></span>
    <input type="range" class="scrubber" min="0"></label>""",
    css=SCRUBBER_CSS + (HERE / "scrubber_row.css").read_text("utf8"),
    js=(HERE / "scrubber.js").read_text("utf8"),
)


def scrubber(
    label: str, texts: Sequence[str], place: int, on_choose: Callable[[int], None], hint: str, key: str
) -> None:
    """Shows the slider.

    texts: of its places, for the eye and for screen readers.  place: where it is, from 0.  hint: its tooltip.  If the
    visitor moves it, calls `on_choose` with its place before the page runs again.
    """

    def chosen() -> None:
        moved = st.session_state[key]["place"]
        if isinstance(moved, int) and 0 <= moved < len(texts):
            on_choose(moved)

    data = {"label": label, "texts": tuple(texts), "place": place, "hint": hint}  # not a list: see face_grid.py
    _component(data=data, key=key, on_place_change=chosen, width=WIDTH)
