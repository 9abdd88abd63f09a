"""One step: its pictures, its equations, its numbers, and charts of all steps taken."""

import itertools
import re

import numpy as np
import streamlit as st

from facedemo.app.charts.training import figures
from facedemo.app.shared import visitor
from facedemo.app.shared.format import plain_file_name
from facedemo.app.shared.plot import ALL_BUTTONS, titled_plot
from facedemo.config.schedule import SettingChange
from facedemo.explore.single_step import Step, TrainingStepper
from facedemo.explore.step_pictures import SHOWN, PictureRow, amplified, picture, sheet
from facedemo.gans.base import Equation
from facedemo.gans.settings import FamilyConfig, family_tunables
from facedemo.imaging.pictures import grid, png
from facedemo.training.dataset import Examples

TICKS = 5  # at most about as many on the charts' horizontal axis
LONGEST = 34  # characters of an equation's numbers that fit beside the pictures
LARGE_EQUATIONS = "<style>.st-key-step_equations .katex { font-size: 1.15rem; }</style>"
ROWS = f"<style>[data-testid='stImage'] img {{ aspect-ratio: auto {SHOWN}; }}</style>"  # until a picture is loaded


def show_step(step: Step, config: FamilyConfig) -> None:
    """Pictures, and beside them the numbers."""
    left, right = st.columns([3, 2], gap="large")
    with left:
        show_pictures(step)
    with right:
        write_balance(step, config)
        for equation in step.equations:
            write_equation(equation)


def present_step(step: Step, stepper: TrainingStepper) -> None:
    """The same for a projector: larger equations in two columns, with the curves below them."""
    left, right = st.columns([2, 5], gap="medium")
    with left:
        show_pictures(step, explained=False)
        write_balance(step, stepper.config.model)
    with right:
        st.html(LARGE_EQUATIONS)
        with st.container(key="step_equations"), st.grid(2, min_column_width=340):
            for equation in step.equations:
                write_equation(equation)
        draw_charts(stepper, heading=False)


def show_pictures(step: Step, explained: bool = True) -> None:
    st.html(ROWS)
    for row in step.pictures:
        show_row(row, picture(row.images), row.explanation, explained)


def show_changes(step: Step, gain: int) -> None:
    st.header(f"What the step changed, amplified {gain} times", anchor=False)
    st.caption("Grey: no change. Lighter or darker: the step made this pixel lighter or darker.")
    with st.grid(3, min_column_width=340):
        for row in step.changes:
            show_row(row, amplified(row.images, gain), row.explanation)


def write_equation(equation: Equation) -> None:
    """The equation, this step's numbers and the result; a formula without a name stands above its numbers."""
    left, _, right = equation.latex.partition(" = ")
    first, plus, rest = equation.numbers.rpartition(" + ")
    parts = [first, rf"\quad + {rest}"] if plus and len(equation.numbers) > LONGEST else [equation.numbers]
    numbers = re.sub(r"\|(.*)\|", r"\\lvert \1 \\rvert", r" \\ & ".join(parts))
    numbers = numbers.replace("−", "-").replace("·", r"\cdot ")
    name, equals = (f"{left} &= {right}", "&=") if right else (f"& {left}", r"&\quad =")
    lines = [name, *(f"{equals} {line}" for line in (numbers, rf"\mathbf{{{equation.value:.6f}}}") if line)]
    body = r" \\ ".join(lines)
    st.latex(rf"\begin{{aligned}} {body} \end{{aligned}}", width="content", help=equation.explanation)


def write_balance(step: Step, config: FamilyConfig) -> None:
    """The family's own state before and after the step, with the change."""
    for name in step.before.keys() & step.row.keys():
        before, after = step.before[name], step.row[name]
        before_and_after = f"{before:.6f} before this step, {after:.6f} after it."
        hint = f"{before_and_after} {config.balance_help}"
        st.metric(
            f"${config.metrics[name]}$",
            f"{after:.6f}",
            f"{after - before:+.6f}",
            delta_color="off",
            help=hint,
            border=True,
        )


def show_row(row: PictureRow, images: np.ndarray, caption: str, explained: bool = True) -> None:
    with st.container(gap="xsmall"):
        st.image(grid(images, columns=len(images), padding=0), width="stretch", alt=f"{row.symbol}. {caption}")
        if row.scores is not None:
            caption += " Discriminator output: " + ", ".join(f"{score:.2f}" for score in row.scores) + "."
        told = explained or row.symbol == "x"  # which may be a stand-in
        st.caption(f"**{row.symbol}**  {caption}" if told else f"**{row.symbol}**")


def download(name: str, step: Step, gain: int) -> None:
    facts = {"model": name, "iteration": step.number + 1, **step.settings, "amplified": gain, "software": "facedemo"}
    columns = len(step.pictures[0].images)
    st.download_button(
        "Pictures (PNG)",
        lambda: png(grid(sheet(step.pictures, step.changes, gain), columns), **facts, **step.row),
        plain_file_name(f"{name}-step-{step.number + 1}.png"),
        "image/png",
        on_click="ignore",
        icon=":material/download:",
        help="All rows of pictures in one image. Model, iteration, settings and numbers are written into the file.",
    )


def draw_charts(stepper: TrainingStepper, heading: bool = True) -> None:
    """Charts of the numbers of all steps taken, with the settings changed between them."""
    steps, labels = stepper.steps, dict(stepper.config.model.metrics)
    if len(steps) < 2:
        if not heading:
            st.caption("The curves appear after the second step.")
        return
    columns = {"step": [step.number + 1 for step in steps]}
    columns |= {name: [step.row[name] for step in steps] for name in labels}
    setting_changes = [
        SettingChange(after.number + 1, dict(after.settings.items() - before.settings.items()))
        for before, after in itertools.pairwise(steps)
        if after.settings != before.settings
    ]
    names = {tunable.name: tunable.title.split(",")[0] for tunable in family_tunables(type(stepper.config.model))}
    if heading:
        st.header("Over the steps", anchor=False)
    with st.grid(2, min_column_width=280):
        for name, figure in figures(columns, labels, setting_changes, names).items():
            # Few steps, late in a training: axes from 0 would show a flat line at the right edge
            figure.update_xaxes(rangemode="normal", tick0=columns["step"][0], dtick=max(1, len(steps) // TICKS))
            figure.update_yaxes(rangemode="normal")
            titled_plot(figure, stepper.config.model.metric_help.get(name), f"chart_{name}", ALL_BUTTONS)


def notes(stepper: TrainingStepper, examples: Examples) -> str:
    """Differences from the original training."""
    text = f"The real images here are {examples.description}"
    if examples.own:
        text += "."
    elif visitor.may_see_photographs():
        text += ", because the model's own training images are not prepared on this computer."
    else:
        text += ", because photographs are shown only on the computer that runs this app, or if you are signed in."
    if not stepper.resumed:
        text += " This model was saved without its optimiser state, so its first steps here are larger and "
        text += "noisier than those of its training."
    if (batch := stepper.config.model.batch_size) < stepper.batch_in_training:
        text += f" They use batches of {batch} images instead of {stepper.batch_in_training}, which is quicker."
    return text
