"""Age and gender as sliders: the labelled faces they are learnt from, the work in the background, and how it went."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from facedemo.app.shared import image_source, model_picker, url_state
from facedemo.app.shared.background import Job, Steps, show_progress
from facedemo.app.shared.markdown import escaped
from facedemo.data.labels import LABELS
from facedemo.data.source_files import DataError
from facedemo.evaluation import attributes
from facedemo.explore import directions
from facedemo.explore.directions import Direction

PREFIX = "interpolate_labels"  # of the controls' keys
ASKED, USED = f"{PREFIX}_asked", f"{PREFIX}_used"  # which faces to learn from were asked for last, and led to sliders


@dataclass(frozen=True)
class Learnt:
    """What was learnt for a model.  summary: how well the labels are read.  version: of the weights."""

    summary: str
    version: str
    directions: "list[Direction]"


@st.cache_resource(max_entries=8, show_spinner=False)
def kept(folder: Path, source: str) -> dict[str, Any]:
    """A place for the work on a model and a source of all visitors, `job`; empty at first."""
    return {}


def job(folder: Path, which: str) -> Job | None:
    source = st.session_state.get(which)
    return kept(folder, source).get("job") if source else None


def learnt(folder: Path) -> Learnt | None:
    """What was learnt last, from faces that this visitor chose; for a run that goes on, of earlier weights."""
    asked = job(folder, ASKED)
    if asked and asked.state == "done":
        st.session_state[USED] = st.session_state[ASKED]
    used = job(folder, USED)
    return used.result if used and used.state == "done" else None


def not_learnt(settings: dict[str, url_state.Setting], amount: url_state.Setting) -> list[str]:
    """Amounts in the address that nothing was learnt for, in Markdown.  They are used as soon as it is."""
    ignored = []
    for name in (f"by_{label}" for label in LABELS):
        if name in settings or name not in st.query_params:
            continue
        wrong = url_state.restore({name: amount}, page="interpolate")
        if value := st.session_state[f"interpolate_{name}"]:
            wrong.append(f"`{name}={value}` (to be learnt first, below)")
        ignored += wrong
    return ignored


def control(folder: Path) -> None:
    """Which labelled faces to learn from, a button that begins, then its progress, and how it went."""
    asked, found = job(folder, ASKED), learnt(folder)
    running = asked is not None and asked.state == "running"
    failed = asked is not None and asked.state in ("failed", "cancelled")
    looks = {"key": f"{PREFIX}_open", "on_change": "rerun"}  # the server knows: it stays open when things move above it
    with st.expander("Age and gender", icon=":material/label:", expanded=running or failed, **looks):
        if found:
            earlier = found.version != model_picker.version(folder)
            note = " The run has learned since: these are sliders for its earlier weights." if earlier else ""
            st.caption(escaped(found.summary) + note)
        else:
            st.caption("Two more sliders, which have to be learnt from photographs of faces with labels.")
        about = "UTKFace, whose file names begin with age and gender, or CelebA with its list of attributes. The more "
        about += "people of all ages, the better. They need not be what the model was trained on."
        image_source.control(PREFIX, "Labelled faces", [image_source.PATH, image_source.UPLOAD], about)
        if running:
            show_progress(asked)
            return
        if asked is not None and asked.state == "failed":
            st.error(escaped(asked.error), title="Could not be learnt")
        elif asked is not None and asked.state == "cancelled":
            st.info(
                "What was looked at so far is remembered: learn again, and it goes on from there.", title="Cancelled"
            )
        about = "Looks at up to 2,000 of these faces and at 1,024 of the model's, which takes minutes the first time."
        if st.button("Learn", icon=":material/school:", help=about) and start(folder):
            st.rerun()


def start(folder: Path) -> bool:
    """Begins to learn; where that cannot be, says why and returns False."""
    try:
        source, version = image_source.chosen(PREFIX), model_picker.version(folder)
        model = model_picker.load(folder, version)
    except (ValueError, OSError) as error:
        st.error(escaped(error), title="Not started")
        return False
    uploaded = st.session_state[f"{PREFIX}_kind"] == image_source.UPLOAD

    def do(steps: Steps) -> Learnt:
        try:
            reader = attributes.learn_looks(source, model.size, steps)
        except DataError as error:  # a place in the cache says nothing to whoever uploaded it
            raise DataError(str(error).replace(source, "The upload") if uploaded else str(error)) from error
        return Learnt(reader.summary(), version, directions.labelled(model, reader, steps=steps))

    st.session_state[ASKED] = image_source.identity(PREFIX)
    place = kept(folder, st.session_state[ASKED])
    if "job" not in place or place["job"].state != "running":  # before a reload of the page, or for someone else
        place["job"] = Job(do)
    return True
