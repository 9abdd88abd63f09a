"""Keeps the tooltips of charts when they are redrawn; it shows nothing itself."""

from pathlib import Path

from streamlit.components.v2 import component

_component = component("facedemo.keep_hover", js=Path(__file__).with_name("keep_hover.js").read_text("utf8"))


def keep_hover() -> None:
    """To be called on every page."""
    _component(key="keep_hover", height=1)
