"""The user's own images on the Train page, as the networks see them, before a run trains on them."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import streamlit as st

from facedemo.app.shared import background, image_source, training_images, visitor
from facedemo.app.shared.background import Job
from facedemo.app.shared.image_check import scanned
from facedemo.app.shared.markdown import escaped
from facedemo.app.shared.run_controls import warn_if_training
from facedemo.app.shared.session import session
from facedemo.config.presets import PRESETS, fitting_preset
from facedemo.data.cache import Faces
from facedemo.data.cropping import Crop
from facedemo.data.findings import GRID_COLUMNS, Findings, examine
from facedemo.data.preparation import prepare
from facedemo.imaging import pictures

AT_ONCE = 5000  # images; more are prepared only when asked for, and so are photos in which faces must be found
PAIRS = 4  # near-copies that are shown
CELL = 64  # pixels of an image in the browser; fewer on a phone
PATIENCE = 0.5  # seconds before a progress bar takes the place of a spinner


class ImageRequest(NamedTuple):
    source: str
    size: int
    crop: Crop
    count: int | None  # images that were found, so that a folder is prepared again if there are more


@dataclass
class Preview:
    """The images that are being prepared, or were, and the job that does it."""

    request: ImageRequest | None = None
    job: Job | None = None


def requested(source: str, size: int, crop: Crop) -> ImageRequest:
    return ImageRequest(source, size, crop, scanned(source, crop).count)


def count_of(request: ImageRequest) -> int | None:
    """The number of images, of which some may turn out to be unusable; None if it is not known, or too few."""
    job = job_for(request)
    if job is not None and job.state in ("done", "failed"):
        return job.result[1].count if job.state == "done" else None
    return request.count if request.crop != "face" else None


def show_preview(request: ImageRequest) -> None:
    """Prepares the images in the background, then shows what they look like."""
    size, job = request.size, job_for(request)
    if job is None:
        many = f"{request.count:,} {'photos' if request.crop == 'face' else 'images'}" if request.count else "images"
        hint = f"Prepare the {many} at {size}×{size} now, once; the run then starts without preparing them."
        warn_if_training()
        if st.button("Preview the images", icon=":material/preview:", help=hint, key="new_preview_start"):
            start_preparation(request)
            st.rerun()
        return
    if job.state == "running":
        with st.spinner("Preparing the images…", show_time=False):
            job.thread.join(PATIENCE)
    if job.state == "running":
        background.show_progress(job, "Cancel the preparation; a run prepares its images when it starts.", note="")
    elif job.state == "failed":
        st.warning(escaped(job.error), icon=":material/image_not_supported:")
    elif job.state == "done":
        described(*job.result)


def job_for(request: ImageRequest) -> Job | None:
    """The job that prepares the images; None if it must be asked for."""
    preview = session(Preview)
    if preview.job is not None:
        if preview.request == request:
            return preview.job if preview.job.state != "cancelled" else None
        preview.job.cancel()
    few = request.count is not None and request.count <= AT_ONCE and request.crop != "face"
    return start_preparation(request) if few else None


def start_preparation(request: ImageRequest) -> Job:
    def work(steps: Callable) -> tuple[Faces, Findings]:
        faces = prepare(request.source, request.size, request.crop, steps("preparing the images"))
        return faces, examine(faces)

    job = Job(work)
    preview = session(Preview)
    preview.request, preview.job = request, job
    return job


def described(faces: Faces, findings: Findings) -> None:
    st.caption(escaped(f"{faces.summary()} {findings.summary()}"))
    if st.session_state[f"{training_images.KEY}_kind"] == image_source.UPLOAD or visitor.may_see_photographs():
        size, rows = findings.size, findings.shown
        image(faces.images[rows], GRID_COLUMNS, f"{len(rows)} of the images, cropped to {size}×{size} pixels")
        st.caption(f"{len(rows)} of them, evenly chosen, as the networks see them.")
        copies(faces, findings.copies)
    else:
        st.caption(
            "The images themselves are shown only in a browser on the computer that runs this app, or to a visitor who "
            "is signed in."
        )
    for warning in findings.warnings:
        st.warning(escaped(warning), icon=":material/photo_library:")


def copies(faces: Faces, pairs: Sequence[tuple[int, int]]) -> None:
    """Some pairs of near-copies, one above the other."""
    if not pairs:
        return
    first_pairs = pairs[:PAIRS]
    with st.expander(f"Near-copies: {len(pairs):,}", icon=":material/content_copy:"):
        rows = [row for row, _ in first_pairs] + [earlier for _, earlier in first_pairs]
        image(
            faces.images[rows],
            len(first_pairs),
            f"{len(first_pairs)} near-copies, each above the image that it resembles",
        )
        for row, earlier in first_pairs:
            st.caption(escaped(f"{faces.names[row]} looks like {faces.names[earlier]}."))


def image(faces: np.ndarray, columns: int, alt: str) -> None:
    """A grid of photographs, of which the app keeps no copy: it is part of the page."""
    larger = max(1, CELL // faces.shape[1])
    grid = pictures.grid(faces.repeat(larger, axis=1).repeat(larger, axis=2), columns, padding=2)
    data = base64.b64encode(pictures.png(grid)).decode()
    st.image(f"data:image/png;base64,{data}", width=columns * (CELL + 2) + 2, alt=alt)


def proposal(count: int, preset: str, use_preset: Callable[[str], None]) -> None:
    """The preset that fits the number of images, with a button unless it is chosen.

    preset: the chosen one.  use_preset: called with the name of another one.
    """
    fitting, why = fitting_preset(count)
    if preset == fitting:
        st.caption(f"This preset fits {count:,} images.", help=why)
        return
    with st.container(horizontal=True, vertical_alignment="center"):  # one line, so that Start is not far down
        st.markdown(f"**{PRESETS[fitting].title}** fits {count:,} images better.", help=why, width="content")
        hint = "Fill the settings below with those of this preset; the images stay, and their crop if you chose one."
        st.button("Use this preset", on_click=use_preset, args=(fitting,), help=hint)
