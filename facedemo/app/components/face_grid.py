"""A grid of faces as buttons: choose one with the mouse or with the arrow keys."""

import base64
import hashlib
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import streamlit as st
from streamlit.components.v2 import component

from facedemo.imaging import pictures

HERE = Path(__file__).parent

_component = component(
    "facedemo.face_grid",
    html='<style class="sprite"></style><div class="faces" role="group"></div>',
    css=(HERE / "face_grid.css").read_text("utf8"),
    js=(HERE / "face_grid.js").read_text("utf8"),
)


def face_grid(
    images: np.ndarray,
    seeds: Sequence[int],
    selected: int | None,
    alt: str,
    on_choose: Callable[[int], None],
    key: str,
    columns: int | None = None,
    narrow: int = 8,
    labels: Sequence[str] = (),
    private: bool = False,
) -> None:
    """Shows the grid; calls `on_choose` with the number of the face, from 1, before the page runs again.

    images: uint8 (n, size, size, 3), one per seed or label.  selected: the number of the highlighted face.  columns: by
    default, chosen for a roughly square grid; at most `narrow` on a phone.  labels: names of the faces, for faces
    without a seed.  private: keep no copy of them in the app's memory.
    """
    columns = columns or pictures.grid_columns(len(images))

    def chosen() -> None:
        number = st.session_state[key]["face"]
        if isinstance(number, int) and 1 <= number <= len(images):
            on_choose(number)

    data = {
        "alt": alt,
        "columns": columns,
        "narrow": min(columns, narrow),
        "labels": tuple(labels),
        "seeds": tuple(seeds),  # Streamlit would first treat a list as a table and import pandas, for two seconds
        "selected": selected,
        "sprite": (sprite_of if private else cached_sprite)(images, columns),
    }
    place = f"{key}_place"
    st.html(f"<style>{reserved(place, len(images), columns, data['narrow'])}</style>")
    with st.container(key=place):
        _component(data=data, key=key, on_face_change=chosen)


def reserved(place: str, faces: int, columns: int, narrow: int) -> str:
    """CSS that gives the grid its height before the browser has loaded its code, so that what is below stays in place.

    place: key of the container around it.  narrow: columns at the width that face_grid.css calls narrow.
    """
    wide, tall = (f"aspect-ratio: {across} / {math.ceil(faces / across)};" for across in (columns, narrow))
    place = f".st-key-{place}"
    return (
        f"{place} {{ container-type: inline-size; }} {place} > * {{ {wide} }} "
        f"@container (max-width: 480px) {{ {place} > * {{ {tall} }} }}"
    )


def digest(images: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(images).data).hexdigest()


# Streamlit's own hash only samples a large array.
@st.cache_data(max_entries=16, show_spinner=False, hash_funcs={np.ndarray: digest})
def cached_sprite(images: np.ndarray, columns: int) -> str:
    return sprite_of(images, columns)


def sprite_of(images: np.ndarray, columns: int) -> str:
    """All faces, edge to edge, as one PNG in a data URL."""
    return "data:image/png;base64," + base64.b64encode(pictures.png(pictures.grid(images, columns, padding=0))).decode()
