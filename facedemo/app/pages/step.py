"""One step: one training iteration at a time, with its pictures, its equations and its numbers."""

import itertools
import math
import re
from pathlib import Path

import numpy as np
import streamlit as st

from facedemo.app.charts.training import figures
from facedemo.app.shared import cached_work, model_picker, url_state, visitor
from facedemo.app.shared.chart_contrast import readable
from facedemo.app.shared.copy_link import copy_link
from facedemo.config.schedule import SettingChange
from facedemo.explore.single_step import PictureRow, Step, TrainingStepper
from facedemo.gans.base import Equation
from facedemo.gans.settings import FamilyConfig, Tunable, family_tunables
from facedemo.imaging.pictures import grid, png
from facedemo.training import dataset
from facedemo.training.dataset import Examples

MAX_STEPS = 200
FINE = "%.4g"
LONGEST = 34  # characters of an equation's numbers that fit beside the pictures


def change_model() -> None:
    """Resets the page: another model starts at its own first step, with its own settings."""
    for key in [key for key in st.session_state if str(key).startswith("step_") and key != "step_model"]:
        del st.session_state[key]
    url_state.outdate_address("step")


def start_again() -> None:
    st.session_state.pop("step_stepper", None)
    st.session_state.step_steps = 1


def go(steps: int) -> None:
    st.session_state.step_steps = min(max(1, st.session_state.step_steps + steps), MAX_STEPS)


def opened(name: str, folder: Path) -> "tuple[TrainingStepper, Examples]":
    """This visitor's stepper: where they left it, or the model as it was saved."""
    stored = st.session_state.get("step_stepper")
    if not stored or stored[0] != name:
        config = model_picker.load(folder, model_picker.version(folder)).config
        found = dataset.for_model(config, photographs=visitor.may_see_photographs())
        stored = st.session_state.step_stepper = (name, single_step.TrainingStepper(folder, found.images), found)
    return stored[1], stored[2]


def tunable_control(tunable: "Tunable") -> float:
    key, about = f"step_{tunable.name}", f"{tunable.help} Applied from the next step on. "
    bounds = f"From {tunable.minimum:g} to {tunable.maximum:g}."
    if (tunable.minimum, tunable.maximum) == (0.0, 1.0):
        return st.slider(
            tunable.title, 0.0, 1.0, step=0.01, key=key, persist_state="session", width=220, help=about + bounds
        )
    step = 10.0 ** math.floor(math.log10(tunable.default)) if tunable.default else 0.1
    return st.number_input(
        tunable.title,
        tunable.minimum,
        tunable.maximum,
        step=step,
        format=FINE,
        key=key,
        persist_state="session",
        width=220,
        help=about + bounds,
    )


def buttons(stepper: "TrainingStepper") -> None:
    steps = st.session_state.step_steps
    last = steps >= MAX_STEPS
    with st.container(horizontal=True):
        about = "Run one more training iteration."
        icon = ":material/skip_next:"
        st.button("Next step", type="primary", icon=icon, on_click=go, args=(1,), disabled=last, help=about)
        about = "Run ten more iterations and show the last one."
        st.button("Ten steps", icon=":material/fast_forward:", on_click=go, args=(10,), disabled=last, help=about)
        st.button(
            "Back",
            icon=":material/undo:",
            on_click=go,
            args=(-1,),
            disabled=steps <= max(1, stepper.first_kept + 1),
            help="Undo the last step exactly, down to every weight. Only the last few steps can be undone.",
        )
        about = "Reload the saved model and run its first step."
        st.button("Start again", icon=":material/restart_alt:", on_click=start_again, help=about)


def write_equation(equation: "Equation") -> None:
    """The equation, this step's numbers and the result; a formula without a name stands above its numbers."""
    left, _, right = equation.latex.partition(" = ")
    first, plus, rest = equation.numbers.rpartition(" + ")
    parts = [first, rf"\quad + {rest}"] if plus and len(equation.numbers) > LONGEST else [equation.numbers]
    numbers = re.sub(r"\|(.*)\|", r"\\lvert \1 \\rvert", r" \\ & ".join(parts))
    numbers = numbers.replace("−", "-").replace("·", r"\cdot ")
    name, equals = (f"{left} &= {right}", "&=") if right else (f"& {left}", r"&\quad =")
    lines = [name, *(f"{equals} {line}" for line in (numbers, rf"\mathbf{{{equation.value:.6f}}}") if line)]
    body = r" \\ ".join(lines)
    st.latex(rf"\begin{{aligned}} {body} \end{{aligned}}", width="content", help=equation.about)


def write_balance(step: "Step", config: "FamilyConfig") -> None:
    """The family's own state before and after the step, with the change."""
    for name in step.before.keys() & step.row.keys():
        before, after = step.before[name], step.row[name]
        words = f"{before:.6f} before this step, {after:.6f} after it."
        about = f"{words} {config.balance_help}"
        st.metric(
            f"${config.metrics[name]}$",
            f"{after:.6f}",
            f"{after - before:+.2e}",
            delta_color="off",
            help=about,
            border=True,
        )


def show_row(row: "PictureRow", images: np.ndarray, words: str) -> None:
    with st.container(gap="xsmall"):
        st.image(grid(images, columns=len(images), padding=0), width="stretch", alt=f"{row.symbol}. {words}")
        if row.scores is not None:
            words += " Discriminator output: " + ", ".join(f"{score:.2f}" for score in row.scores) + "."
        st.caption(f"**{row.symbol}**  {words}")


def download(name: str, step: "Step", gain: int) -> None:
    facts = {"model": name, "iteration": step.number + 1, **step.settings, "amplified": gain, "software": "facedemo"}
    columns = len(step.pictures[0].images)
    st.download_button(
        "Pictures (PNG)",
        lambda: png(grid(single_step.sheet(step, gain), columns), **facts, **step.row),
        re.sub(r"[^\w.-]+", "-", f"{name}-step-{step.number + 1}.png"),
        "image/png",
        on_click="ignore",
        icon=":material/download:",
        help="All rows of pictures in one image. Model, iteration, settings and numbers are written into the file.",
    )


def draw_charts(stepper: "TrainingStepper") -> None:
    """Charts of the numbers of all steps taken, with the settings changed between them."""
    steps, labels = stepper.steps, dict(stepper.family.metrics)
    if len(steps) < 2:
        return
    columns = {"step": [step.number + 1 for step in steps]}
    columns |= {name: [step.row[name] for step in steps] for name in labels}
    setting_changes = [
        SettingChange(after.number + 1, dict(after.settings.items() - before.settings.items()))
        for before, after in itertools.pairwise(steps)
        if after.settings != before.settings
    ]
    names = {tunable.name: tunable.title.split(",")[0] for tunable in family_tunables(type(stepper.config.model))}
    st.subheader("Over the steps", anchor=False)
    with st.grid(2, min_column_width=340):
        for name, figure in figures(columns, labels, setting_changes, names).items():
            st.plotly_chart(
                readable(figure), key=f"chart_{name}", config={"displaylogo": False}, alt=f"Chart of {name}"
            )


def notes(stepper: "TrainingStepper", found: "Examples") -> str:
    """Differences from the original training."""
    words = f"The real images here are {found.words}"
    if found.own:
        words += "."
    elif visitor.may_see_photographs():
        words += ", because the model's own training images are not prepared on this computer."
    else:
        words += ", because photographs are shown only on the computer that runs this app, or if you are signed in."
    if not stepper.resumed:
        words += " This model was saved without its optimiser state, so its first steps here are larger and "
        words += "noisier than those of its training."
    return words


st.title("One step, slowly")
st.markdown(
    "Training repeats this step many thousands of times: the generator G generates faces from random vectors z, the "
    "discriminator D judges them and real faces x, and then both networks change a little.",
    width=800,
)

choices = model_picker.choices_or_stop("train further")
with st.spinner("Loading…"):
    from facedemo.explore import single_step  # imports torch: only when there is a model to train

settings = {
    "model": url_state.one_of(choices, default=model_picker.preferred(choices)),
    "steps": url_state.whole(1, MAX_STEPS, default=1),
    "amplify": url_state.one_of(["auto", *map(str, single_step.GAINS)], default="auto"),
}
ignored = url_state.load_from_url(settings, page="step")
controls = st.container(horizontal=True, vertical_alignment="bottom")
with controls:
    name = model_picker.control(
        choices,
        "step",
        "Model to train a few steps further: a bundled model or one of your runs. The saved model is not modified.",
        change_model,
    )
try:
    stepper, found = opened(name, choices[name])
except (ValueError, OSError) as error:
    model_picker.stop_unusable(error)

own_tunables = family_tunables(type(stepper.config.model))
in_force = stepper.settings()
settings |= {
    tunable.name: url_state.decimal(tunable.minimum, tunable.maximum, in_force[tunable.name])
    for tunable in own_tunables
}
ignored += url_state.load_from_url(settings, page="step")
with controls:
    wanted = {tunable.name: tunable_control(tunable) for tunable in own_tunables}
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
if wanted != in_force:
    stepper.steer(**wanted)
with bar, cached_work.progress_bar("Training") as progress:
    if st.session_state.step_steps < stepper.first_kept:
        stepper.restart()
    stepper.go_to_step(st.session_state.step_steps, progress)
url_state.write_to_url(settings, page="step")
buttons(stepper)

step = stepper.steps[-1]
gain = single_step.fitting_gain(step.changes) if amplify == "auto" else int(amplify)
st.subheader(f"Iteration {step.number + 1:,}", anchor=False)
left, right = st.columns([3, 2], gap="large")
with left:
    for row in step.pictures:
        show_row(row, single_step.picture(row.images), row.about)
with right:
    write_balance(step, stepper.family.config)
    for equation in step.equations:
        write_equation(equation)
st.subheader(f"What the step changed, amplified {gain} times", anchor=False)
st.caption("Grey: no change. Lighter or darker: the step made this pixel lighter or darker.")
with st.grid(3, min_column_width=340):
    for row in step.changes:
        show_row(row, single_step.amplified(row.images, gain), row.about)
download(name, step, gain)
draw_charts(stepper)

st.caption(notes(stepper, found))
copy_link("The link replays the same steps from the start.")
