"""Settings in the page's address, so that a link reproduces the screen."""

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import streamlit as st

Value = str | int | float | bool
MOST_NAMED = 5  # unusable parts of a list: anyone can write a long address


@dataclass(frozen=True)
class QueryParam:
    """One query parameter and the session-state key with the same meaning.

    parse: raises ValueError for unusable text.  complaint: what is wrong with an unusable value.  listed: the value is
    a list, joined by slashes, of which `parse` leaves out what is unusable.
    """

    default: Value
    parse: Callable[[str], Value]
    complaint: str
    listed: bool = False

    def unusable(self, text: str, value: Value) -> list[str]:
        """The parts of a list that are missing in its parsed value."""
        parts = dict.fromkeys(text.split("/")) if self.listed else {}
        return [part for part in parts if part and part not in str(value).split("/")][:MOST_NAMED]


def whole(low: int, high: int, default: int) -> QueryParam:
    def parse(text: str) -> int:
        return int(within(int(text), low, high))

    return QueryParam(default, parse, f"not a whole number from {low} to {high}")


def decimal(low: float, high: float, default: float) -> QueryParam:
    return QueryParam(default, lambda text: within(float(text), low, high), f"not a number from {low:g} to {high:g}")


def one_of(names: Collection[str], default: str) -> QueryParam:

    def parse(text: str) -> str:
        if text not in names:
            raise ValueError(text)
        return text

    return QueryParam(default, parse, "not available")


def flag(default: bool) -> QueryParam:
    return QueryParam(
        default, lambda text: one_of(("True", "False"), "False").parse(text) == "True", "not True or False"
    )


def within(number: float, low: float, high: float) -> float:
    if not (math.isfinite(number) and low <= number <= high):
        raise ValueError(number)
    return number


def load_from_url(settings: Mapping[str, QueryParam], page: str) -> list[str]:
    """Makes sure that session state holds a usable value of every setting, under `<page>_<name>`.

    An existing value takes precedence over the address, and the address over the default. There are two exceptions: an
    address that holds only some of the settings was not written by `write_to_url`, but is a link from another page; and
    Back and Forward in the browser change the address.  Returns the unusable values, in Markdown: anyone can write an
    address, and a model may be deleted while its page is open.
    """
    own_address = settings.keys() <= set(st.query_params)
    navigated = went_back_or_forward(page)
    ignore = st.session_state.get(f"{page}_outdated") == st.query_params.to_dict()
    ignored = []
    for name, setting in settings.items():
        key, linked = f"{page}_{name}", None if ignore else st.query_params.get(name)
        keep_current = key in st.session_state and (linked is None or (own_address and not navigated))
        text = str(st.session_state[key]) if keep_current else linked
        value = setting.default
        if text is not None:
            try:
                value = setting.parse(text)
                unusable = setting.unusable(text, value)
            except ValueError:
                unusable = [text]
            ignored += [f"`{name}={part[:40].replace('`', '')}` ({setting.complaint})" for part in unusable]
        if key not in st.session_state or st.session_state[key] != value:
            st.session_state[key] = value
    return ignored


def went_back_or_forward(page: str) -> bool:
    """Whether the browser shows another address of this page than the last one written, and no setting was changed.

    A setting that was changed makes the difference, because the browser may not have taken the last address yet.
    """
    written, address = st.session_state.get(f"{page}_address"), st.query_params.to_dict()
    if f"{page}_navigated" in st.session_state:
        return True  # found earlier in this run, or in one that Back or Forward ended: no address was written since
    if not written or all(address.get(name) == value for name, value in written.items()):
        return False
    if any(format(st.session_state.get(f"{page}_{name}")) != value for name, value in written.items()):
        return False
    st.session_state[f"{page}_navigated"] = True
    return True


def outdate_address(page: str) -> None:
    """Ignores the present address until the next one is written; for a callback that changes what the settings are.

    Otherwise the address of the previous mode or model would be read as a link to the new one. Clearing it would leave
    an empty address in the browser's history, to which Back would lead.
    """
    st.session_state[f"{page}_outdated"] = st.query_params.to_dict()


def write_to_url(settings: Mapping[str, QueryParam], page: str) -> None:
    """Writes the current settings into the address, including defaults: a link must survive a change of defaults."""
    address = {name: format(st.session_state[f"{page}_{name}"]) for name in settings}
    st.session_state[f"{page}_address"] = address
    for mark in ("navigated", "outdated"):
        st.session_state.pop(f"{page}_{mark}", None)
    if st.query_params.to_dict() != address:  # sent late, an unchanged one would undo the next Back or Forward
        st.query_params.from_dict(address)
