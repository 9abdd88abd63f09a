"""A recording in a lesson: the faces of earlier trainings, at the number of images that the learner chooses."""

import streamlit as st

from facedemo.app.views.learn import live
from facedemo.explore import recorded


def show_recording(name: str, explanation: str, differences: bool = False) -> None:
    """name: of the recording.  explanation: what was trained.  differences: also say how much the faces differ."""
    recording = recorded.read(name)
    st.subheader("Recorded earlier", anchor=False)
    st.markdown(f"{explanation} All of them saw the same built-in faces. Move the slider to go through the trainings.")
    chosen = st.select_slider(
        "Images seen",
        recorded.IMAGES,
        value=recorded.IMAGES[-1],
        format_func=lambda images: f"{images:,}",
        key=f"learn_recorded_{name}",
        help="Training images that each model had seen when it drew these faces, always from the same latents z.",
    )
    moment = recorded.IMAGES.index(chosen)
    with st.grid(4, min_column_width=240):
        for label, faces in recording.faces.items():
            with st.container():
                st.markdown(f"**{label}**")
                live.show_grid(faces[moment], f"16 faces by {label} after {chosen:,} images")
                if differences:
                    st.caption(f"The faces differ by {recording.difference(label, moment):.0f} of 255 grey levels.")
