"""Keeps the keyboard's focus where it was if the control in focus disappears; shows nothing itself."""

from pathlib import Path

from streamlit.components.v2 import component

_component = component("facedemo.keep_focus", js=Path(__file__).with_name("keep_focus.js").read_text("utf8"))


def keep_focus() -> None:
    """To be called once per page; it takes effect until the page is reloaded."""
    _component(key="keep_focus", height=1)
