"""Lets Back leave a page at the first press; it shows nothing."""

from pathlib import Path

from streamlit.components.v2 import component

_component = component("facedemo.page_history", js=Path(__file__).with_name("page_history.js").read_text("utf8"))


def page_history() -> None:
    """To be called once per page; it takes effect until the page is reloaded."""
    _component(key="page_history", height=1)
