"""Lesson 4: one step, with its equations."""

import base64
import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from facedemo.app import navigation
from facedemo.app.shared import cached_work, url_state
from facedemo.app.shared.session import session
from facedemo.app.views.learn import live
from facedemo.app.views.learn.lesson import Lesson, Question
from facedemo.imaging import pictures

if TYPE_CHECKING:
    from facedemo.gans.base import Equation  # for types only, because it imports torch

KEY = "learn_equations"
WARM_UP = 10  # iterations before the first step that is shown
GAMMA = 0.8  # of the preset that lessons train with
SETTINGS = {"gamma": url_state.decimal(0.05, 1.0, GAMMA)}
PLACES = {"x": "x", "D(x)": "dx", "G(z)": "gz", "D(G(z))": "dgz"}  # symbol → its picture
PARTS = {**{symbol: (symbol,) for symbol in PLACES}, "L(x)": ("x", "D(x)"), "L(G(z))": ("G(z)", "D(G(z))")}
SYMBOL = re.compile("(" + "|".join(re.escape(symbol) for symbol in sorted(PARTS, key=len, reverse=True)) + ")")
STYLE = """<style>
.one-step { display: flex; flex-wrap: wrap; gap: 2rem; }
.one-step > div { flex: 1 1 320px; min-width: 0; }
.one-step figure { margin: 0 0 0.75rem; padding: 6px; border: 3px solid transparent; border-radius: 8px; }
.one-step img { width: 100%; max-width: 384px; image-rendering: pixelated; display: block; }
.one-step figcaption { font-size: 0.875rem; opacity: 0.85; }
.one-step li { padding: 6px 8px; border: 3px solid transparent; border-radius: 8px; list-style: none; }
.one-step ul { padding: 0; margin: 0; }
.one-step li:hover, .one-step li:focus { border-color: var(--accent); outline: none; }
.one-step span { border-bottom: 1px dotted; cursor: default; }
.one-step span:hover { border-bottom: 2px solid var(--accent); }
.one-step code { font-size: 0.875rem; white-space: normal; background: none; padding: 0; }
"""
LOOP_STYLE = """<style>
.loop { display: flex; flex-wrap: wrap; gap: 0.75rem; list-style: none; font-size: 0.875rem; }
ol.loop { margin: 0 !important; padding: 0 !important; }
.loop li { position: relative; flex: 1 1 150px; margin: 0 1.25rem 0 0; padding: 0.5rem 0.75rem; }
.loop li { border: 2px solid var(--accent); border-radius: 8px; }
.loop li::after { content: "→"; position: absolute; right: -1.6rem; top: 50%; transform: translateY(-50%); }
.loop li::after { font-size: 1.25rem; }
@media (max-width: 640px) {
    ol.loop { flex-direction: column; gap: 1.75rem; padding-bottom: 1.5rem !important; }
    .loop li { flex: none; margin: 0 !important; }
    .loop li::after { content: "↓"; right: 50%; top: 100%; transform: translateX(50%); }
}
.loop li:last-child::after { content: "↺"; }
</style>"""


def symbols_in(formula: str) -> list[str]:
    """The symbols that have pictures, or are computed from those of two."""
    return list(dict.fromkeys(SYMBOL.findall(formula)))


def marked(formula: str) -> str:
    """The formula as HTML in which each of these symbols is an element of its own."""
    parts = SYMBOL.split(formula)
    return "".join(
        f'<span class="{name_of(part)}">{part}</span>' if part in PARTS else html.escape(part) for part in parts
    )


def name_of(symbol: str) -> str:
    return "of-" + "-".join(PLACES[part] for part in PARTS[symbol])


def lit(chosen: str, symbols: Iterable[str]) -> str:
    """The style that lights up the pictures of symbols.  chosen: the selector that says when."""
    places = dict.fromkeys(PLACES[part] for symbol in symbols for part in PARTS[symbol])
    rule = ", ".join(f".one-step{chosen} .picture-{place}" for place in places)
    return rule + " { border-color: var(--accent); }\n" if rule else ""


def drawing(view: Mapping[str, np.ndarray], equations: "list[Equation]") -> str:
    """The pictures and the equations of a step as HTML that needs no script."""
    figures = []
    for symbol, images in view.items():
        row = pictures.png(np.asarray(pictures.grid(images, columns=len(images), padding=0)))
        source = "data:image/png;base64," + base64.b64encode(row).decode()
        figures.append(
            f'<figure class="picture-{PLACES[symbol]}"><img src="{source}" alt="">'
            f"<figcaption>{symbol}: {html.escape(live.SYMBOLS[symbol])}</figcaption></figure>"
        )
    rows, styles = [], [lit(f":has(.{name_of(symbol)}:hover)", [symbol]) for symbol in PARTS]
    for number, equation in enumerate(equations):
        chosen = f":has(.equation-{number}:is(:hover, :focus)):not(:has(span:hover))"
        styles.append(lit(chosen, symbols_in(equation.formula)))
        numbers = f"<br><code>= {html.escape(equation.numbers)}</code>" if equation.numbers else ""
        rows.append(
            f'<li tabindex="0" class="equation-{number}"><code><b>{html.escape(equation.symbol)}</b> = '
            f"{marked(equation.formula)}</code>{numbers}<br><code>= <b>{equation.value:.5f}</b></code>"
            f"<br>{html.escape(equation.explanation)}</li>"
        )
    style = STYLE + "".join(styles) + "</style>"
    return f'{style}<div class="one-step"><div>{"".join(figures)}</div><div><ul>{"".join(rows)}</ul></div></div>'


def loop(equations: "list[Equation]") -> str:
    """The way from G over D to k_t and back as HTML, with the numbers of a step."""
    value = {equation.symbol: equation.value for equation in equations}
    stations = (
        ("G", "draws faces G(z) from random z"),
        ("D", "redraws them, and photographs x"),
        ("L", f"L(x) = {value['L(x)']:.3f}, L(G(z)) = {value['L(G(z))']:.3f}"),
        ("k_t", f"becomes {value['k_t+1']:.4f}: how hard D tries to redraw G's faces badly in the next step"),
    )
    boxes = "".join(f"<li><b>{name}</b><br>{html.escape(text)}</li>" for name, text in stations)
    return f'{LOOP_STYLE}<ol class="loop" aria-label="The loop of one training step">{boxes}</ol>'


def change_of_k(equations: "list[Equation]") -> str:
    """What happened to k_t in a step, and why, in a sentence."""
    value = {equation.symbol: equation.value for equation in equations}
    side, change, limit = ("below", "rises", 1) if value["balance"] > 0 else ("above", "falls", 0)
    if value["k_t+1"] == limit:
        change = f"stays at its limit, {limit}"
    return f"In this step, L(G(z)) is {side} its target γ · L(x), so k_t {change}."


@dataclass
class Steps:
    """requested: how many are still to be run.  last: the equations of the last one."""

    requested: int | None = None
    last: "list[Equation]" = field(default_factory=list)


def request(steps: int) -> None:
    session(Steps).requested = steps


def run_requested(training: "live.LiveTraining") -> None:
    """Runs the requested steps, and keeps the equations of the last one. A click meanwhile ends this."""
    steps = session(Steps)
    number, steps.requested = steps.requested, None
    if number is None:
        number = WARM_UP if training.step == 0 else 0
    with cached_work.progress_bar("Training, step", partial(request, 0), f"{KEY}_cancel") as progress:
        for done in range(1, number + 1):
            steps.last = training.explained_step()
            progress(done, number)


def show_one_step(answered: bool) -> None:
    training = live.trainings(KEY, {"": {}})[""]
    with st.container(horizontal=True, vertical_alignment="center"):
        hint = "Run one training step; it changes the networks only a little."
        st.button("One step", type="primary", icon=":material/skip_next:", on_click=request, args=(1,), help=hint)
        hint = "Run a hundred steps, and show the last one."
        st.button("100 steps", icon=":material/fast_forward:", on_click=request, args=(100,), help=hint)
        if answered:
            hint = "The goal for L(G(z)) / L(x), from the next step on. With a low γ, L(G(z)) is soon above its target."
            st.slider("γ", 0.05, 1.0, step=0.05, key="learn_gamma", help=hint, width=220)
        iteration = st.empty()
    if st.session_state.learn_gamma != training.settings["gamma"]:
        training.steer(gamma=st.session_state.learn_gamma)
    run_requested(training)
    iteration.caption(f"Iteration {training.step:,}")
    if not answered:
        st.image(
            live.enlarged_row(training.discriminator_view()["G(z)"]), width=live.SIDE, alt="Four generated faces, G(z)"
        )
        return
    step = session(Steps).last
    st.html(loop(step))
    st.markdown(change_of_k(step))
    st.caption(
        "Point at a symbol, such as D(x): its picture lights up. Point at an equation, or reach it with Tab: all its "
        "pictures do."
    )
    st.html(drawing(training.discriminator_view(), step))


LESSON = Lesson(
    "equations",
    "One step, with its equations",
    "A training repeats one step thousands of times. G draws faces from random z, D redraws them and some "
    "photographs, and two losses come out: L(x) for photographs and L(G(z)) for G's faces. D changes its own numbers, "
    "its weights, to lower L(x) and raise L(G(z)); G changes its weights to lower L(G(z)). Then k_t, which says how "
    "much L(G(z)) counts for D, moves a little, and the next step begins.",
    Question(
        "L(G(z)) is below its target γ · L(x): G is ahead. What does k_t do?",
        [
            "It rises, so that D tries harder to redraw G's faces badly",
            "It falls, so that G can catch up",
            "It stays the same",
        ],
        0,
        "The difference γ · L(x) − L(G(z)) is positive, so k_t rises by a small multiple of it. D then puts more "
        "effort into redrawing G's faces badly, and balance is restored. In the step below, L(G(z)) may be above its "
        "target instead.",
    ),
    show_one_step,
    navigation.STEP,
    "Run a trained model step by step, forwards and backwards",
    SETTINGS,
)
