"""Lesson 6: the number that lies."""

from pathlib import Path

import numpy as np
import streamlit as st

from facedemo.app import navigation
from facedemo.app.shared import cached_work, model_picker, url_state
from facedemo.app.views.learn import live
from facedemo.app.views.learn.lesson import Lesson, Question
from facedemo.evaluation.detector import DIMENSIONS, detect_chunk
from facedemo.evaluation.metrics import distinct_people
from facedemo.explore import spread
from facedemo.pretrained.seeds import face_seeds
from facedemo.progress import Progress

FACES = 16
SPREADS = {f"{value:g}": value for value in spread.SPREADS}
MEANINGS = {
    "Faces detected": "By `face_recognition`, as in the paper's Table 1.",
    "Different people": "Faces closer than 0.6 to each other count as the same person.",
    "Fréchet distance": "Lower is better. Between two sets of photographs, it is 0.016.",
}
SETTINGS = {"spread": url_state.one_of(SPREADS, default="1")}


def evaluated(folder: Path, chosen: float, progress: Progress) -> tuple[np.ndarray, int, int]:
    """FACES faces, how many of them are detected, and the number of different people on them.

    chosen: the spread; 1: random faces; towards 0, their latents approach that of the first one that is detected.
    """
    from facedemo.explore import interpolation  # imports torch, which the list of lessons need not wait for

    model, seeds = model_picker.load(folder, model_picker.version(folder)), face_seeds(0, FACES)
    images = model.draw(seeds)
    if chosen < 1:
        _, faces, _ = detect_chunk(images, "hog", embed=False)
        images = interpolation.faces_near(model, spread.first_detected(seeds, faces), seeds, chosen)
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
    chosen = chosen_spread() if answered else "1"  # the answer is not shown before the question
    folder = choices[name]
    try:
        images, detected, people = cached_work.cached_with_progress(
            "Recognising faces",
            lambda progress: evaluated(folder, SPREADS[chosen], progress),
            str(folder),
            model_picker.version(folder),
            chosen,
        )
    except cached_work.CancelledError:
        return
    left, right = st.columns(2, gap="large")
    with left:
        live.show_grid(images, f"{FACES} faces with a spread of {chosen}")
    with right:
        metric("Faces detected", f"{detected} of {FACES}")
        if answered:
            metric("Different people", f"{people} of {FACES}" if detected else "–")
    if answered:
        show_thousand(chosen)


def chosen_spread() -> str:
    return st.select_slider(
        "Spread of the latents",
        list(SPREADS),
        key="learn_spread",
        help="1: random latents z. The smaller, the closer all of them are to the latent of one face.",
        width=420,
    )


def metric(label: str, value: str) -> None:
    st.metric(label, value, help=MEANINGS[label], border=True)


def show_thousand(chosen: str) -> None:
    """The metrics of many faces, which were measured earlier."""
    alike = spread.read()[SPREADS[chosen]]
    st.header(f"The same with {spread.FACES:,} faces", anchor=False)
    st.markdown(
        f"Measured earlier with {spread.MODEL} and a spread of {chosen}. The Fréchet distance asks how far all faces "
        f"together are from photographs, so it notices both: faces that do not look real, and faces that do not differ."
    )
    with st.grid(3, min_column_width=200):
        metric("Faces detected", f"{alike.detected:,} of {spread.FACES:,}")
        metric("Different people", f"{alike.people:,} of {spread.FACES:,}")
        metric("Fréchet distance", f"{alike.distance:.3f}")


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
        "person again and again. Move the slider to 0.05, and watch the numbers.",
    ),
    show_detection,
    navigation.VERIFY,
    "Judge a model by all its metrics",
    SETTINGS,
)
