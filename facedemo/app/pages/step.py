"""One step: one training iteration at a time, with its pictures, its equations and its numbers."""

from functools import partial

import streamlit as st

from facedemo.app.shared import cached_work, model_picker, url_state, visitor
from facedemo.app.shared.copy_link import copy_link
from facedemo.gans.settings import family_tunables
from facedemo.storage import locations

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


heading = st.container()

choices = model_picker.choices_or_stop("train further")
with st.spinner("Loading…"):  # these import torch: only when there is a model to train
    from facedemo.app.views.step import controls, shown
    from facedemo.app.views.step.opened import Opened, first_step, shared_first_step, use
    from facedemo.explore.step_pictures import GAINS, fitting_gain

settings = {
    "model": url_state.one_of(choices, default=model_picker.preferred(choices)),
    "steps": url_state.whole(1, controls.MAX_STEPS, default=1),
    "amplify": url_state.one_of(["auto", *map(str, GAINS)], default="auto"),
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
begins = "step_opened" not in st.session_state or st.session_state.step_opened.name != name
try:
    if begins:
        with st.spinner("Running the first step…"):
            folder = choices[name]
            own = folder not in locations.bundled()  # what shows a visitor's own images ends with the session
            take = first_step if own else shared_first_step
            taken = take(folder, model_picker.version(folder), visitor.may_see_photographs())
        st.session_state.step_opened = Opened(name, *taken, own=own)
except (ValueError, OSError) as error:
    model_picker.stop_unusable(error)

opened: Opened = st.session_state.step_opened
stepper, examples = opened.stepper, opened.examples
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
        ["auto", *map(str, GAINS)],
        key="step_amplify",
        persist_state="session",
        width=160,
        help="Factor by which the differences below are multiplied, because one step changes little. auto: the largest "
        "factor that does not clip.",
    )
if ignored:
    st.warning(f"Not used: {', '.join(dict.fromkeys(ignored))}.", icon=":material/link_off:")

bar = st.container()
with opened.lock:
    stepper = opened.stepper
    if chosen_settings != in_force or st.session_state.step_steps != len(stepper.steps):
        stepper = opened.to_change()
    if chosen_settings != in_force:
        if begins:
            stepper.restart()  # a link's settings hold from the first step on
        stepper.steer(**chosen_settings)
    stay = partial(controls.stay, stepper)
    with bar, cached_work.progress_bar("Training, step", stay, "step_cancel") as progress:
        try:
            stepper.go_to_step(st.session_state.step_steps, progress)
        except (ValueError, OSError) as error:  # the model was deleted meanwhile, and its steps are taken again
            model_picker.stop_unusable(error)
    if opened.own:
        use(opened)
if not controls.plays():  # every step played would be an entry in the browser's history
    url_state.write_to_url(settings, page="step")
controls.buttons()

step = stepper.steps[-1]
gain = fitting_gain(step.changes) if amplify == "auto" else int(amplify)
iteration = f"Iteration {step.number + 1:,}"
if presented:
    st.title(iteration, anchor=False)
    shown.present_step(step, stepper)
    st.caption(shown.notes(stepper, examples))
else:
    st.header(iteration, anchor=False)
    shown.show_step(step, stepper.config.model)
    shown.show_changes(step, gain)
    shown.download(name, step, gain)
    shown.draw_charts(stepper)
    st.caption(shown.notes(stepper, examples))
    if not controls.plays():
        copy_link("The link replays the same number of steps from the start, with the present settings.")
controls.go_on()
