"""Lesson 1: numbers become a face."""

from pathlib import Path

import numpy as np
import streamlit as st

from facedemo.app import navigation
from facedemo.app.components.face_grid import face_grid
from facedemo.app.shared import first_seeds, model_picker, url_state
from facedemo.app.views.learn.lesson import Lesson, Question
from facedemo.imaging import film

FAR = 3.0  # how far the sliders go, in standard deviations of z
PLACES = 7  # faces per side of the map
X, Y = "learn_x", "learn_y"
SETTINGS = {"x": url_state.decimal(-FAR, FAR, 0.0), "y": url_state.decimal(-FAR, FAR, 0.0)}
LARGE = 320  # pixels


@st.cache_data(max_entries=64, show_spinner="Generating faces…")
def faces_at(folder: str, version: str, places: list[tuple[float, float]], opposite: bool = False) -> np.ndarray:
    """Faces at places of a plane in the latent space, uint8 (n, s, s, 3), around the face of z or, opposite, of −z."""
    from facedemo.explore import plane  # imports torch, which the list of lessons need not wait for

    model = model_picker.load(Path(folder), version)
    return plane.faces(model, places, first_seeds.LESSON, opposite)


def choose(index: int) -> None:
    row, column = divmod(index - 1, PLACES)
    steps = np.linspace(-FAR, FAR, PLACES)
    st.session_state[X], st.session_state[Y] = float(steps[column]), float(steps[PLACES - 1 - row])


def show_plane(answered: bool) -> None:
    choices = model_picker.choices()
    if not choices:
        st.info("There is no model to generate faces with. Train one first.", title="No model yet")
        return
    name = model_picker.preferred(choices)
    folder, version = str(choices[name]), model_picker.version(choices[name])
    steps = np.linspace(-FAR, FAR, PLACES)
    places = [(float(x), float(y)) for y in steps[::-1] for x in steps]
    left, right = st.columns(2, gap="large")
    with left:
        hint = "Move z along this direction, in standard deviations: most random lists lie between −2 and 2."
        x = st.slider("First direction", -FAR, FAR, step=0.1, key=X, help=hint)
        y = st.slider("Second direction", -FAR, FAR, step=0.1, key=Y, help=hint)
        (face,) = faces_at(folder, version, [(x, y)])
        st.image(film.enlarged(face, LARGE), width=LARGE, alt=f"The face at {x:g}, {y:g}")
        st.caption(f"z has moved by {x:g} and {y:g}; along all other directions, it is unchanged.")
    with right:
        nearest = 1 + (PLACES - 1 - round((y + FAR) / (2 * FAR) * (PLACES - 1))) * PLACES
        nearest += round((x + FAR) / (2 * FAR) * (PLACES - 1))
        face_grid(
            faces_at(folder, version, places),
            (),
            selected=nearest,
            alt=f"Map of {PLACES} by {PLACES} faces: the sliders' plane. Arrow keys move, Enter chooses.",
            on_choose=choose,
            key="learn_numbers_map",
            columns=PLACES,
            narrow=PLACES,
            labels=[f"{x:g}, {y:g}" for x, y in places],
        )
        st.caption(
            "The two directions as a map: the first from left to right, the second from bottom to top. Choose a face, "
            "and the sliders go there."
        )
    if answered:
        with st.container(horizontal=True):
            for symbol, opposite in (("z", False), ("−z", True)):
                (face,) = faces_at(folder, version, [(0.0, 0.0)], opposite)
                with st.container(width=LARGE // 2, gap="xsmall"):
                    st.image(film.enlarged(face, LARGE), width=LARGE // 2, alt=f"The face of {symbol}")
                    st.caption(f"The face of {symbol}" + (", where the sliders begin." if not opposite else "."))


LESSON = Lesson(
    "numbers",
    "Numbers become a face",
    "A generator turns a list of random numbers, called z, into a picture. The same numbers always give the same face, "
    "and similar numbers give similar faces. So every list z is like a place on a map, the *latent space*; the two "
    "sliders walk on it in the two directions in which the faces change most. Nobody told the generator what these "
    "directions mean: it found them while it learned.",
    Question(
        "The sliders change z a little. Now all the numbers in z change their sign. What does the generator draw?",
        ["The same face in inverted colours", "The same face, mirrored", "Somebody else"],
        2,
        "−z is as likely a list of random numbers as z. But it lies far away, on the other side of the latent space, "
        "and only places near each other have similar faces: so it is somebody else.",
    ),
    show_plane,
    navigation.INTERPOLATE,
    "Turn one face into another",
    SETTINGS,
)
