"""The controls of the single-step page: one step forth and back, and the live settings."""

import math

import streamlit as st

from facedemo.explore.single_step import TrainingStepper
from facedemo.gans.settings import Tunable

MAX_STEPS = 200
FINE = "%.4g"


def start_again() -> None:
    st.session_state.pop("step_stepper", None)
    st.session_state.step_steps = 1


def go(steps: int) -> None:
    st.session_state.step_steps = min(max(1, st.session_state.step_steps + steps), MAX_STEPS)


def tunable_control(tunable: "Tunable") -> float:
    key, about = f"step_{tunable.name}", f"{tunable.help} Applied from the next step on. "
    bounds = f"From {tunable.minimum:g} to {tunable.maximum:g}."
    if (tunable.minimum, tunable.maximum) == (0.0, 1.0):
        return st.slider(
            tunable.title, 0.0, 1.0, step=0.01, key=key, persist_state="session", width=220, help=about + bounds
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
        help=about + bounds,
    )


def buttons(stepper: "TrainingStepper") -> None:
    steps = st.session_state.step_steps
    last = steps >= MAX_STEPS
    with st.container(horizontal=True):
        about = "Run one more training iteration."
        icon = ":material/skip_next:"
        st.button("Next step", type="primary", icon=icon, on_click=go, args=(1,), disabled=last, help=about)
        about = "Run ten more iterations and show the last one."
        st.button("Ten steps", icon=":material/fast_forward:", on_click=go, args=(10,), disabled=last, help=about)
        st.button(
            "Back",
            icon=":material/undo:",
            on_click=go,
            args=(-1,),
            disabled=steps <= max(1, stepper.first_kept + 1),
            help="Undo the last step exactly, down to every weight. Only the last few steps can be undone.",
        )
        about = "Reload the saved model and run its first step."
        st.button("Start again", icon=":material/restart_alt:", on_click=start_again, help=about)
