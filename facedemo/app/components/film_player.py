"""A film of faces that plays in the browser: play and pause, a scrubber, and a strip of some of its frames."""

import base64
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import streamlit as st
from streamlit.components.v2 import component

from facedemo.app.components.face_grid import digest
from facedemo.app.components.scrubber import SCRUBBER_CSS
from facedemo.imaging import film, pictures

HERE = Path(__file__).parent

_component = component(
    "facedemo.film_player",
    html="""<div class="film">
    <canvas class="screen" width="512" height="512" role="img"></canvas>
    <div class="controls"><button type="button" class="play"></button>
    <input type="range" class="scrubber" min="1" aria-label="Frame"><span class="count" aria-hidden="true"></span></div>
    <div class="strip" role="group" aria-label="Film strip"></div></div>""",
    css=SCRUBBER_CSS + (HERE / "film_player.css").read_text("utf8"),
    js=(HERE / "film_player.js").read_text("utf8"),
)


def film_player(
    frames: np.ndarray, frame: int, rate: int, closed: bool, alt: str, on_choose: Callable[[int], None], key: str
) -> None:
    """Shows the film, which plays unless `frame` is not the first one.

    frames: uint8 (n, size, size, 3).  frame: the current frame, from 1.  rate: frames per second.  closed: it loops
    seamlessly; otherwise it plays forwards and backwards. Calls `on_choose` with the frame at which it was stopped,
    before the page runs again.
    """

    def chosen() -> None:
        number = st.session_state[key]["frame"]
        if isinstance(number, int) and 1 <= number <= len(frames):
            on_choose(number)

    data = {
        "alt": alt,
        "closed": closed,
        "columns": pictures.grid_columns(len(frames)),
        "frame": frame,
        "frames": len(frames),
        "places": tuple(film.strip_places(len(frames))),  # not a list: see face_grid.py
        "rate": rate,
        "sprite": sprite(frames),
    }
    _component(data=data, key=key, on_frame_change=chosen)


@st.cache_data(max_entries=16, show_spinner=False, hash_funcs={np.ndarray: digest})
def sprite(frames: np.ndarray) -> str:
    """All frames, edge to edge, as one WebP in a data URL: a film would be megabytes of PNG."""
    file = io.BytesIO()
    pictures.grid(frames, padding=0).save(file, "WEBP", quality=92)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()
