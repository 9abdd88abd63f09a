"""The controls of the single-step page: stepping forwards and backwards, playing them, and the live settings."""

import math

import streamlit as st

from facedemo.app.shared import url_state
from facedemo.explore.single_step import TrainingStepper
from facedemo.gans.settings import Tunable

MAX_STEPS = 200
PACE = 2.0  # seconds between steps while they play
FINE = "%.4g"


def start_again() -> None:
    st.session_state.pop("step_opened", None)
    st.session_state.step_steps = 1


def go(steps: int) -> None:
    st.session_state.step_steps = min(max(1, st.session_state.step_steps + steps), MAX_STEPS)
    if st.session_state.step_steps == MAX_STEPS:
        play(False)  # or Back would start it again


def stay(stepper: TrainingStepper) -> None:
    """Stays at the step that has been reached."""
    st.session_state.step_steps = max(1, len(stepper.steps))
    url_state.outdate_address("step")


def play(start: bool) -> None:
    st.session_state.step_playing = start


def plays() -> bool:
    return st.session_state.get("step_playing", False) and st.session_state.step_steps < MAX_STEPS


def go_on() -> None:
    """Takes the next step after a while if the steps play; the last thing on the page."""
    if plays():
        st.session_state.step_just_drawn = True
        st.fragment(tick, run_every=PACE)()


def tick() -> None:
    if not st.session_state.pop("step_just_drawn", False):  # the first call is part of the page's own run
        go(1)
        st.rerun()


def tunable_control(tunable: Tunable) -> float:
    key, hint = f"step_{tunable.name}", f"{tunable.help} Applied from the next step on. "
    bounds = f"From {tunable.minimum:g} to {tunable.maximum:g}."
    if (tunable.minimum, tunable.maximum) == (0.0, 1.0):
        return st.slider(
            tunable.title, 0.0, 1.0, step=0.01, key=key, persist_state="session", width=220, help=hint + bounds
        )
    step = 10.0 ** math.floor(math.log10(tunable.default)) if tunable.default else 0.1
    return st.number_input(
        tunable.title,
        tunable.minimum,
        tunable.maximum,
        step=step,
        format=FINE,
        key=key,
        persist_state="session",
        width=220,
        help=hint + bounds,
    )


def buttons() -> None:
    steps = st.session_state.step_steps
    last = steps >= MAX_STEPS
    playing = plays()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Pause" if playing else "Play",
            icon=":material/pause:" if playing else ":material/play_arrow:",
            on_click=play,
            args=(not playing,),
            disabled=last,
            key="step_play",
            help=f"Run an iteration about every {PACE:g} seconds, until you press Pause.",
        )
        hint = "Run one more training iteration."
        icon = ":material/skip_next:"
        st.button("Next step", type="primary", icon=icon, on_click=go, args=(1,), disabled=last, help=hint)
        hint = "Run ten more iterations and show the last one."
        st.button("Ten steps", icon=":material/fast_forward:", on_click=go, args=(10,), disabled=last, help=hint)
        st.button(
            "Back",
            icon=":material/undo:",
            on_click=go,
            args=(-1,),
            disabled=steps <= 1,
            help="Undo the last step exactly, down to every weight. After some clicks in a row, it takes longer, "
            "because all steps before are trained again.",
        )
        hint = "Reload the saved model and run its first step."
        st.button("Start again", icon=":material/restart_alt:", on_click=start_again, help=hint)
        st.toggle(
            "Present",
            key="step_present",
            help="For a projector: the pictures beside larger equations in two columns, with the curves below.",
        )
