"""Lesson 6: the number that lies."""

from pathlib import Path

import numpy as np
import streamlit as st

from facedemo.app import navigation
from facedemo.app.shared import cached_work, model_picker, url_state
from facedemo.app.shared.cached_work import Progress
from facedemo.app.views.learn import live
from facedemo.app.views.learn.lesson import Lesson, Question
from facedemo.evaluation.detector import DIMENSIONS, detect_chunk
from facedemo.evaluation.metrics import distinct_people
from facedemo.pretrained.seeds import face_seeds

FACES = 16
SPREADS = {"0.05": 0.05, "0.25": 0.25, "0.5": 0.5, "0.75": 0.75, "1": 1.0}
SETTINGS = {"spread": url_state.one_of(SPREADS, default="1")}


def evaluated(folder: Path, spread: float, progress: Progress) -> tuple[np.ndarray, int, int]:
    """FACES faces, how many of them are detected, and the number of different people on them.

    spread: 1: random faces; towards 0, their latents approach that of the first random face that is detected.
    """
    from facedemo.explore import interpolation  # imports torch, which the list of lessons need not wait for

    model, seeds = model_picker.load(folder, model_picker.version(folder)), face_seeds(0, FACES)
    images = model.draw(seeds)
    if spread < 1:
        _, faces, _ = detect_chunk(images, "hog", embed=False)
        images = interpolation.faces_near(model, seeds[np.argmax(faces > 0)], seeds, spread)
    detected, embeddings = 0, list[np.ndarray]()
    for done, image in enumerate(images, 1):
        _, faces, embedding = detect_chunk(image[None], "hog", embed=True)
        detected += int(faces[0] > 0)
        embeddings += list(embedding[faces > 0])
        progress(done, FACES)
    return images, detected, distinct_people(np.reshape(embeddings, (-1, DIMENSIONS)))


def show_detection(answered: bool) -> None:
    choices = model_picker.choices()
    if not choices:
        st.info("There is no model to generate faces with. Train one first.", title="No model yet")
        return
    name = model_picker.preferred(choices)
    # the answer is not shown before the question
    spread = (
        "1"
        if not answered
        else st.select_slider(
            "Spread of the latents",
            list(SPREADS),
            key="learn_spread",
            help="1: random latents z. The smaller, the closer all of them are to the latent of one face.",
            width=420,
        )
    )
    folder = choices[name]
    try:
        images, detected, people = cached_work.cached_with_progress(
            "Recognising faces",
            lambda progress: evaluated(folder, SPREADS[spread], progress),
            str(folder),
            model_picker.version(folder),
            spread,
        )
    except cached_work.CancelledError:
        return
    left, right = st.columns(2, gap="large")
    with left:
        live.show_grid(images, f"{FACES} faces with a spread of {spread}")
    with right:
        st.metric(
            "Faces detected",
            f"{detected} of {FACES}",
            help="By `face_recognition`, as in the paper's Table 1.",
            border=True,
        )
        if answered:
            st.metric(
                "Different people",
                f"{people} of {FACES}",
                help="Faces closer than 0.6 to each other count as the same person.",
                border=True,
            )


LESSON = Lesson(
    "lying",
    "The number that lies",
    "How good is a generator? The paper behind this app counts in how many of 1,000 pictures a program detects a face. "
    "That is easy to measure and easy to understand, and it can be perfect for a useless model. So this app counts the "
    "different people as well. The page Verify also measures how much all generated faces together differ from real "
    "ones: their Fréchet distance.",
    Question(
        "Now the lists z of all faces become nearly equal, so that all faces are nearly the same. In how many of the "
        f"{FACES} pictures is a face detected?",
        ["In one", "In fewer than before", "In as many as before, or more"],
        2,
        "The face that all of them resemble now is one that the detector finds, so it finds all of them. And it is one "
        "person again and again. Move the slider to 0.05, and watch both numbers.",
    ),
    show_detection,
    navigation.VERIFY,
    "Judge a model by all its metrics",
    SETTINGS,
)
