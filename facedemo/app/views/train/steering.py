"""The panel of live settings of a run: what is in force, what is pending, and undo."""

import math
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from facedemo.app.shared.markdown import escaped
from facedemo.app.shared.session import session
from facedemo.app.shared.setting_controls import control, own_first, short_names
from facedemo.config.messages import error_message
from facedemo.config.schedule import LEARNING_RATE_FIELD, SettingChange, SettingsSchedule
from facedemo.config.schema import RunConfig
from facedemo.runs.directory import RunError
from facedemo.runs.run import Run


@dataclass
class Shown:
    """The settings that the controls were filled with, for a version of a run's settings; an error not shown yet."""

    version: tuple[str, int] = ("", 0)
    values: dict[str, float] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True)
class InForce:
    """A run's current settings, and the values that the last change replaced."""

    values: dict[str, float]  # of all live settings; learning rates after decay
    pending: dict[str, float]  # requested, not yet applied by the training
    undo: dict[str, float]
    version: int  # increases with every change


def in_force(run: Run, config: RunConfig, step: int) -> InForce:
    """Replays a run's changes, and then the pending commands."""
    steering, undo = SettingsSchedule(config), []
    changes = run.setting_changes()
    answered = {change.command for change in changes}
    pending = [
        SettingChange(max(step, *(change.step for change in changes), 0), command.changes, command.id)
        for command in run.commands()
        if command.action == "set" and command.id not in answered
    ]
    for change in filter(steering.fits, [*changes, *pending]):
        record_undo(undo, steering, change)
        steering.apply(change)
    pending_values = {name: value for change in pending for name, value in change.changes.items()}
    return InForce(values(steering, step), pending_values, undo[-1] if undo else {}, len(changes) + len(pending))


def record_undo(undo: list[dict[str, float]], steering: SettingsSchedule, change: SettingChange) -> None:
    """Records the values that a change replaces; a change that undoes the one before removes that one instead."""
    if undo and undo[-1] == change.changes:
        undo.pop()
    else:
        before = values(steering, change.step)
        undo.append({name: before[name] for name in change.changes})


def values(steering: SettingsSchedule, step: int) -> dict[str, float]:
    config = steering.config
    settings = config.model.model_dump() | config.training.model_dump()
    rates = {name: float(f"{steering.rate(network, step):.4g}") for network, name in LEARNING_RATE_FIELD.items()}
    return {name: settings[name] for name in config.steerable()} | rates


def steer(run: Run, changes: dict[str, float]) -> None:
    try:
        run.steer(**changes)
    except (RunError, ValueError, OSError) as error:
        session(Shown).problem = error_message(error)


def show_values(run: Run, now: InForce) -> None:
    """Fills the controls with the current settings if the run or its settings have changed."""
    version, shown = (run.id, now.version), session(Shown)
    missing = any(f"steer_{name}" not in st.session_state for name in now.values)
    if missing or shown.version != version:
        shown.version, shown.values = version, dict(now.values)
        for name, value in now.values.items():
            st.session_state[f"steer_{name}"] = value


def panel(run: Run, config: RunConfig, step: int, active: bool) -> None:
    """Live settings with undo, the family's own first; a stopped run applies them when it is resumed."""
    now, names = in_force(run, config, step), short_names(config)
    show_values(run, now)
    fields: dict[str, Any] = type(config.model).model_fields | type(config.training).model_fields
    first, *others = own_first(now.values, type(config.model))
    control(first, fields[first], f"steer_{first}")
    actions = st.container()
    with st.expander("Other settings", icon=":material/tune:", key="steer_others"), st.grid(2, min_column_width=200):
        for name in others:
            control(name, fields[name], f"steer_{name}")
    with actions:
        apply_and_undo(run, now, names)
        if problem := session(Shown).problem:
            st.error(escaped(problem))
            session(Shown).problem = ""
        elif now.pending:
            when = "applied at the next iteration" if active else "applied when the run is resumed"
            st.caption(f"Pending: {changes_text(now.pending, names)}, {when}.")


def changed_controls(now: InForce) -> dict[str, float]:
    """The settings whose controls differ from the current value."""
    shown = session(Shown).values
    chosen = {name: st.session_state[f"steer_{name}"] for name in now.values}
    return {name: value for name, value in chosen.items() if not math.isclose(value, shown[name], rel_tol=1e-9)}


def apply_changed(run: Run, now: InForce) -> None:
    """Requests the changed settings; a callback, so that a value still being typed at the click is included."""
    if changes := changed_controls(now):
        steer(run, changes)


def apply_and_undo(run: Run, now: InForce, names: dict[str, str]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Apply",
            type="primary",
            on_click=apply_changed,
            args=(run, now),
            help="Apply these settings from the next iteration on. Charts show the change as a vertical line.",
        )
        undo_button(run, now, names)
    shown = session(Shown).values
    for name, value in changed_controls(now).items():
        st.caption(f"{names.get(name, name)}: {shown[name]:.4g} → {value:.4g}, not applied yet")


def undo_button(run: Run, now: InForce, names: dict[str, str]) -> None:
    st.button(
        f"Undo: back to {changes_text(now.undo, names)}" if now.undo else "Undo",
        on_click=steer,
        args=(run, now.undo),
        disabled=not now.undo,
        icon=":material/undo:",
        help="Undo the last change; press again to undo the change before it.",
    )


def changes_text(changes: dict[str, float], names: dict[str, str]) -> str:
    return ", ".join(f"{names.get(name, name)} = {value:.4g}" for name, value in changes.items())
