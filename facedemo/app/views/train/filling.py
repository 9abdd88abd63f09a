"""What fills the controls of the form for a new run: a preset, a family, or the model to start from.

Each control is `st.session_state[key(section, name)]`, the section being the family, "training" or "data".
"""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from facedemo.app.shared import budget
from facedemo.app.shared.session import session
from facedemo.config.messages import error_message
from facedemo.config.presets import PRESETS, configure, start_of
from facedemo.config.schema import RunConfig
from facedemo.gans.registry import config_class

OF_THE_IMAGES = ("source", "split")  # settings that belong to the images, not to the preset


@dataclass
class Filling:
    """start_problem, preset_problem: why a choice was undone, until that is shown.  own_images: whether the split was
    last chosen for the visitor's own images.  of_preset: what a preset filled the controls with.
    """

    start_problem: str = ""
    preset_problem: str = ""
    own_images: bool | None = None
    of_preset: RunConfig | None = None


def key(*names: str) -> str:
    return "new_" + "_".join(names)


def fill(config: RunConfig) -> None:
    """Fills the controls from a config, except for its name, its data, and what was chosen for one's own images."""
    st.session_state[key("family")] = config.family
    sections = {config.family: config.model, "training": config.training, "data": config.data}
    kept = {"split"}  # it depends on the images, see `form.own_image_controls`
    if session(Filling).own_images and st.session_state.get(key("data", "crop"), "auto") != "auto":
        kept.add("crop")
    for section, part in sections.items():
        for name in type(part).model_fields:
            if name not in kept:
                st.session_state[key(section, name)] = getattr(part, name)
    budget.fill(config.budget.model_dump(), key("budget"))


def changed(config: RunConfig) -> list[str]:
    """The settings of the form that differ from its preset's: "γ 0.8 → 0.6"."""
    preset = st.session_state[key("preset")]
    usual = session(Filling).of_preset if start_of(preset) else configure({}, preset)
    if usual is None:
        return []
    same = usual.family == config.family
    changes = [] if same else [f"Family {config_class(usual.family).title} → {config_class(config.family).title}"]
    for section in ("model", "training", "data") if same else ("training", "data"):
        before, now = getattr(usual, section), getattr(config, section)
        for name, field in type(now).model_fields.items():
            if name not in OF_THE_IMAGES and getattr(before, name) != getattr(now, name):
                title = (field.title or name).partition(",")[0]
                changes.append(f"{title} {shown(getattr(before, name))} → {shown(getattr(now, name))}")
    if usual.budget != config.budget:
        changes.append(f"{usual.budget.text} → {config.budget.text}")
    return changes


def shown(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:,}" if isinstance(value, int | float) else str(value) or "–"


def fill_preset() -> None:
    preset = st.session_state[key("preset")]
    if not start_of(preset):
        fill(configure({}, preset))
    elif problem := fill_tuning({}, preset):
        st.session_state[key("preset")] = next(iter(PRESETS))
        fill_preset()
        session(Filling).preset_problem = problem


def use_preset(preset: str) -> None:
    st.session_state[key("preset")] = preset
    fill_preset()


def fill_family() -> None:
    fill(RunConfig(family=st.session_state[key("family")]))


def fill_start() -> None:
    """Fills the controls from the start model's settings, because its weights require them."""
    start = st.session_state[key("training", "start")]
    if start and (problem := fill_tuning({"start": start, "minutes": 60})):
        st.session_state[key("training", "start")] = ""
        session(Filling).start_problem = problem


def fill_tuning(options: dict[str, Any], preset: str | None = None) -> str:
    """Fills the controls for fine-tuning a model; returns why that is impossible, or ""."""
    from facedemo.training import warm_start  # imports torch, which the form need not wait for

    try:
        config = warm_start.configured(options, preset)
        fill(config)
        if preset:
            session(Filling).of_preset = config
    except (ValueError, OSError) as error:
        return error_message(error)
    return ""
