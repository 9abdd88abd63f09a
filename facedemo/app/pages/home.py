"""Home: what the app does, sample faces of the bundled model, and a link to every page."""

import random
from pathlib import Path

import numpy as np
import streamlit as st

from facedemo.app import navigation
from facedemo.app.components.face_grid import face_grid
from facedemo.app.shared import estimate, model_picker, sign_in
from facedemo.app.shared.markdown import escaped
from facedemo.app.shared.whole_cards import WHOLE_CARDS
from facedemo.app.views.train.state import note_opening
from facedemo.config.presets import PRESETS, configure, default_name
from facedemo.config.schema import RunConfig
from facedemo.imaging import pictures
from facedemo.pretrained.seeds import face_seeds
from facedemo.runs import queue
from facedemo.runs.run import Run, create_run, list_runs
from facedemo.training import speed

GENERATE, TRAIN = navigation.GENERATE, navigation.TRAIN
FACES, COLUMNS, NARROW_COLUMNS = 16, 8, 4
FIRST_LESSON, FIRST_PRESET = "numbers", next(iter(PRESETS))
SEEDS = 10_000  # from which that of a first run is chosen at random
SEED = 0  # the seed of the sample picture on every model card
GOALS = {  # what a visitor may want → page, icon and description
    "Draw": {
        GENERATE: (":material/grid_view:", "Generate faces from a seed, enlarge one of them, and download images."),
        navigation.INTERPOLATE: (
            ":material/animation:",
            "Turn one face into another, loop through several, and edit a face with sliders.",
        ),
    },
    "Understand": {
        navigation.LEARN: (
            ":material/school:",
            "Eight short lessons: what the two networks do, what γ balances, and how to tell a good model.",
        ),
        navigation.STEP: (
            ":material/slow_motion_video:",
            "Run training one step at a time, forwards and backwards, with the equations and their numbers.",
        ),
        navigation.INSIDE: (
            ":material/visibility:",
            "See how the discriminator reconstructs a face, and find the latent of your own photo.",
        ),
    },
    "Train": {
        TRAIN: (
            ":material/model_training:",
            "Train a model of your own, watch it learn, and change its settings while it does.",
        ),
        navigation.RUNS: (
            ":material/folder_open:",
            "Compare runs, take notes, and import or export models.",
        ),
    },
    "Judge": {
        navigation.VERIFY: (
            ":material/fact_check:",
            "Run face detection and recognition on a model's faces, and look at those that fail.",
        ),
        navigation.COMPARE: (
            ":material/compare:",
            "Put models side by side, train several families under the same budget, and see the effect of γ.",
        ),
    },
}


@st.cache_data(max_entries=4, show_spinner="Generating faces…")
def first_faces(path: Path, version: str) -> np.ndarray:
    """The first faces of a model: read from the picture on its model card, or generated if that is missing."""
    try:
        return pictures.read_grid(path / "samples.png", FACES)
    except (OSError, ValueError):
        from facedemo.pretrained import sampling  # slow to import; the first picture must not wait for it

        return sampling.generate(model_picker.load(path, version), face_seeds(SEED, FACES))


def choose(face: int) -> None:
    st.session_state.home_chosen = face


def watch_one_learn() -> None:
    """Opens a run that is training, or will be soon, or starts one with the first preset if there is none."""
    by_state = {run.status.state: run for run in reversed(list_runs())}
    run = by_state.get("running") or by_state.get("starting") or by_state.get("waiting") or start_first_run()
    if run is not None:
        note_opening()
        st.switch_page(TRAIN, query_params={"run": run.id})


def start_first_run() -> Run | None:
    """Starts a run with the first preset, each time from other weights; shows an error and returns None if it fails."""
    config = configure({"seed": random.randrange(SEEDS)}, FIRST_PRESET)
    try:
        run = create_run(config.model_copy(update={"name": default_name(FIRST_PRESET, config)}))
        estimate.cancel()
        run.launch_new(speed.estimated_seconds(run.config))
    except OSError as error:
        st.error(f"{escaped(error)} Check that the folder for runs is writable.", title="Not started")
        return None
    except ValueError as error:
        st.error(escaped(error), title="Not started")
        return None
    return run


def time_of_watching(config: RunConfig, seconds: float) -> str:
    return f"“Watch one learn”: **{estimate.about(seconds)}** of training at {estimate.rate(config)}"


def cards(goal: str) -> None:
    st.header(goal, anchor=False)
    for number, (page, (icon, hint)) in enumerate(GOALS[goal].items()):
        with st.container(border=True, gap="xsmall", key=f"card-{goal}-{number}"):
            st.page_link(page, icon=icon, help=hint)
            st.caption(hint)


linked = st.query_params.to_dict()
if linked.keys() & {"model", "seed", "faces", "scale", "face"}:  # old links: Generate was once the first page
    st.switch_page(GENERATE, query_params=linked)

st.title("facedemo", anchor=False)
st.markdown(
    "Two neural networks learn from photographs of faces: one generates images, the other judges them. Together they "
    "form a *generative adversarial network*; in the one shown here, a single number, γ, keeps the two in balance. "
    "Watch it learn on your own computer, change its settings while it trains, and find out what it can generate and "
    "what it cannot.",
    help="γ is the goal for the ratio of two errors of the judging network: on generated faces and on photographs. "
    "Lesson 3 of Learn explains it.",
    width=800,
)

with st.container(horizontal=True):
    hint = "Start a small run on the built-in faces: no data needed, and faces appear within about a minute."
    if st.button("Watch one learn", type="primary", icon=":material/play_arrow:", help=hint):
        watch_one_learn()
    hint = "Open the first of eight short lessons; they need no previous knowledge."
    if st.button("Start with lesson 1", icon=":material/school:", help=hint):
        st.switch_page(navigation.LEARN, query_params={"lesson": FIRST_LESSON})
time_of_training = st.empty()

choices = model_picker.choices()
if not choices:
    st.info("There is no model to generate faces with yet. Open Train to make one.", title="No model yet")
else:
    name = model_picker.preferred(choices)
    if face := st.session_state.pop("home_chosen", None):
        link = {"model": name, "seed": SEED, "faces": FACES, "scale": 1.0, "face": face}
        st.switch_page(GENERATE, query_params=link)
    try:
        faces = first_faces(choices[name], model_picker.version(choices[name]))
    except (ValueError, OSError) as error:
        st.error(f"{escaped(error)} Download the model again, or train your own.", title="Cannot be used")
    else:
        hint = f"{FACES} faces generated by {model_picker.label(name)}. Arrow keys move, Enter opens one in Generate."
        seeds = face_seeds(SEED, FACES)
        face_grid(
            faces,
            seeds,
            selected=None,
            alt=hint,
            on_choose=choose,
            key="home_faces",
            columns=COLUMNS,
            narrow=NARROW_COLUMNS,
        )
        st.caption(
            f"None of these people exist. These are the first {FACES} faces of the model {model_picker.label(name)}, "
            "including the failures. Choose one to open it in Generate."
        )

st.html(WHOLE_CARDS)
with st.grid(4, min_column_width=260) as places:
    for goal in GOALS:
        with places.cell():
            cards(goal)
if not queue.is_training() and not sign_in.is_app_shared():  # otherwise, it opens that training, or waits
    with time_of_training:  # last, so that a measurement begins when the faces are there
        first = configure({}, FIRST_PRESET)
        estimate.show_estimate([first], False, lambda times: time_of_watching(first, times[0]), quiet=True)
model_picker.warm_up()
