"""The evaluation that the Verify page requests: its settings, the background job and its progress."""

from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from facedemo.app.shared import image_source, model_picker
from facedemo.app.shared.background import Job, Jobs
from facedemo.app.shared.image_check import show_image_check
from facedemo.app.shared.markdown import escaped
from facedemo.app.shared.segments import segments
from facedemo.config.schema import BUILTIN_SOURCE
from facedemo.data.source_files import existing
from facedemo.evaluation import verify
from facedemo.evaluation.request import EvaluationRequest
from facedemo.runs import classroom
from facedemo.storage.atomic import read_object
from facedemo.storage.locations import CONFIG

NONE, OWN = "None", "The images it was trained on"
PARTS = {"test": "Test split", "validation": "Validation split", "all": "All images"}
REAL, GALLERY = "verify_real", "verify_gallery"  # prefixes of the controls' keys
REFRESH = 1.0  # seconds


@dataclass(frozen=True)
class Request:
    """A model to evaluate, and how.  evaluation: with the images as identified by `image_source.identity`."""

    name: str
    folder: Path
    version: str  # of the weights
    evaluation: EvaluationRequest


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs[Request]:
    return Jobs()


def trained_on(folder: Path) -> str | None:
    """The images that a model was trained on, if they are on this computer and the visitor may use them."""
    settings = read_object(folder / CONFIG).get("data")
    source = settings.get("source") if isinstance(settings, dict) else None
    try:
        # generated faces are no reference for generated faces
        usable = isinstance(source, str) and source != BUILTIN_SOURCE and classroom.may_use(source) and existing(source)
        return source if usable else None
    except (OSError, ValueError):
        return None


def more_controls(folder: Path) -> bool:
    """Controls for real faces, gallery and further checks; returns whether to look for copies."""
    kinds = [NONE, *([OWN] if trained_on(folder) else []), image_source.PATH, image_source.UPLOAD]
    if st.session_state.get(f"{REAL}_kind", NONE) not in kinds:
        # the model has changed, and its training images are not on this computer
        st.session_state[f"{REAL}_kind"] = NONE
    hint = "Face photographs, ideally the model's own training data: a held-out split of them is evaluated like "
    hint += "the model's faces, which gives you an upper bound."
    real = image_source.control(REAL, "Real faces to compare with", kinds, hint)
    show_image_check(REAL)
    if real != NONE:
        hint = "Choose between models by the validation split; report a model's results with the test split, once. "
        hint += "All images: only if the model was trained on none of these people."
        segments("Compare with", PARTS, "verify_split", hint)
    comparable = real != NONE and st.session_state.verify_split != "all"
    hint = "Find the most similar training images for each generated face, to see whether the model copies. All "
    hint += "training images are evaluated once, which takes minutes for thousands of them. Needs a split of real "
    hint += "faces."
    copies = st.toggle("Nearest training faces", key="verify_copies", disabled=not comparable, help=hint)
    hint = "Photographs of known people. The paper's second column counts the detected faces that match nobody in such "
    hint += "a gallery."
    image_source.control(GALLERY, "Gallery", [NONE, image_source.PATH, image_source.UPLOAD], hint)
    show_image_check(GALLERY)
    hint = "Also run a neural network that detects more faces than the default HOG detector; takes about a minute and "
    hint += "a half per 1,000 faces."
    st.toggle("Second detector", key="verify_cnn", persist_state="session", help=hint)
    return copies and comparable


def request(name: str, folder: Path, copies: bool) -> Request:
    """The request that the controls describe.  Raises OSError if the model was deleted."""
    state, version = st.session_state, model_picker.version(folder)
    evaluation = EvaluationRequest(
        state.verify_faces,
        state.verify_seed,
        source=image_source.identity(REAL),
        split=state.verify_split if state[f"{REAL}_kind"] != NONE else "test",
        gallery=image_source.identity(GALLERY),
        cnn=state.verify_cnn,
        copies=copies,
    )
    return Request(name, folder, version, evaluation)


def chosen(prefix: str, folder: Path) -> str | None:
    """The chosen source.  Raises UploadError or OSError if it is missing or unusable."""
    kind = st.session_state[f"{prefix}_kind"]
    if kind == NONE:
        return None
    return trained_on(folder) if kind == OWN else image_source.chosen(prefix)


def start_evaluation(request: Request) -> bool:
    """Starts an evaluation; if that fails, shows the reason and returns False."""
    try:
        real, gallery = (chosen(prefix, request.folder) for prefix in (REAL, GALLERY))
        evaluation = replace(request.evaluation, source=real, gallery=gallery)
        evaluation.check()
        model = model_picker.load(request.folder, request.version)
    except (ValueError, OSError) as error:
        st.error(escaped(error), title="Not started")
        return False

    jobs().start(request, lambda steps: verify.verify(model, evaluation, steps))
    return True


def find_job(request: Request) -> tuple[Job | None, bool]:
    """The evaluation for a request, and whether it is of the current weights.

    If there is none, the newest one of earlier weights, because a run may be training meanwhile.
    """
    every = jobs().all()
    if job := every.get(request):
        return job, True
    earlier = [job for old, job in every.items() if replace(old, version=request.version) == request]
    return next((job for job in reversed(earlier) if job.state == "done"), None), False
