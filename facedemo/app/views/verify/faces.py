"""The faces of an evaluation: those that were not detected, those that were, the people, and one of them closely."""

import re

import numpy as np
import streamlit as st

from facedemo.app import navigation
from facedemo.app.components.face_grid import face_grid
from facedemo.app.views.verify.request import Request
from facedemo.evaluation import annotate
from facedemo.evaluation.verify import Evidence
from facedemo.imaging import film, pictures
from facedemo.pretrained.seeds import face_seeds

SHOWN = {"undetected": "Not detected", "detected": "Detected", "people": "People"}
EMPTY = {
    "undetected": "A face was found in every image.",
    "detected": "No face was found in any image: there is nothing to mark.",
    "people": "No face was found in any image, so there is nobody to tell apart.",
}
ABOUT = {
    "undetected": "No face was found in these.",
    "detected": "Yellow: where a face was found. Turquoise: its landmarks, which are chin, brows, eyes, nose and lips.",
    "people": "One face of each person, and how many of the faces are this person's.",
}
PAGE = 48  # faces in the grid at a time
SMALL, LARGE = 128, 512  # pixels a side, at least
SAME, NEAREST = 6, 4  # faces of one person, training faces
FILES = {"undetected": "Not detected (PNG)", "detected": "Detected (PNG)", "people": "People (PNG)"}


def first_page() -> None:
    st.session_state.pop("verify_page", None)


def judged_faces(asked: Request, evidence: "Evidence") -> None:
    """The grid of the faces of one kind, and beside it the one that was chosen."""
    rows = {name: annotate.shown(evidence, name) for name in SHOWN}
    st.subheader("The faces", anchor=False)
    show = st.segmented_control(
        "Show",
        SHOWN,
        format_func=lambda name: f"{SHOWN[name]} ({len(rows[name]):,})",
        required=True,
        key="verify_show",
        persist_state="session",
        on_change=first_page,
        help="Not detected: no face was found. Detected: with what was found drawn on them. People: one face of each.",
    )
    left, right = st.columns([3, 2], gap="large")
    with left:
        row = grid(asked, evidence, show, rows[show])
        downloads(asked, evidence, rows)
    if row is not None:
        with right:
            closely(asked, evidence, row)


def grid(asked: Request, evidence: "Evidence", show: str, rows: list[int]) -> int | None:
    """A page of faces; returns the row of the one that is chosen, None where there are none."""
    if not rows:
        st.info(EMPTY[show])
        return None
    state, pages = st.session_state, -(-len(rows) // PAGE)
    if state.verify_face - 1 not in rows:
        state.verify_face = rows[0] + 1
    state.setdefault("verify_page", rows.index(state.verify_face - 1) // PAGE + 1)
    first = (min(state.verify_page, pages) - 1) * PAGE
    here = rows[first : first + PAGE]
    seeds = face_seeds(asked.seed, asked.count)

    def choose(number: int) -> None:
        state.verify_face = here[number - 1] + 1

    face_grid(
        marked(asked, show, here, evidence),
        [seeds[row] for row in here],
        selected=here.index(state.verify_face - 1) + 1 if state.verify_face - 1 in here else None,
        alt=f"{SHOWN[show]}: {len(rows):,} of {asked.count:,} images. Arrow keys move, Enter chooses.",
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
def marked(asked: Request, show: str, rows: list[int], _evidence: "Evidence") -> np.ndarray:
    return annotate.drawn(_evidence, show, rows, SMALL)


@st.cache_data(max_entries=16, show_spinner=False)
def closely_marked(asked: Request, row: int, _evidence: "Evidence") -> np.ndarray:
    return annotate.drawn(_evidence, "detected" if _evidence.judged.found[row] else "undetected", [row], LARGE)[0]


def closely(asked: Request, evidence: "Evidence", row: int) -> None:
    """One face: large and marked, its seed, whose it is, and what it may be a copy of."""
    seed, found = face_seeds(asked.seed, asked.count)[row], evidence.judged.found[row]
    words = "a face was found" if found else "no face was found"
    if not found and evidence.cnn is not None and evidence.cnn.found[row]:
        words += ", but the second detector finds one"
    alt = f"Face {row + 1} of {asked.count:,}, enlarged: {words}"
    st.image(closely_marked(asked, row, evidence), width="stretch", alt=alt)
    st.caption(f"Face {row + 1:,} of {asked.count:,}: {words}. Its seed:")
    st.code(seed, language=None)
    with st.container(horizontal=True):
        about = "Draws this face there, to look at, change or take away."
        if st.button("Open in Generate", icon=":material/grid_view:", help=about):
            link = {"model": asked.name, "seed": seed, "faces": 1, "scale": 1.0, "face": 1}
            st.switch_page(navigation.GENERATE, query_params=link)
    if found:
        same_person(evidence, row)
        nearest(asked, evidence, row)


def same_person(evidence: "Evidence", row: int) -> None:
    others = [int(other) for other in np.flatnonzero(evidence.who == evidence.who[row]) if other != row]
    if not others:
        st.caption("Nobody else among the faces is this person.")
        return
    many = "One more face is" if len(others) == 1 else f"{len(others):,} more faces are"
    st.caption(f"{many} this person's" + (f"; the first {SAME}:" if len(others) > SAME else ":"))
    with st.grid(SAME, min_column_width=40, wrap=False, gap="xsmall"):
        for other in others[:SAME]:
            alt = f"Face {other + 1}, the same person"
            st.image(film.enlarged(evidence.images[other], SMALL), width="stretch", alt=alt)


def nearest(asked: Request, evidence: "Evidence", row: int) -> None:
    """The training faces most like this one.  They are photographs of people: only this computer's user sees them."""
    if not asked.copies:
        return
    if not on_this_computer():
        st.caption("The nearest training faces are shown only in a browser on the computer that runs this app.")
        return
    found = evidence.nearest_training(row, NEAREST)
    st.caption("The nearest training faces, real photographs, and how far they are. Below 0.6 may be the same person.")
    with st.grid(NEAREST, min_column_width=80, wrap=False):
        for image, distance in found:
            with st.container(gap="xsmall"):
                st.image(film.enlarged(image, SMALL), width="stretch", alt=f"A training face, {distance:.2f} away")
                st.caption(f"{distance:.2f}")


def on_this_computer() -> bool:
    return st.context.ip_address is None and "X-Forwarded-For" not in st.context.headers


def downloads(asked: Request, evidence: "Evidence", rows: dict[str, list[int]]) -> None:
    facts = {"model": asked.name, "seed": asked.seed, "count": asked.count}
    with st.container(horizontal=True):
        for name, label in FILES.items():
            st.download_button(
                label,
                lambda name=name: annotate.sheet(evidence, name, **facts),
                re.sub(r"[^\w.-]+", "-", f"{asked.name}-{asked.seed}-{name}.png"),
                "image/png",
                on_click="ignore",
                disabled=not rows[name],
                icon=":material/download:",
                help=f"{SHOWN[name]}: up to {annotate.MOST} of them in one picture, with model and seed in the file.",
            )
