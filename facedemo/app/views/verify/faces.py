"""The images of an evaluation: undetected, detected, one per person, and a close view of one of them."""

import numpy as np
import streamlit as st

from facedemo.app import navigation
from facedemo.app.components.face_grid import face_grid
from facedemo.app.shared import visitor
from facedemo.app.shared.format import plain_file_name
from facedemo.app.shared.segments import segments
from facedemo.app.views.verify.request import Request
from facedemo.evaluation import annotate
from facedemo.evaluation.verify import DetectedImages
from facedemo.imaging import film, pictures
from facedemo.pretrained.seeds import face_seeds

SHOWN = {"undetected": "Not detected", "detected": "Detected", "people": "People"}
EMPTY = {
    "undetected": "A face was detected in every image.",
    "detected": "No face was detected in any image, so there is nothing to mark.",
    "people": "No face was detected in any image, so no people can be told apart.",
}
ABOUT = {
    "undetected": "No face was detected in these images.",
    "detected": "Yellow: the box of the detected face. Turquoise: its landmarks, chin, brows, eyes, nose and lips.",
    "people": "One face of each person, with the number of faces that show this person.",
}
PAGE = 48  # faces in the grid at a time
SMALL, LARGE = 128, 512  # minimum sides in pixels
SAME, NEAREST = 6, 4  # faces of one person, training faces
FILES = {"undetected": "Not detected (PNG)", "detected": "Detected (PNG)", "people": "People (PNG)"}


def first_page() -> None:
    st.session_state.pop("verify_page", None)


def detected_faces(request: Request, detected: DetectedImages) -> None:
    """The grid of one kind of faces, and beside it the selected face."""
    rows = {name: annotate.sheet_rows(detected, name) for name in SHOWN}
    st.header("The faces", anchor=False)
    show = segments(
        "Show",
        SHOWN,
        format_func=lambda name: f"{SHOWN[name]} ({len(rows[name]):,})",
        key="verify_show",
        on_change=first_page,
        hint="Not detected: images without a detected face. Detected: images with the detection drawn on them. "
        "People: one face of each person.",
    )
    left, right = st.columns([3, 2], gap="large")
    with left:
        row = grid(request, detected, show, rows[show])
        downloads(request, detected, rows)
    if row is not None:
        with right:
            closely(request, detected, row)


def grid(request: Request, detected: DetectedImages, show: str, rows: list[int]) -> int | None:
    """A page of faces; returns the row of the selected face, None if there are none."""
    if not rows:
        st.info(EMPTY[show])
        return None
    state, pages = st.session_state, -(-len(rows) // PAGE)
    if state.verify_face - 1 not in rows:
        state.verify_face = rows[0] + 1
    state.setdefault("verify_page", rows.index(state.verify_face - 1) // PAGE + 1)
    first = (min(state.verify_page, pages) - 1) * PAGE
    here = rows[first : first + PAGE]
    seeds = face_seeds(request.evaluation.seed, request.evaluation.count)

    def choose(number: int) -> None:
        state.verify_face = here[number - 1] + 1

    face_grid(
        marked(request, show, here, detected),
        [seeds[row] for row in here],
        selected=here.index(state.verify_face - 1) + 1 if state.verify_face - 1 in here else None,
        alt=f"{SHOWN[show]}: {len(rows):,} of {request.evaluation.count:,} images. Arrow keys move, Enter chooses.",
        on_choose=choose,
        key=f"verify_grid_{show}",
        columns=min(8, max(4, pictures.grid_columns(len(here)))),
        narrow=4,
    )
    if pages > 1:
        st.pagination(pages, key="verify_page")
    st.caption(ABOUT[show])
    return state.verify_face - 1


@st.cache_data(max_entries=16, show_spinner="Marking faces…")
def marked(request: Request, show: str, rows: list[int], _detected: DetectedImages) -> np.ndarray:
    return annotate.annotated(_detected, show, rows, SMALL)


@st.cache_data(max_entries=16, show_spinner=False)
def closely_marked(request: Request, row: int, _detected: DetectedImages) -> np.ndarray:
    return annotate.annotated(_detected, "detected" if _detected.hog.detected[row] else "undetected", [row], LARGE)[0]


def closely(request: Request, detected: DetectedImages, row: int) -> None:
    """One face: enlarged and marked, its seed, other faces of the same person, and the nearest training faces."""
    seed, is_detected = face_seeds(request.evaluation.seed, request.evaluation.count)[row], detected.hog.detected[row]
    outcome = "a face was detected" if is_detected else "no face was detected"
    if not is_detected and detected.cnn is not None and detected.cnn.detected[row]:
        outcome += ", but the second detector detects one"
    alt = f"Face {row + 1} of {request.evaluation.count:,}, enlarged: {outcome}"
    st.image(closely_marked(request, row, detected), width="stretch", alt=alt)
    st.caption(f"Face {row + 1:,} of {request.evaluation.count:,}: {outcome}. Its seed:")
    st.code(seed, language=None)
    with st.container(horizontal=True):
        hint = "Open this face on the Generate page."
        if st.button("Open in Generate", icon=":material/grid_view:", help=hint):
            link = {"model": request.name, "seed": seed, "faces": 1, "scale": 1.0, "face": 1}
            st.switch_page(navigation.GENERATE, query_params=link)
    if is_detected:
        same_person(detected, row)
        nearest(request, detected, row)


def same_person(detected: DetectedImages, row: int) -> None:
    others = [int(other) for other in np.flatnonzero(detected.identity == detected.identity[row]) if other != row]
    if not others:
        st.caption("No other face matches this person.")
        return
    many = "One more face shows" if len(others) == 1 else f"{len(others):,} more faces show"
    st.caption(f"{many} this person" + (f"; the first {SAME}:" if len(others) > SAME else ":"))
    with st.grid(SAME, min_column_width=40, wrap=False, gap="xsmall"):
        for other in others[:SAME]:
            alt = f"Face {other + 1}, the same person"
            st.image(film.enlarged(detected.images[other], SMALL), width="stretch", alt=alt)


def nearest(request: Request, detected: DetectedImages, row: int) -> None:
    """The most similar training faces. They are photographs of real people, so not everybody sees them."""
    if not request.evaluation.copies:
        return
    if not visitor.may_see_photographs():
        st.caption(
            "The nearest training faces are photographs of real people. They are shown only in a browser on the "
            "computer that runs this app, or to a visitor who is signed in."
        )
        return
    neighbours = detected.nearest_training(row, NEAREST)
    st.caption(
        "The nearest training faces, which are real photographs, with their distances. A distance below 0.6 may be the "
        "same person."
    )
    with st.grid(NEAREST, min_column_width=80, wrap=False):
        for image, distance in neighbours:
            with st.container(gap="xsmall"):
                st.image(
                    film.enlarged(image, SMALL), width="stretch", alt=f"A training face at distance {distance:.2f}"
                )
                st.caption(f"{distance:.2f}")


def downloads(request: Request, detected: DetectedImages, rows: dict[str, list[int]]) -> None:
    facts = {"model": request.name, "seed": request.evaluation.seed, "count": request.evaluation.count}
    with st.container(horizontal=True):
        for name, label in FILES.items():
            st.download_button(
                label,
                lambda name=name: annotate.sheet(detected, name, **facts),
                plain_file_name(f"{request.name}-{request.evaluation.seed}-{name}.png"),
                "image/png",
                on_click="ignore",
                disabled=not rows[name],
                icon=":material/download:",
                help=f"{SHOWN[name]}: up to {annotate.MOST} faces in one image, with model and seed in the file.",
            )
