"""The films of the Interpolate page: from one face to another, and a loop through several."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from facedemo.app.components.film_player import film_player
from facedemo.app.shared import cached_work, first_seeds, model_picker, url_state
from facedemo.app.shared.format import plain_file_name
from facedemo.explore import interpolation
from facedemo.explore.interpolation import PathKind
from facedemo.imaging import film, pictures
from facedemo.pretrained.seeds import MAX_SEED, face_seeds
from facedemo.progress import Progress

STEPS, STOPS = 60, 12  # at most
PATHS: dict[PathKind, str] = {"slerp": "Slerp (along an arc)", "lerp": "Lerp (straight)"}
ABOUT_PATHS = (
    "How to interpolate between the latents z of two faces. Slerp rotates one into the other and keeps its length, "
    "which is nearly the same for all random latents: faces half-way are as sharp and as varied as the two ends. Lerp "
    "goes straight; half-way, z is shorter than in training, and the face is paler or more average. The paper's model "
    "was trained on latents between −1 and 1. Slerp leaves that range slightly half-way, lerp never does: if slerp "
    "distorts a face, try lerp."
)


@dataclass(frozen=True)
class Film:
    """The content and the settings of a film."""

    seeds: list[int]
    path: PathKind
    steps: int
    rate: int  # frames per second
    description: str  # for screen readers

    @property
    def closed(self) -> bool:
        """Whether the film loops seamlessly; a film of two faces plays forwards and backwards."""
        return len(self.seeds) > 2

    def facts(self, name: str) -> dict[str, Any]:
        """The metadata written into the film's files."""
        return {
            "model": name,
            "seeds": ", ".join(map(str, self.seeds)),
            "path": self.path,
            "steps": self.steps,
            "software": "facedemo",
        }


def rewind() -> None:
    hold(1)


def hold(frame: int) -> None:
    st.session_state.interpolate_frame = frame


def film_settings(steps: int) -> dict[str, url_state.QueryParam]:
    return {
        "path": url_state.one_of(PATHS, default="slerp"),
        "steps": url_state.whole(2, STEPS, default=steps),
        "rate": url_state.whole(1, 30, default=12),
        "frame": url_state.whole(1, STOPS * STEPS, default=1),
    }


def two_faces(name: str, folder: Path, settings: dict[str, url_state.QueryParam], ignored: list[str]) -> None:
    own = {
        "from": url_state.whole(0, MAX_SEED, default=first_seeds.FILM[0]),
        "to": url_state.whole(0, MAX_SEED, default=first_seeds.FILM[1]),
    }
    own |= film_settings(steps=24)
    ignored += url_state.load_from_url(own, page="interpolate")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        seeds = [
            seed_input("From seed", "from", "The first face of the film. The same seed gives the same face."),
            seed_input("To seed", "to", "The last face of the film."),
        ]
        hint = "Choose two other faces, from random seeds."
        st.button("New faces", on_click=draw_seeds, args=("from", "to"), icon=":material/shuffle:", help=hint)
    left, right = st.columns([3, 2], gap="large")
    with right:
        path, steps, rate = film_controls("Steps", "Number of frames from one face to the other.")
    description = f"A film from the face of seed {seeds[0]} to that of seed {seeds[1]}"
    reel = Film(seeds, path, steps, rate, description)
    with left:
        frames = player(folder, settings | own, ignored, reel)
    with right:
        downloads(name, frames, reel)


def walk(name: str, folder: Path, settings: dict[str, url_state.QueryParam], ignored: list[str]) -> None:
    own = {
        "seed": url_state.whole(0, MAX_SEED, default=first_seeds.FACE),
        "faces": url_state.whole(2, STOPS, default=6),
    }
    own |= film_settings(steps=24)
    ignored += url_state.load_from_url(own, page="interpolate")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        seed = seed_input("Seed", "seed", "The random seed of the walk's faces, as on the Generate page.")
        stops = st.number_input(
            "Faces",
            2,
            STOPS,
            key="interpolate_faces",
            persist_state="session",
            on_change=rewind,
            width=130,
            help=f"Number of faces in the loop, from 2 to {STOPS}.",
        )
        hint = "Start another walk from a random seed."
        st.button("New walk", on_click=draw_seeds, args=("seed",), icon=":material/shuffle:", help=hint)
    left, right = st.columns([3, 2], gap="large")
    with right:
        path, steps, rate = film_controls("Steps per face", "Number of frames from each face to the next.")
    description = f"A walk through {stops} faces from seed {seed}"
    reel = Film(face_seeds(seed, stops), path, steps, rate, description)
    with left:
        frames = player(folder, settings | own, ignored, reel)
    with right:
        downloads(name, frames, reel)


def seed_input(label: str, setting: str, hint: str, on_change: Callable[[], None] = rewind) -> int:
    return st.number_input(
        label,
        0,
        MAX_SEED,
        key=f"interpolate_{setting}",
        persist_state="session",
        on_change=on_change,
        width=180,
        help=f"{hint} From 0 to {MAX_SEED}.",
    )


def draw_seeds(*settings: str) -> None:
    for setting in settings:
        st.session_state[f"interpolate_{setting}"] = random.randint(0, MAX_SEED)
    rewind()


def path_input() -> PathKind:
    return st.selectbox(
        "Path",
        PATHS,
        format_func=PATHS.__getitem__,
        key="interpolate_path",
        persist_state="session",
        on_change=rewind,
        width=220,
        help=ABOUT_PATHS,
    )


def film_controls(steps_label: str, about_steps: str) -> tuple[PathKind, int, int]:
    """Path, steps and frames per second."""
    path = path_input()
    steps = st.slider(
        steps_label,
        2,
        STEPS,
        key="interpolate_steps",
        persist_state="session",
        on_change=rewind,
        help=f"{about_steps} From 2 to {STEPS}: more make a smoother and longer film.",
    )
    rate = st.slider(
        "Speed",
        1,
        30,
        key="interpolate_rate",
        persist_state="session",
        format="%d per second",
        help="Frames per second, here and in the files.",
    )
    return path, steps, rate


def frames_of(folder: Path, reel: Film) -> np.ndarray:
    """The film's frames, generated once: uint8 (n, size, size, 3)."""
    version = model_picker.version(folder)

    def draw(progress: Progress) -> np.ndarray:
        model = model_picker.load(folder, version)
        return interpolation.film_of_seeds(model, reel.seeds, reel.steps, reel.path, progress)

    return cached_work.cached_with_progress(
        "Generating faces", draw, folder, version, tuple(reel.seeds), reel.path, reel.steps
    )


def player(folder: Path, settings: dict[str, url_state.QueryParam], ignored: list[str], reel: Film) -> np.ndarray:
    """Shows the film and the ignored parts of its address; returns its frames."""
    frames = frames_of(folder, reel)
    if (frame := st.session_state.interpolate_frame) > len(frames):
        ignored.append(f"`frame={frame}` (there are {len(frames)})")
        rewind()
    if ignored:
        st.warning(f"Not used: {', '.join(ignored)}.", icon=":material/link_off:")
    url_state.write_to_url(settings, page="interpolate")
    frame = st.session_state.interpolate_frame
    film_player(frames, frame, reel.rate, reel.closed, reel.description, on_choose=hold, key="interpolate_film")
    return frames


def downloads(name: str, frames: np.ndarray, reel: Film) -> None:
    frame = st.session_state.interpolate_frame
    played = frames if reel.closed else film.there_and_back(frames)
    facts, file_name = reel.facts(name), plain_file_name(f"{name}-{reel.seeds[0]}-{reel.seeds[-1]}")
    seconds = len(played) / reel.rate
    how = "per loop" if reel.closed else "forwards and backwards"
    st.caption(
        f"{len(frames)} frames, {seconds:.1f} s {how}. Downloads play as shown; they contain the model and the seeds."
    )
    with st.container(horizontal=True):
        download(
            "Film (MP4)",
            lambda: film.mp4(played, reel.rate, **facts),
            f"{file_name}.mp4",
            "video/mp4",
            "movie",
            "A video at 256 pixels or more, for phones and presentations.",
        )
        download(
            "Film (GIF)",
            lambda: film.gif(played, reel.rate, **facts),
            f"{file_name}.gif",
            "image/gif",
            "gif_box",
            "An animated picture that loops, with 256 colours: larger and coarser than the video.",
        )
        download(
            "Strip (PNG)",
            lambda: pictures.png(film.strip(frames), **facts),
            f"{file_name}-strip.png",
            "image/png",
            "view_column",
            f"Up to {film.STRIP} of the frames side by side.",
        )
        download(
            f"Frame {frame} (PNG)",
            lambda: pictures.png(frames[frame - 1], **facts, frame=frame),
            f"{file_name}-frame-{frame}.png",
            "image/png",
            "image",
            "The frame at which you stopped the film, at its original size.",
        )


def download(label: str, data: Callable[[], bytes], file_name: str, mime: str, icon: str, hint: str) -> None:
    icon = f":material/{icon}:"
    st.download_button(label, data, file_name, mime, on_click="ignore", icon=icon, help=hint)
