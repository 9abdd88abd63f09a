"""Loads the code of charts into the browser before a page needs it; shows nothing."""

from pathlib import Path

import streamlit as st
from streamlit.components.v2 import component

FILE = next((path.name for path in Path(st.__file__).parent.glob("static/static/js/PlotlyChart.*.js")), "")

_component = component("facedemo.chart_code", js=Path(__file__).with_name("chart_code.js").read_text("utf8"))


def load_chart_code() -> None:
    """To be called on a page on which visitors spend some time; without effect if Streamlit has no such file."""
    _component(data={"file": FILE}, key="chart_code", height=1)
