"""The grid of the Interpolate page, interpolated between the four faces in its corners."""

from pathlib import Path

import numpy as np
import streamlit as st

from facedemo.app.components.face_grid import face_grid
from facedemo.app.shared import cached_work, first_seeds, model_picker, url_state
from facedemo.app.shared.format import plain_file_name
from facedemo.app.views.interpolate import films
from facedemo.explore import interpolation
from facedemo.explore.interpolation import PathKind
from facedemo.imaging import film, pictures
from facedemo.pretrained.seeds import MAX_SEED
from facedemo.progress import Progress

CORNERS = {"a": "Upper left seed", "b": "Upper right seed", "c": "Lower left seed", "d": "Lower right seed"}
SIDE = 12  # faces per side, at most
LARGE = 512  # side of the large view, in pixels


def choose(face: int) -> None:
    st.session_state.interpolate_face = face


def first_face() -> None:
    choose(1)


def draw_corners() -> None:
    films.draw_seeds(*CORNERS)
    first_face()


def four_faces(name: str, folder: Path, settings: dict[str, url_state.QueryParam], ignored: list[str]) -> None:
    first = zip(CORNERS, first_seeds.CORNERS, strict=True)
    own = {corner: url_state.whole(0, MAX_SEED, default=seed) for corner, seed in first}
    own["path"] = url_state.one_of(films.PATHS, default="slerp")
    own["side"] = url_state.whole(2, SIDE, default=7)
    own["face"] = url_state.whole(1, SIDE**2, default=1)
    ignored += url_state.load_from_url(own, page="interpolate")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        seeds = [
            films.seed_input(label, corner, f"The face in this corner of the grid: {label.lower()}.", first_face)
            for corner, label in CORNERS.items()
        ]
        hint = "Choose four other faces, from random seeds."
        st.button("New faces", on_click=draw_corners, icon=":material/shuffle:", help=hint)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        path = films.path_input()
        side = st.slider(
            "Faces per side",
            2,
            SIDE,
            key="interpolate_side",
            persist_state="session",
            on_change=first_face,
            width=200,
            help=f"Number of faces per side: 2 shows only the four corners, {SIDE} shows {SIDE**2} faces.",
        )
    images = generated_grid(folder, seeds, side, path)
    if (face := st.session_state.interpolate_face) > len(images):
        ignored.append(f"`face={face}` (there are {len(images)})")
        first_face()
    if ignored:
        st.warning(f"Not used: {', '.join(ignored)}.", icon=":material/link_off:")
    url_state.write_to_url(settings | own, page="interpolate")
    show_grid(name, images, seeds, side, path)


def generated_grid(folder: Path, seeds: list[int], side: int, path: PathKind) -> np.ndarray:
    version = model_picker.version(folder)

    def draw(progress: Progress) -> np.ndarray:
        return interpolation.grid_of_seeds(model_picker.load(folder, version), seeds, side, path, progress)

    return cached_work.cached_with_progress("Generating faces", draw, folder, version, tuple(seeds), side, path)


def show_grid(name: str, images: np.ndarray, seeds: list[int], side: int, path: PathKind) -> None:
    """The grid as buttons, the chosen face enlarged, and the downloads."""
    face = st.session_state.interpolate_face
    facts = {"model": name, "seeds": ", ".join(map(str, seeds)), "path": path, "side": side, "software": "facedemo"}
    file_name = plain_file_name(f"{name}-{seeds[0]}-{seeds[3]}-square")
    labels = [f"row {index // side + 1}, column {index % side + 1}" for index in range(side**2)]
    alt = f"A grid of {side} by {side} faces between the seeds {facts['seeds']}."
    left, right = st.columns([3, 2], gap="large")
    with left:
        face_grid(
            images,
            (),
            selected=face,
            alt=f"{alt} Arrow keys move, Enter chooses.",
            on_choose=choose,
            key="interpolate_square",
            columns=side,
            narrow=side,
            labels=labels,
        )
    with right:
        large = film.enlarged(images[face - 1], LARGE)
        st.image(large, width="stretch", alt=f"The face in {labels[face - 1]}, enlarged")
        st.caption(f"The face in {labels[face - 1]}, enlarged.")
        with st.container(horizontal=True):
            films.download(
                "Grid (PNG)",
                lambda: pictures.png(pictures.grid(images, side), **facts),
                f"{file_name}.png",
                "image/png",
                "grid_on",
                "All faces in one image. Model and seeds are written into the file.",
            )
            films.download(
                "This face (PNG)",
                lambda: pictures.png(images[face - 1], **facts, face=face),
                f"{file_name}-face-{face}.png",
                "image/png",
                "image",
                "The face at its original size. Model, seeds and position are written into the file.",
            )
