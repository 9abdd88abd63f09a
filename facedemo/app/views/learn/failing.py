"""Lesson 5: when it fails."""

import streamlit as st

from facedemo.app import navigation
from facedemo.app.shared import url_state
from facedemo.app.views.learn import live, recorded
from facedemo.app.views.learn.lesson import Lesson, Question
from facedemo.explore import failures

KEY = "learn_failing"
FASTEST = 90
SETTINGS = {"rates": url_state.whole(2, FASTEST, 30)}
RECORDED = (
    "Three trainings, which are the same up to 7,200 images. From then on, one had five times the learning rates, and "
    "another the settings of “Make it collapse”. At 16,800 images, both went back to the initial settings: "
    "the collapse is mended, but the training that diverged does not recover: only an earlier state helps."
)


def steer(training: "live.LiveTraining", changes: dict[str, float]) -> None:
    """Changes settings; keeps the state before the first failure since the start, or since the training went back."""
    if changes is not failures.BEGINNING and training.saved is None:
        training.save()
    training.steer(**changes)
    live.set_playing(KEY, True)


def go_back(training: "live.LiveTraining") -> None:
    if training.saved is not None:  # a second click may have come before the button was disabled
        training.go_back()
    live.set_playing(KEY, True)


def live_settings(training: "live.LiveTraining") -> str:
    """The settings that the buttons change, as they are now."""
    value = training.settings
    return f"γ = {value['gamma']:g}, α = {value['alpha']:g}, both learning rates {value['learning_rate_g']:g}"


def ways() -> dict[str, tuple[str, dict[str, float]]]:
    """Button → its help, and the live settings that it changes."""
    factor = st.session_state.learn_rates
    faster = {name: factor * failures.BEGINNING[name] for name in ("learning_rate_g", "learning_rate_d")}
    alike = "Ask for faces that are very easy to redraw, and let faces of different latents be alike."
    return {
        "Make it diverge": (f"Multiply both learning rates by {factor}.", faster),
        "Make it collapse": (alike, failures.COLLAPSE),
        "Fix it": ("Go back to the initial settings.", failures.BEGINNING),
    }


def draw_training(trainings: "live.Trainings") -> None:
    (training,) = trainings.values()
    left, right = st.columns(2, gap="large")
    with left:
        st.caption(f"Iteration {live.progress(training)}. {live_settings(training)}")
        live.show_grid(training.samples(), f"16 generated faces at iteration {training.step}")
        if training.diverged:
            st.error(
                "A loss is huge, or no longer a number, and nothing can be learned from it. No setting mends this, "
                "only an earlier state: press Go back. A run on Train can go back to its last checkpoint by itself.",
                title="The training has diverged",
            )
    with right:
        live.show_charts(training, KEY, ("losses", "k"))


def show_failing(_answered: bool) -> None:
    end = recorded.show_recording("failing", KEY, RECORDED, differences=True)
    training = live.trainings(KEY, {"": {}})[""]
    hint = "“Make it diverge” multiplies both learning rates by this. From which factor on does it diverge?"
    st.slider("Learning rates times", 2, FASTEST, key="learn_rates", persist_state="session", help=hint, width=320)
    with st.container(horizontal=True):
        for label, (hint, changes) in ways().items():
            st.button(label, on_click=steer, args=(training, changes), help=hint, key=f"{KEY}_{label}")
        hint = "Go back to the networks and settings from before you made it fail."
        st.button(
            "Go back",
            on_click=go_back,
            args=(training,),
            help=hint,
            disabled=training.saved is None,
            key=f"{KEY}_go_back",
        )
    st.caption("Press Play, and wait until you see faces before you choose one of these.")
    live.play(KEY, {"": {}}, draw_training, recorded=end)


LESSON = Lesson(
    "failing",
    "When it fails",
    "Two players that learn from each other can also lead each other astray. If their steps are too long, the losses "
    "jump and the pictures dissolve: the training diverges. If G finds one face that D always redraws well, it may "
    "draw only that one: mode collapse. Both show on the charts and in the samples. Some failures can be fixed while "
    "the training goes on; for others, it has to go back to an earlier state.",
    Question(
        "Mode collapse: all faces become the same. What happens to L(G(z)), G's loss?",
        ["It rises, because the faces are bad", "It falls, although the faces are bad", "It becomes infinite"],
        1,
        "The loss only asks how well D redraws the faces, not whether they differ. So a low loss alone proves nothing: "
        "look at the samples. Watch the recording, then make a training of your own collapse, and fix it again. Then "
        "make it diverge, and go back.",
    ),
    show_failing,
    navigation.TRAIN,
    "Train a model and change its settings while it learns",
    SETTINGS,
    hidden=True,
)
