"""Sliders learned from labelled faces, for attributes or age and gender: the faces, and the background job."""

import re
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from facedemo.app.shared import image_source, model_picker, url_state
from facedemo.app.shared.background import Job, Jobs, show_progress
from facedemo.app.shared.image_check import show_image_check
from facedemo.app.shared.markdown import escaped
from facedemo.app.shared.run_controls import warn_if_training
from facedemo.data.labels import attribute_list
from facedemo.evaluation import attribute_classifier, attributes
from facedemo.explore import directions, named_directions
from facedemo.explore.directions import Direction
from facedemo.progress import Steps

PREFIX = "interpolate_labels"  # of the controls' keys
ASKED, USED = f"{PREFIX}_asked", f"{PREFIX}_used"  # the source requested last, and the source of the current sliders


@dataclass(frozen=True)
class LearnedDirections:
    """The directions learned for a model.  summary: accuracy of the labels.  version: of the weights."""

    summary: str
    version: str
    directions: list[Direction]


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs[tuple[Path, str]]:
    """By model and source."""
    return Jobs()


def job(folder: Path, which: str) -> Job | None:
    return jobs().all().get((folder, st.session_state.get(which, "")))


def learned(folder: Path) -> LearnedDirections | None:
    """The latest result for this visitor's choice of faces; if a run still trains, it may be of earlier weights."""
    requested_job = job(folder, ASKED)
    if requested_job and requested_job.state == "done":
        st.session_state[USED] = st.session_state[ASKED]
    used = job(folder, USED)
    return used.result if used and used.state == "done" else None


def not_learned(settings: dict[str, url_state.QueryParam], amount: url_state.QueryParam) -> list[str]:
    """Amounts in the address for sliders not learned yet, in Markdown. They take effect once these are learned."""
    ignored = []
    for name in st.query_params:
        if name in settings or not re.fullmatch(r"by_[\w-]{1,40}", name):
            continue
        wrong = url_state.load_from_url({name: amount}, page="interpolate")
        if value := st.session_state[f"interpolate_{name}"]:
            wrong.append(f"`{name}={value}` (learn this slider first, below)")
        ignored += wrong
    return ignored


def control(folder: Path) -> None:
    """The choice of labelled faces, a button that starts learning, its progress and its outcome."""
    requested_job, stored = job(folder, ASKED), learned(folder)
    running = requested_job if requested_job is not None and requested_job.state == "running" else None
    failed = requested_job is not None and requested_job.state in ("failed", "cancelled")
    # kept on the server, so that it stays open when the layout above it changes
    with st.expander(
        "Learn from labelled faces",
        icon=":material/label:",
        expanded=running is not None or failed,
        key=f"{PREFIX}_open",
        on_change="rerun",
    ):
        if stored:
            earlier = stored.version != model_picker.version(folder)
            note = " The run has been trained further; these sliders are for its earlier weights." if earlier else ""
            st.caption(escaped(stored.summary) + note)
        else:
            st.caption("More sliders: attributes such as smiling and glasses, or age and gender.")
        hint = "CelebA with its attribute list, faces with a CSV file of the same form (image, attribute, …; 1 or -1), "
        hint += "or UTKFace, whose file names begin with age and gender. The more different people, the better. They "
        hint += "need not be the model's training images."
        image_source.control(PREFIX, "Labelled faces", [image_source.PATH, image_source.UPLOAD], hint)
        show_image_check(PREFIX, labelled=True)
        if running:
            show_progress(running)
            return
        if requested_job is not None and requested_job.state == "failed":
            st.error(escaped(requested_job.error), title="Learning failed")
        elif requested_job is not None and requested_job.state == "cancelled":
            st.info("Results so far are cached; press Learn to continue.", title="Cancelled")
        hint = (
            "Analyse up to 16,000 of these faces and some thousands of the model's, which takes minutes the first time."
        )
        if st.button("Learn", icon=":material/school:", help=hint) and start_learning(folder):
            st.rerun()
        warn_if_training()


def start_learning(folder: Path) -> bool:
    """Starts the job; if that fails, shows the reason and returns False."""
    try:
        source, version = image_source.chosen(PREFIX), model_picker.version(folder)
        model = model_picker.load(folder, version)
    except (ValueError, OSError) as error:
        st.error(escaped(error), title="Not started")
        return False

    def do(steps: Steps) -> LearnedDirections:
        if attribute_list(source) is not None:
            classifiers = attribute_classifier.fit_learner_and_judge(source, model.size, steps)
            learned_directions = named_directions.learn(model, classifiers, named_directions.FACES, steps)
            summary = named_directions.summary(learned_directions, classifiers)
            return LearnedDirections(
                summary, version, [direction for direction in learned_directions if direction.reliable]
            )
        attribute_model = attributes.fit_attribute_model(source, model.size, steps)
        return LearnedDirections(
            attribute_model.summary(), version, [*directions.labelled(model, attribute_model, steps=steps)]
        )

    st.session_state[ASKED] = image_source.identity(PREFIX)
    jobs().start((folder, st.session_state[ASKED]), do)
    return True
