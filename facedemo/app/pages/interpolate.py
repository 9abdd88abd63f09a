"""Interpolate: between two faces, in a loop through several, in a grid between four, or along latent directions."""

import streamlit as st

from facedemo.app.shared import model_picker, url_state
from facedemo.app.shared.copy_link import copy_link
from facedemo.app.shared.segments import segments
from facedemo.app.views.interpolate import edited_face, films, four_faces, sliders

MODES = {"two": "Two faces", "walk": "Walk", "four": "Four faces", "directions": "Directions"}
SHOWN = {
    "two": films.two_faces,
    "walk": films.walk,
    "four": four_faces.four_faces,
    "directions": sliders.direction_sliders,
}


def change_mode() -> None:
    films.rewind()
    url_state.outdate_address("interpolate")


st.title("Interpolate", anchor=False)

choices = model_picker.choices_or_stop("generate faces with")

settings = {
    "mode": url_state.one_of(MODES, default="two"),
    "model": url_state.one_of(choices, default=model_picker.preferred(choices)),
}
ignored = url_state.load_from_url(settings, page="interpolate")

with st.container(horizontal=True):
    mode = segments(
        "View",
        MODES,
        key="interpolate_mode",
        on_change=change_mode,
        hint="Two faces: a film from one to the other. Walk: a loop through several faces. Four faces: a grid "
        "interpolated between its four corners. Directions: edit one face with sliders.",
    )
    name = model_picker.control(
        choices,
        "interpolate",
        "Model to generate faces with: a bundled model, or one of your runs once it has saved weights.",
    )

try:
    SHOWN[mode](name, choices[name], settings, ignored)
except (ValueError, OSError) as error:
    model_picker.stop_unusable(error)

if mode == "directions" and edited_face.inverted_face(choices[name]):
    copy_link(
        "The link sets the same sliders for the face of a seed, because it cannot contain a face found on Inside."
    )
else:
    copy_link("The link shows the same faces.")
