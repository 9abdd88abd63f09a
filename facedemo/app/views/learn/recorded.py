"""A recording in a lesson: the faces of earlier trainings, played from the first images seen to the last."""

import streamlit as st

from facedemo.app.views.learn import live
from facedemo.explore import recorded

PACE = 1.5  # seconds from one picture to the next


def show_recording(name: str, explanation: str, differences: bool = False) -> None:
    """name: of the recording.  explanation: what was trained.  differences: also say how much the faces differ."""
    key = f"learn_recorded_{name}"
    st.subheader("Recorded earlier", anchor=False)
    st.markdown(f"{explanation} All of them saw the same built-in faces. Your own training above needs longer.")
    if key not in st.session_state:
        st.session_state[key] = recorded.IMAGES[0]
        play(key, start=True)
    playing = st.session_state[f"{key}_playing"]
    st.fragment(show_moment, run_every=PACE if playing else None)(name, key, differences, playing)


def show_moment(name: str, key: str, differences: bool, was_playing: bool) -> None:
    """The faces at one moment of the recording; the next one at each refresh while it plays."""
    if st.session_state[f"{key}_playing"] != was_playing:
        st.rerun()  # only a full rerun starts or stops the periodic refresh
    recording = recorded.read(name)
    if st.session_state[f"{key}_playing"] and st.session_state.get(f"{key}_drawn"):
        st.session_state[key] = following(st.session_state[key])
        if st.session_state[key] == recorded.IMAGES[-1]:
            play(key, start=False)
            st.rerun()
    st.session_state[f"{key}_drawn"] = True
    controls(key)
    moment = recorded.IMAGES.index(st.session_state[key])
    with st.grid(4, min_column_width=240):
        for label, faces in recording.faces.items():
            with st.container():
                st.markdown(f"**{label}**")
                live.show_grid(faces[moment], f"16 faces by {label} after {recorded.IMAGES[moment]:,} images")
                if differences:
                    st.caption(f"The faces differ by {recording.difference(label, moment):.0f} of 255 grey levels.")


def controls(key: str) -> None:
    """Play or pause, and the slider."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        playing = st.session_state[f"{key}_playing"]
        st.button(
            "Pause recording" if playing else "Play recording",
            icon=":material/pause:" if playing else ":material/play_arrow:",
            on_click=play,
            args=(key, not playing),
            help="Play the recording, from the start if it has ended.",
            key=f"{key}_play",
        )
        st.select_slider(
            "Images seen",
            recorded.IMAGES,
            format_func=lambda images: f"{images:,}",
            key=key,
            on_change=play,
            args=(key, False),
            width=420,
            help="Training images that each model had seen when it drew these faces, always from the same latents z.",
        )


def play(key: str, start: bool) -> None:
    st.session_state[f"{key}_playing"] = start
    st.session_state[f"{key}_drawn"] = False


def following(images: int) -> int:
    """The next moment of a recording, or the first one after the last."""
    return recorded.IMAGES[(recorded.IMAGES.index(images) + 1) % len(recorded.IMAGES)]
