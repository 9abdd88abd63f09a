"""An invisible component that keeps the tooltips of charts when they are redrawn."""

from pathlib import Path

import streamlit as st

_component = st.components.v2.component(
    "facedemo.keep_hover", js=Path(__file__).with_name("keep_hover.js").read_text("utf8")
)


def keep_hover(version: int) -> None:
    """Call it after the charts.  version: must change whenever charts may have been added or redrawn."""
    _component(data={"version": version}, key="keep_hover", height=1)
