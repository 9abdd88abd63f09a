"""Lesson 3: the balance."""

import streamlit as st

from facedemo.app import navigation
from facedemo.app.shared import url_state
from facedemo.app.views.learn import live, recorded
from facedemo.app.views.learn.lesson import Lesson, Question

KEY = "learn_balance"
RECORDED = "Four trainings, equal but for γ. All of them saw the same built-in faces."
SETTINGS = {"low": url_state.decimal(0.05, 1.0, 0.3), "high": url_state.decimal(0.05, 1.0, 0.9)}


def draw_trainings(trainings: "live.Trainings") -> None:
    for column, (label, training) in zip(st.columns(2, gap="large"), trainings.items(), strict=True):
        with column:
            st.markdown(f"**{label}**, iteration {training.step:,}")
            live.show_grid(training.samples(), f"16 generated faces. {label}, iteration {training.step}")
            live.show_charts(training, f"{KEY}_{label}", ("losses", "k"))


def show_balance(answered: bool) -> None:
    with st.container(horizontal=True):
        hint = "The goal of this training for L(G(z)) / L(x). A change starts both trainings again."
        low = st.slider("γ on the left", 0.05, 1.0, step=0.05, key="learn_low", help=hint, width=260)
        high = st.slider("γ on the right", 0.05, 1.0, step=0.05, key="learn_high", help=hint, width=260)
    if answered:
        own = st.container()  # filled last, because it imports torch
        end = recorded.show_recording("gamma", KEY, RECORDED, differences=True)
        with own:
            trainings: live.Settings = {f"Left, γ = {low:g}": {"gamma": low}, f"Right, γ = {high:g}": {"gamma": high}}
            live.play(KEY, trainings, draw_trainings, recorded=end)


LESSON = Lesson(
    "balance",
    "The balance",
    "If one player is much stronger, the other learns nothing. A single number, k_t, prevents that: it says how hard D "
    "tries to redraw G's faces badly, rises when D redraws them better than the goal asks, and falls when it redraws "
    "them worse. The goal of this balance is γ, the ratio of the two losses: L(G(z)) = γ · L(x). So γ decides how much "
    "of D's effort goes into telling G's faces from photographs, and how much into redrawing photographs in detail.",
    Question(
        "Two trainings, with γ = 0.3 and γ = 0.9. Which one draws smoother faces that look alike?",
        ["γ = 0.3", "γ = 0.9", "There is no difference"],
        0,
        "A low γ asks for generated faces that are very easy to redraw: smooth and alike. A high γ allows details and "
        "variety, and also mistakes. Press Play and compare; both need a minute or two.",
    ),
    show_balance,
    navigation.COMPARE,
    "Train several values of γ and compare them",
    SETTINGS,
)
