"""Loads the code of charts, tables, formulas and controls into the browser before a page needs it; shows nothing."""

from pathlib import Path

import streamlit as st
from streamlit.components.v2 import component

PARTS = ("PlotlyChart", "DataFrame", "rehype-katex", "Selectbox", "NumberInput", "Slider")
SCRIPTS = Path(st.__file__).parent / "static/static/js"
FILES = [path.name for part in PARTS for path in SCRIPTS.glob(f"{part}.*.js")]

_component = component("facedemo.preload", js=Path(__file__).with_name("preload.js").read_text("utf8"))


def preload() -> None:
    """To be called on a page on which visitors spend some time; without effect if Streamlit has no such files."""
    _component(data={"files": FILES}, key="preload", height=1)
