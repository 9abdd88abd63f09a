"""Lesson 8: is it copying?"""

from dataclasses import dataclass, field

import plotly.graph_objects as go
import streamlit as st

from facedemo.app import navigation
from facedemo.app.charts.training import COLOURS, style
from facedemo.app.shared import url_state
from facedemo.app.shared.plot import NO_BUTTONS, titled_plot
from facedemo.app.shared.session import session
from facedemo.app.views.learn import live, recorded
from facedemo.app.views.learn.lesson import Lesson, Question
from facedemo.explore import tiny_set
from facedemo.explore.tiny_set import FEW

KEY = "learn_copying"
SETTINGS = {"augment": url_state.decimal(0.1, 1.0, 0.5)}
RECORDED = (
    f"Two trainings on these {FEW} faces. The four generated faces are the first of the sixteen. The lines are "
    "D's loss. Without augmentation, it soon rises again on unseen images, while D learns the training images by heart."
)
EVERY = 20  # iterations between points
SHOWN = 4  # generated faces beside their nearest training images
EXPLANATION = (
    "L, the mean difference between an image and D's copy of it. A gap between the lines shows that D memorises its "
    "training images: it redraws them better than faces that it has never seen."
)


@dataclass
class Losses:
    """D's loss on training images and on images that it never sees, at some iterations."""

    steps: list[int] = field(default_factory=list)
    seen: list[float] = field(default_factory=list)
    unseen: list[float] = field(default_factory=list)


def measured(training: "live.LiveTraining", label: str) -> Losses:
    """The losses over the training so far."""
    losses = session(Losses, label)
    if losses.steps and losses.steps[-1] > training.step:  # it was started again
        losses.steps, losses.seen, losses.unseen = [], [], []
    if not losses.steps or training.step - losses.steps[-1] >= EVERY:
        losses.steps.append(training.step)
        losses.seen.append(training.loss_of(tiny_set.seen()))
        losses.unseen.append(training.loss_of(tiny_set.unseen()))
    return losses


def chart(losses: Losses) -> go.Figure:
    figure = go.Figure()
    lines = {"training images": losses.seen, "unseen images": losses.unseen}
    for colour, (name, values) in zip(COLOURS, lines.items(), strict=False):
        figure.add_scatter(x=losses.steps, y=values, name=name, line={"color": colour, "width": 2})
    style(figure, "Reconstruction loss", "L", rows=0, legend=True, logarithmic=False)
    return figure


def draw_trainings(trainings: "live.Trainings") -> None:
    few = tiny_set.seen()
    for column, (label, training) in zip(st.columns(2, gap="large"), trainings.items(), strict=True):
        with column:
            st.markdown(f"**{label}**, iteration {live.progress(training)}")
            samples = training.samples()
            live.show_grid(samples, f"16 faces generated {label.lower()}")
            st.caption("The first four of them, and the training image that is most like each:")
            live.show_row(samples[:SHOWN], "Generated")
            live.show_row(tiny_set.nearest(samples[:SHOWN], few), "Nearest training image")
            points = measured(training, label)
            of = f"training images and unseen images, {label.lower()}"
            titled_plot(chart(points), EXPLANATION, f"{KEY}_chart_{label}", NO_BUTTONS, of, height=260)


def show_copying(answered: bool) -> None:
    st.markdown(f"The {FEW} training images:")
    live.show_wide(tiny_set.seen(), f"{FEW} small faces")
    if answered:
        end = recorded.show_recording("copying", KEY, RECORDED, about_chart=EXPLANATION)
        hint = (
            "Share of the images whose colours are changed, that are shifted, and that are partly covered; 0.5 in the "
            "recording. A change starts both trainings again."
        )
        augment = st.slider("Augmentation", 0.1, 1.0, step=0.1, key="learn_augment", help=hint, width=260)
        trainings: live.Settings = {"Without augmentation": {}, "With augmentation": {"augment": augment}}
        live.play(KEY, trainings, draw_trainings, faces=FEW, recorded=end)


LESSON = Lesson(
    "copying",
    "Is it copying?",
    "A model that has learned what faces are like draws people whom it has never seen. A model that has memorised its "
    "training images knows nothing else. D shows this first: if it redraws its training images ever better, but "
    "gets worse on images that were held out, it memorises. With few images that happens soon; *augmentation*, "
    "which shows every image shifted, in other colours, or partly covered, delays it.",
    Question(
        f"D trains on {FEW} images only. What happens to its loss on {FEW} images that it never sees?",
        ["It falls as fast as on the training images", "It falls at first, and then stays higher", "It does not fall"],
        1,
        "At first D learns what all faces have in common, which helps with every face. Then it learns the details of "
        "these few, which helps with no other. Press Play, watch the gap between the lines, and compare the generated "
        "faces with their nearest training images.",
    ),
    show_copying,
    navigation.VERIFY,
    "Find the nearest training faces of a model's faces",
    SETTINGS,
)
