"""Verify: the paper's Table 1 for any model, further metrics, and the evaluated faces."""

import streamlit as st

from facedemo.app.shared import model_picker, url_state
from facedemo.app.shared.background import show_progress
from facedemo.app.shared.copy_link import copy_link
from facedemo.app.shared.markdown import escaped
from facedemo.app.shared.run_controls import warn_if_training
from facedemo.app.views.verify import request
from facedemo.app.views.verify.faces import SHOWN, detected_faces, first_page
from facedemo.app.views.verify.results import beside_stored, verdict
from facedemo.config.schema import amount
from facedemo.evaluation.report import load_evaluations
from facedemo.pretrained.seeds import MAX_SEED

MAX_FACES = 5000
QUICK = 100


def other_faces() -> None:
    st.session_state.verify_face = 1
    first_page()


st.title("Verify", anchor=False)
st.markdown(
    "Does a face-recognition library detect the faces a model generates? The paper tested 1,000 faces per model. Run "
    "the same test here, look at the faces that fail, and see what the detection rate alone does not show.",
    width=800,
)

choices = model_picker.choices_or_stop("verify")

settings = {
    "model": url_state.one_of(choices, default=model_picker.preferred(choices)),
    "faces": url_state.whole(1, MAX_FACES, default=QUICK),
    "seed": url_state.whole(0, MAX_SEED, default=0),
    "cnn": url_state.flag(False),
    "split": url_state.one_of(request.PARTS, default="test"),
    "show": url_state.one_of(SHOWN, default="undetected"),
    "face": url_state.whole(1, MAX_FACES, default=1),
}
ignored = url_state.load_from_url(settings, page="verify")
if st.session_state.verify_face > st.session_state.verify_faces:
    ignored.append(f"`face={st.session_state.verify_face}` (there are {st.session_state.verify_faces})")
    other_faces()

with st.container(horizontal=True, vertical_alignment="bottom"):
    name = model_picker.control(
        choices,
        "verify",
        "Model to evaluate: a bundled model, or one of your runs once it has saved weights.",
        other_faces,
    )
    count = st.number_input(
        "Faces",
        1,
        MAX_FACES,
        key="verify_faces",
        persist_state="session",
        on_change=other_faces,
        width=130,
        help=f"Number of faces to generate and evaluate, from 1 to {MAX_FACES:,}. {QUICK} take a few seconds; 1,000, "
        "as in the paper, about a minute.",
    )
    seed = st.number_input(
        "Seed",
        0,
        MAX_SEED,
        key="verify_seed",
        persist_state="session",
        on_change=other_faces,
        width=180,
        help="The random seed of the sample, as on the Generate page. Another seed gives another sample of the same "
        f"model. From 0 to {MAX_SEED}.",
    )
with st.expander("Real faces, gallery, second detector", icon=":material/tune:"):
    copies = request.more_controls(choices[name])
if ignored:
    st.warning(f"Not used: {', '.join(ignored)}.", icon=":material/link_off:")

try:
    request_made = request.request(name, choices[name], copies)
except OSError as error:
    st.error(f"{escaped(error)} Choose another model.", title="Cannot be used")
    st.stop()
job, current = request.find_job(request_made)
if job is None or job.state != "running":
    hint = "Generate the images, run face detection on each, and compare the detected faces."
    if st.button("Verify", type="primary", icon=":material/fact_check:", help=hint):
        with st.spinner("Loading…", show_time=False):
            started = request.start_evaluation(request_made)
        if started:
            st.rerun()
    warn_if_training()

if job is not None and job.state == "running":
    show_progress(job)
elif job is not None and job.state == "done":
    report, detected = job.result
    if not current:
        st.info(
            "The run has been trained further; these results are for its earlier weights. Press Verify to evaluate the "
            "newest."
        )
    verdict(report, f"{name}-{seed}")
    beside_stored(report, load_evaluations(choices[name]))
    detected_faces(request_made, detected)
else:
    if job is not None and job.state == "failed":
        st.error(f"{escaped(job.error)} Change the settings and press Verify again.", title="Could not be verified")
    elif job is not None:
        st.info("Results so far are cached; press Verify to continue.", title="Cancelled")
    if evaluations := load_evaluations(choices[name]):
        stored, *others = evaluations
        beside = f", compared with real faces from {escaped(stored.data)}" if stored.data else ""
        st.info(
            f"This model ships with an evaluation: {amount(stored.count, 'faces')} from seed {stored.seed}{beside}. "
            "Choose these settings and press Verify to reproduce it and to see the faces."
        )
        verdict(stored, f"{name}-{stored.seed}")
        beside_stored(stored, others)
    elif job is None:
        st.caption("There are no results for these settings yet. Press Verify.")

url_state.write_to_url(settings, page="verify")  # with the face that is shown, which may differ from the requested one
copy_link("The link contains none of your images and shows the same generated faces.")
