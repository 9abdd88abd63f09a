"""Controls created from the declarations of settings, and the order and the short titles of settings."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, get_args, get_origin

import streamlit as st

from facedemo.config.schema import RunConfig
from facedemo.gans.settings import FamilyConfig

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

CELL = 180  # pixels: wide enough for the title of every setting
FINE = "%.6g"  # shows 0.0003 as that, and 3e-7 as that


def control(name: str, field: "FieldInfo", key: str) -> None:
    """The control of one setting; its value is `st.session_state[key]`, which must be set."""
    title, hint = field.title or name, field.description
    if get_origin(field.annotation) is Literal:
        st.selectbox(title, get_args(field.annotation), key=key, persist_state="session", help=hint)
    elif field.annotation is bool:
        st.toggle(title, key=key, persist_state="session", help=hint)
    elif field.annotation is str:
        st.text_input(title, key=key, persist_state="session", help=hint)
    else:
        number_control(title, hint, *bounds(field), whole=field.annotation is int, key=key)


def bounds(field: "FieldInfo") -> tuple[float, float]:
    """The minimum and maximum of a bounded field."""
    limits = ("ge", "gt", "le", "lt")
    values = {name: getattr(item, name) for item in field.metadata for name in limits if hasattr(item, name)}
    low = values["ge"] if "ge" in values else math.nextafter(values["gt"], math.inf)
    high = values["le"] if "le" in values else math.nextafter(values["lt"], -math.inf)
    return low, high


def number_control(title: str, hint: str | None, low: float, high: float, whole: bool, key: str) -> None:
    kind = int if whole else float
    value = kind(min(max(st.session_state[key], low), high))
    if not isinstance(st.session_state[key], kind) or st.session_state[key] != value:
        st.session_state[key] = value  # only then: writing a value would discard what is being typed
    hint = f"{hint or title} From {low:,.6g} to {high:,.6g}."
    if not whole and (low, high) == (0.0, 1.0):
        st.slider(title, low, high, step=0.01, key=key, persist_state="session", help=hint)
        return
    step = max(1, int(fineness(value))) if whole else fineness(value)
    written = "%d" if whole else FINE
    st.number_input(
        title, kind(low), kind(high), step=step, format=written, key=key, persist_state="session", help=hint
    )


def fineness(value: float) -> float:
    """The step of the + button: a tenth of the value's leading digit."""
    return 10.0 ** (math.floor(math.log10(abs(value))) - 1) if value else 0.001


def own_first(names: Iterable[str], config: type[FamilyConfig]) -> list[str]:
    """Settings in display order: the family's own, then those of every family, then all others."""
    declared = list(config.model_fields)
    every = {name: (name in FamilyConfig.model_fields, declared.index(name)) for name in declared}
    return sorted(names, key=lambda name: every.get(name, (True, len(declared))))


def short_names(config: RunConfig) -> dict[str, str]:
    """Setting → its short title, up to a comma."""
    fields = type(config.model).model_fields | type(config.training).model_fields
    return {name: (field.title or name).split(",")[0] for name, field in fields.items()}
