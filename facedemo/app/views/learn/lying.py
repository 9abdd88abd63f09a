"""Lesson 6: the number that lies."""

from pathlib import Path

import numpy as np
import streamlit as st

from facedemo.app import navigation
from facedemo.app.shared import model_picker
from facedemo.app.views.learn import live
from facedemo.app.views.learn.lesson import Lesson, Question
from facedemo.evaluation.detector import detect_chunk
from facedemo.evaluation.metrics import distinct_people
from facedemo.pretrained.seeds import face_seeds

FACES = 16
SCALES = {"0.05": 0.05, "0.3": 0.3, "0.6": 0.6, "1": 1.0, "1.5": 1.5}


@st.cache_data(max_entries=16, show_spinner="Generating and recognising faces…")
def evaluated(folder: str, version: str, scale: float) -> tuple[np.ndarray, int, int]:
    """FACES faces, how many of them are detected, and the number of different people on them."""
    images = model_picker.load(Path(folder), version).draw(face_seeds(0, FACES), scale)
    _, faces, embeddings = detect_chunk(images, "hog", embed=True)
    return images, int((faces > 0).sum()), distinct_people(embeddings[faces > 0])


def show(answered: bool) -> None:
    choices = model_picker.choices()
    if not choices:
        st.info("There is no model to generate faces with. Train one first.", title="No model yet")
        return
    name = model_picker.preferred(choices)
    scale = st.select_slider(
        "Length of z",
        list(SCALES),
        value="1",
        key="learn_lying_scale",
        help="Factor on the latents. Near 0, all latents are nearly equal, and so are the faces.",
        width=420,
    )
    images, detected, people = evaluated(str(choices[name]), model_picker.version(choices[name]), SCALES[scale])
    left, right = st.columns(2, gap="large")
    with left:
        live.show_grid(images, f"{FACES} faces with z multiplied by {scale}")
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
    "How good is a generator? The paper counts in how many of 1,000 pictures a program detects a face. That is easy to "
    "measure and easy to understand, and it can be perfect for a useless model. So this app counts the different "
    "people as well, and measures the Fréchet distance: how far the crowd of generated faces is from a crowd of real "
    "ones.",
    Question(
        "Multiply all latents by 0.05, so that all faces become nearly the same. What happens to the share of detected "
        "faces?",
        ["It falls to one face", "It falls a little", "It stays as high as it was, or rises"],
        2,
        "All latents are close to 0 now, so all faces are close to the average face: clear, smooth, and easily "
        "detected. And it is one person again and again. Move the slider, and watch both numbers.",
    ),
    show,
    navigation.VERIFY,
    "Judge a model by all numbers",
)
