"""Trainings of a lesson that run while the page is open: play, pause, start again."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st
from PIL import Image

from facedemo.app.charts import training as charts
from facedemo.app.shared.plot import NO_BUTTONS, titled_plot
from facedemo.app.shared.run_controls import warn_if_training
from facedemo.app.shared.session import session
from facedemo.data.builtin import builtin_faces
from facedemo.imaging import film, pictures

if TYPE_CHECKING:
    from facedemo.explore.live_training import LiveTraining  # for types only, because it imports torch

    Trainings = dict[str, LiveTraining]  # by label

SLICE = 0.4  # seconds of training between two pictures
PAUSE = 0.6  # seconds from one picture to the next
ENOUGH = 4000  # iterations after which a training pauses by itself
SIDE = 320  # pixels
SIZE = 32  # of the small trainings' images
SYMBOLS = {
    "x": "photographs",
    "D(x)": "D's copies of them",
    "G(z)": "G's faces",
    "D(G(z))": "D's copies of G's faces",
}


Settings = dict[str, dict[str, float | str | int]]  # label → settings of a training


@dataclass
class Running:
    """A visitor's trainings of a lesson.

    settings: with which they began.  trainings: by label.  playing: whether they train while the page is open.
    """

    settings: Settings = field(default_factory=dict)
    trainings: "Trainings" = field(default_factory=dict)
    playing: bool = False


def trainings(key: str, settings: Settings, faces: int | None = None) -> "Trainings":
    """This visitor's trainings of a lesson by label, new ones if the settings have changed.

    faces: built-in faces to train on; all by default.
    """
    lesson = session(Running, key)
    if not lesson.trainings or lesson.settings != settings:
        with st.spinner("Loading…", show_time=False):
            from facedemo.explore.live_training import LiveTraining  # imports torch, which the list need not wait for

            images = builtin_faces(SIZE).images[:faces]
            lesson.trainings = {label: LiveTraining(images, **chosen) for label, chosen in settings.items()}
        lesson.settings = settings
    return lesson.trainings


def images_seen(key: str) -> int:
    """The real images that each of this visitor's trainings of a lesson has seen, at least; 0 before the first one."""
    return min((training.images_seen for training in session(Running, key).trainings.values()), default=0)


def diverged(key: str) -> bool:
    """Whether one of this visitor's trainings of a lesson has diverged, and so sees no more images."""
    return any(training.diverged for training in session(Running, key).trainings.values())


def start_again(key: str) -> None:
    session(Running, key).trainings = {}
    set_playing(key, False)


def set_playing(key: str, playing: bool) -> None:
    session(Running, key).playing = playing


def controls(key: str) -> bool:
    """Buttons to play, pause and start again; returns whether the trainings run."""
    playing = session(Running, key).playing
    with st.container(horizontal=True):
        label, icon = ("Pause", ":material/pause:") if playing else ("Play", ":material/play_arrow:")
        hint = "Train on this computer while this page is open; the pictures follow."
        st.button(
            label,
            type="primary",
            icon=icon,
            on_click=set_playing,
            args=(key, not playing),
            help=hint,
            key=f"{key}_play",
        )
        hint = "Start again from random weights."
        st.button(
            "Start again",
            icon=":material/restart_alt:",
            on_click=start_again,
            args=(key,),
            help=hint,
            key=f"{key}_new",
        )
    return playing


def play(
    key: str,
    settings: Settings,
    draw: "Callable[[Trainings], None]",
    faces: int | None = None,
    recorded: int | None = None,
) -> None:
    """The controls, and `draw` again and again while the trainings run; settings and faces as for `trainings`.

    recorded: images seen at the end of the lesson's recording, which changes once these trainings have caught up.
    """
    warn_if_training()
    playing = controls(key)
    caught_up = recorded is not None and images_seen(key) >= recorded

    def refreshed() -> None:
        running = trainings(key, settings, faces)
        lesson = session(Running, key)
        if lesson.playing:
            for training in running.values():
                training.train(SLICE / len(running))
        draw(running)
        over = all(training.diverged or training.step >= ENOUGH for training in running.values())
        if over and lesson.playing:
            lesson.playing = False
            st.rerun()
        if recorded is not None and (images_seen(key) >= recorded) != caught_up:
            st.rerun()

    st.fragment(refreshed, run_every=PAUSE if playing else None)()
    st.caption("The photographs x are stand-ins here: built-in faces, which a bundled model generated.")


def progress(training: "LiveTraining") -> str:
    """How far a training is, to follow the word “iteration”."""
    return f"{training.step:,}, {training.images_seen:,} images seen"


def show_grid(images: np.ndarray, alt: str) -> None:
    """Small faces, enlarged."""
    st.image(film.enlarged(np.asarray(pictures.grid(images)), SIDE), width=SIDE, alt=alt)


def show_wide(images: np.ndarray, alt: str) -> None:
    """Many small faces in two rows."""
    st.image(np.asarray(pictures.grid(images, columns=len(images) // 2)), width=2 * SIDE, alt=alt)


def show_row(images: np.ndarray, name: str) -> None:
    """A row of small pictures, enlarged, with its name below; a symbol is explained."""
    description = f"{name}: {SYMBOLS[name]}" if name in SYMBOLS else name
    st.image(enlarged_row(images), width=SIDE, alt=description)
    st.caption(description)


def enlarged_row(images: np.ndarray) -> Image.Image:
    return film.enlarged(np.asarray(pictures.grid(images, columns=len(images))), SIDE)


def show_charts(training: "LiveTraining", key: str, only: tuple[str, ...]) -> None:
    """Charts of a training, as on the Train page, of the columns in `only`."""
    if len(training.metrics["step"]) < 2:
        return
    figures = charts.figures(training.metrics, training.family.metrics)
    for name in only:
        if name in figures:
            hint = training.config.model.metric_help.get(name)
            titled_plot(figures[name], hint, f"{key}_{name}", NO_BUTTONS, height=230)
