"""What a page keeps from one run of its script to the next, besides the values of its controls."""

from typing import TypeVar

import streamlit as st

State = TypeVar("State")


def session(kind: type[State], name: str = "") -> State:
    """This session's object of a dataclass, made at the first call; every field needs a default.

    name: for one of several objects of this kind.
    """
    return st.session_state.setdefault(f"{kind.__module__}.{kind.__qualname__} {name}".strip(), kind())
