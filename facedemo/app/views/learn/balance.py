"""Lesson 3: the balance."""

import streamlit as st

from facedemo.app import navigation
from facedemo.app.shared import url_state
from facedemo.app.views.learn import live, recorded
from facedemo.app.views.learn.lesson import Lesson, Question

KEY = "learn_balance"
RECORDED = (
    "Four trainings that differ only in γ. All of them saw the same built-in faces. The lines are the losses; the goal "
    "is L(G(z)) = γ · L(x)."
)
SETTINGS = {"low": url_state.decimal(0.05, 1.0, 0.3), "high": url_state.decimal(0.05, 1.0, 0.9)}


def draw_trainings(trainings: "live.Trainings") -> None:
    for column, (label, training) in zip(st.columns(2, gap="large"), trainings.items(), strict=True):
        with column:
            st.markdown(f"**{label}**, iteration {live.progress(training)}")
            live.show_grid(training.samples(), f"16 generated faces. {label}, iteration {training.step}")
            live.show_charts(training, f"{KEY}_{label}", ("losses", "k"))


def show_balance(_answered: bool) -> None:
    end = recorded.show_recording("gamma", KEY, RECORDED, differences=True)
    with st.container(horizontal=True):
        hint = "The goal of this training for L(G(z)) / L(x). A change starts both trainings again."
        low = st.slider("γ on the left", 0.05, 1.0, step=0.05, key="learn_low", help=hint, width=260)
        high = st.slider("γ on the right", 0.05, 1.0, step=0.05, key="learn_high", help=hint, width=260)
    trainings: live.Settings = {f"Left, γ = {low:g}": {"gamma": low}, f"Right, γ = {high:g}": {"gamma": high}}
    live.play(KEY, trainings, draw_trainings, recorded=end)


LESSON = Lesson(
    "balance",
    "The balance",
    "If one player is much stronger, the other learns nothing. So the two are held in a balance: D's error on G's "
    "faces is meant to be a fixed share, γ, of its error on photographs, L(G(z)) = γ · L(x). The lower γ, the easier "
    "G's faces have to be to redraw. A second number, k_t, works like a thermostat for that goal: it says how hard D "
    "tries to redraw G's faces badly, rises when D redraws them better than the goal asks, and falls when D redraws "
    "them worse.",
    Question(
        "Two trainings, with γ = 0.3 and γ = 0.9. Which one draws smoother faces that look alike?",
        ["γ = 0.3", "γ = 0.9", "There is no difference"],
        0,
        "A low γ asks for generated faces that are very easy to redraw: smooth and alike. A high γ allows details and "
        "variety, and also mistakes. The recording shows it for four values; two of your own need some minutes.",
    ),
    show_balance,
    navigation.COMPARE,
    "Train several values of γ and compare them",
    SETTINGS,
    hidden=True,
    query={"mode": "sweep"},
)
