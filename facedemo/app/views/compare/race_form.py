"""The form for a new race or sweep."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import streamlit as st

from facedemo.app.shared import budget as budgets
from facedemo.app.shared import estimate, setting_controls, training_images
from facedemo.app.shared.format import duration
from facedemo.app.shared.markdown import escaped
from facedemo.comparison import commands, entrants, race
from facedemo.comparison.race import Kind, Race
from facedemo.config.messages import error_message
from facedemo.config.schema import BUILTIN_SOURCE, DEFAULT_FAMILY, RunConfig, amount
from facedemo.gans.registry import config_class, family_names
from facedemo.gans.settings import SIZES
from facedemo.runs import queue
from facedemo.training.speed import speed_key

GAMMAS = tuple(round(0.1 * tenth, 1) for tenth in range(1, 11))
IMAGES = 30_000  # the default budget for each model: the same for all, however fast they are
DEFAULTS = {"size": 64, "count": 500, "seed": 0, "gammas": [0.3, 0.5, 0.7, 0.9]}


def key(name: str) -> str:
    return f"race_{name}"


def show_race_form(kind: Kind, busy: bool, on_start: Callable[[str], None]) -> None:
    """busy: another race is running.  on_start: called with the name of the new race."""
    for name, value in DEFAULTS.items():
        st.session_state.setdefault(key(name), value)
    if key("budget_kind") not in st.session_state:
        budgets.fill({"images": IMAGES}, key("budget"))
    st.session_state.setdefault(key("families"), family_names())
    st.header("New sweep" if kind == "sweep" else "New race", anchor=False)
    training_images.control()
    if kind == "sweep":
        st.multiselect(
            "Values of γ",
            GAMMAS,
            key=key("gammas"),
            persist_state="session",
            format_func="{:g}".format,
            help=f"Values of γ; one model of the family “{DEFAULT_FAMILY}” is trained with each. Low: smooth faces "
            "that look alike. High: sharper and more varied faces, less stable.",
        )
    else:
        st.pills(
            "Families",
            family_names(),
            selection_mode="multi",
            format_func=lambda name: config_class(name).title,
            key=key("families"),
            persist_state="session",
            help="Families to train, each with its paper's or our best-measured settings.",
        )
    budget = number_controls()
    many = len(st.session_state[key("gammas" if kind == "sweep" else "families")])
    st.caption(plan_summary(many, budget))
    if many >= 2 and "minutes" not in budget:
        show_time(kind, budget, busy or queue.is_training())
    if busy:
        after = "This one waits until it has finished" if queue.is_full() else "Both share the CPU, which is not fair"
        st.info(f"Another race is running. {after}.")
    hint = "Train in a separate process at low priority: the race continues if you close or reload this page."
    label = "Start the sweep" if kind == "sweep" else "Start the race"
    if st.button(label, type="primary", icon=":material/play_arrow:", help=hint, disabled=many < 2):
        start_race(kind, budget, on_start)


def number_controls() -> dict[str, float]:
    """Budget, size, seed and the number of faces to evaluate; returns the budget."""
    with st.grid(4, min_column_width=setting_controls.CELL):
        budget = budgets.control(key("budget"))
        st.selectbox(
            "Image size",
            SIZES,
            key=key("size"),
            persist_state="session",
            format_func=lambda size: f"{size}×{size}",
            help="Side of the images in pixels. 32 is for quick races: face detection is less reliable at that size.",
        )
        st.number_input(
            "Seed",
            0,
            2**32 - 1,
            key=key("seed"),
            persist_state="session",
            help="Seeds the initial weights, the data order and the evaluated faces, the same for every model.",
        )
        st.number_input(
            "Faces evaluated",
            0,
            10_000,
            step=100,
            key=key("count"),
            persist_state="session",
            help="Number of faces to evaluate per model at the end, for the table. The paper evaluates 1,000; 500 take "
            "about half a minute. 0: no evaluation.",
        )
    return budget


def plan_summary(many: int, budget: dict[str, float]) -> str:
    if many < 2:
        return "Choose at least two."
    kind, limit = next(iter(budget.items()))
    total = f", {amount(many * limit, kind)} in all" if kind == "minutes" else ""
    summary = f"{many} models train one after another, {amount(limit, kind)} each{total}. "
    if kind == "iterations":
        summary += "Families use different numbers of images per iteration, so a budget in images is fairer. "
    if kind == "minutes":
        summary += "A model that trains faster sees more images in that time. "
    if kind != "iterations" and training_images.are_own():
        summary += "Of your own images, four fifths are used for training and the rest for evaluation."
    return summary


def start_race(kind: Kind, budget: dict[str, float], on_start: Callable[[str], None]) -> None:
    """Starts the race that the form describes; if that fails, shows the reason."""
    try:
        estimate.cancel()
        with st.spinner("Starting…", show_time=False):
            race_started = create(kind, budget)
            race_started.launch_new()
    except (ValueError, OSError) as error:
        st.error(escaped(error_message(error)), title="Not started")
        return
    on_start(race_started.id)
    st.rerun()


def show_time(kind: Kind, budget: dict[str, float], busy: bool) -> None:
    """How long the race that the form describes will take; nothing if its settings are invalid."""
    source = "images" if training_images.are_own() else BUILTIN_SOURCE  # not read yet
    with suppress(ValueError):
        configs = entrant_configs(kind, options(source, budget))
        estimate.show_estimate([*configs.values()], busy, lambda times: time_of_race(configs, times))


def time_of_race(configs: Mapping[str, RunConfig], times: list[float]) -> str:
    """The whole time, and each model's if they differ."""
    first = next(iter(configs.values()))
    in_all = f"**{estimate.about(sum(times)).capitalize()}** of training in all"
    if len({speed_key(config) for config in configs.values()}) == 1:
        rate = f", at {estimate.rate(first)}"
    else:
        pairs = zip(configs, times, strict=True)
        each = ", ".join(f"{label} {duration(estimate.round_time(time))}" for label, time in pairs)
        rate = f", measured on this computer: {escaped(each)}."
    count = st.session_state[key("count")]
    after = f" Evaluating {amount(count, 'faces')} of each model comes on top." if count else ""
    return f"{in_all}{rate}{estimate.before(first)}{after}"


def options(source: str, budget: dict[str, float]) -> dict[str, Any]:
    """The settings of the form, without those that the models differ in."""
    state = st.session_state
    return {"source": source, "size": state[key("size")], "seed": state[key("seed")], **budget}


def families_and_gammas(kind: Kind) -> tuple[list[str], list[float]]:
    state = st.session_state
    return ([DEFAULT_FAMILY], sorted(state[key("gammas")])) if kind == "sweep" else (state[key("families")], [])


def entrant_configs(kind: Kind, shared: dict[str, Any]) -> dict[str, RunConfig]:
    """Raises ValueError if a setting is invalid."""
    return entrants.entrant_configs(entrants.race_options(shared), *families_and_gammas(kind))


def create(kind: Kind, budget: dict[str, float]) -> Race:
    """Creates the race that the form describes.  Raises ValueError or OSError if that is impossible."""
    shared = options(training_images.chosen_source(), budget)
    evaluation = {"seed": shared["seed"], "count": st.session_state[key("count")]}
    command = commands.race_command(shared, *families_and_gammas(kind), None, {**evaluation, "copies": False})
    return race.create_race(entrant_configs(kind, shared), kind=kind, command=command, **evaluation)
