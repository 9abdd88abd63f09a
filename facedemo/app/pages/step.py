"""One step: one training iteration at a time, with its pictures, its equations and its numbers."""

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from facedemo.app.shared import cached_work, model_picker, url_state, visitor
from facedemo.app.shared.copy_link import copy_link
from facedemo.gans.settings import family_tunables

if TYPE_CHECKING:
    from facedemo.explore.single_step import TrainingStepper  # for types only, because it imports torch
    from facedemo.training.dataset import Examples  # as above

INTRODUCTION = (
    "Training repeats this step many thousands of times: the generator G generates faces from random vectors z, the "
    "discriminator D judges them and real faces x, and then both networks change a little."
)


def change_model() -> None:
    """Resets the page: another model starts at its own first step, with its own settings."""
    kept_keys = ("step_model", "step_present")
    for key in [key for key in st.session_state if str(key).startswith("step_") and key not in kept_keys]:
        del st.session_state[key]
    url_state.outdate_address("step")


def opened(name: str, folder: Path) -> "tuple[TrainingStepper, Examples]":
    """This visitor's stepper: where they left it, or the model as it was saved."""
    stored = st.session_state.get("step_stepper")
    if not stored or stored[0] != name:
        config = model_picker.load(folder, model_picker.version(folder)).config
        examples = dataset.for_model(config, photographs=visitor.may_see_photographs())
        stepper = single_step.TrainingStepper(folder, examples.images, examples.caption)
        stored = st.session_state.step_stepper = (name, stepper, examples)
    return stored[1], stored[2]


heading = st.container()

choices = model_picker.choices_or_stop("train further")
with st.spinner("Loading…"):  # these import torch: only when there is a model to train
    from facedemo.app.views.step import controls, shown
    from facedemo.explore import single_step
    from facedemo.training import dataset

settings = {
    "model": url_state.one_of(choices, default=model_picker.preferred(choices)),
    "steps": url_state.whole(1, controls.MAX_STEPS, default=1),
    "amplify": url_state.one_of(["auto", *map(str, single_step.GAINS)], default="auto"),
    "present": url_state.flag(default=False),
}
ignored = url_state.load_from_url(settings, page="step")
presented = st.session_state.step_present
if not presented:
    heading.title("One step, slowly")
    heading.markdown(INTRODUCTION, width=800)
settings_row = st.container(horizontal=True, vertical_alignment="bottom")
with settings_row:
    name = model_picker.control(
        choices,
        "step",
        "Model to train a few steps further: a bundled model or one of your runs. The saved model is not modified.",
        change_model,
    )
try:
    stepper, examples = opened(name, choices[name])
except (ValueError, OSError) as error:
    model_picker.stop_unusable(error)

own_tunables = family_tunables(type(stepper.config.model))
in_force = stepper.settings()
settings |= {
    tunable.name: url_state.decimal(tunable.minimum, tunable.maximum, in_force[tunable.name])
    for tunable in own_tunables
}
ignored += url_state.load_from_url(settings, page="step")
with settings_row:
    chosen_settings = {tunable.name: controls.tunable_control(tunable) for tunable in own_tunables}
    amplify = st.selectbox(
        "Amplify changes",
        ["auto", *map(str, single_step.GAINS)],
        key="step_amplify",
        persist_state="session",
        width=160,
        help="Factor by which the differences below are multiplied, because one step changes little. auto: the largest "
        "factor that does not clip.",
    )
if ignored:
    st.warning(f"Not used: {', '.join(dict.fromkeys(ignored))}.", icon=":material/link_off:")

bar = st.container()
if chosen_settings != in_force:
    stepper.steer(**chosen_settings)
with bar, cached_work.progress_bar("Training") as progress:
    if st.session_state.step_steps < stepper.first_kept:
        stepper.restart()
    stepper.go_to_step(st.session_state.step_steps, progress)
if not controls.plays():  # every step played would be an entry in the browser's history
    url_state.write_to_url(settings, page="step")
controls.buttons(stepper)

step = stepper.steps[-1]
gain = single_step.fitting_gain(step.changes) if amplify == "auto" else int(amplify)
st.subheader(f"Iteration {step.number + 1:,}", anchor=False)
if presented:
    shown.present_step(step, stepper)
else:
    shown.show_step(step, stepper.family.config)
    shown.show_changes(step, gain)
    shown.download(name, step, gain)
    shown.draw_charts(stepper)
    st.caption(shown.notes(stepper, examples))
    copy_link("The link replays the same steps from the start.")
controls.go_on()
