"""Makes the pages shorter to walk through by keyboard, and F1 show a control's help; it shows nothing itself."""

from pathlib import Path

from streamlit.components.v2 import component

_component = component("facedemo.keyboard", js=Path(__file__).with_name("keyboard.js").read_text("utf8"))


def keyboard() -> None:
    """To be called once per page; it takes effect until the page is reloaded."""
    _component(key="keyboard", height=1)
