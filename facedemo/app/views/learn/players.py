"""Lesson 2: two players."""

import streamlit as st

from facedemo.app import navigation
from facedemo.app.views.learn import live, recorded
from facedemo.app.views.learn.lesson import Lesson, Question

KEY = "learn_players"
RECORDED = "A training with the same settings. Both losses are means over the last iterations."


def draw_training(trainings: "live.Trainings") -> None:
    (training,) = trainings.values()
    st.caption(f"Iteration {live.progress(training)}")
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**What G generates**, always from the same 16 lists z")
        live.show_grid(training.samples(), f"16 generated faces at iteration {training.step}")
    with right:
        st.markdown("**What D sees, and how it redraws it**")
        for symbol, images in training.discriminator_view().items():
            live.show_row(images, symbol)
    with right:
        live.show_charts(training, KEY, ("losses",))


def show_players(_answered: bool) -> None:
    end = recorded.show_recording("players", KEY, RECORDED)
    live.play(KEY, {"": {}}, draw_training, recorded=end)


LESSON = Lesson(
    "players",
    "Two players",
    "Two networks train each other: the generator G draws faces, and the discriminator D judges them. Here, D is an "
    "auto-encoder: it squeezes every picture into a few numbers and redraws it from them, and L is how far the copy is "
    "from the original. D learns to redraw photographs well, and tries to redraw G's faces badly. G learns to draw "
    "faces that D redraws well. Once D has learned its trade, these are the ones that look like photographs.",
    Question(
        "After a minute of training, which pictures will D redraw better?",
        ["Photographs: it has practised on them", "G's faces: they are smoother", "Both equally well"],
        1,
        "For a short while, D manages to redraw G's faces worse. Then its error on them falls below that on "
        "photographs: they have fewer details, and what is smooth is easily redrawn, even by a D that tries not to. A "
        "balance keeps it that way: the error on G's faces, L(G(z)), is held at 0.8 times the error on photographs, "
        "L(x). Lesson 3 says how.",
    ),
    show_players,
    navigation.INSIDE,
    "See how a trained discriminator redraws a face",
    hidden=True,
)
