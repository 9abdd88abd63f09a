"""The charts of the evaluations while one or several models train."""

from collections.abc import Mapping, Sequence

import streamlit as st

from facedemo.app.charts import comparison
from facedemo.app.shared.plot import titled_plot
from facedemo.runs.evaluations import Evaluation

ABOUT = (
    "While a model trains, `face_recognition` runs on 500 faces of the same seeds from time to time, in a separate "
    "process at lower priority. They are compared with real faces that the model does not train on, if there are any."
)


def charts(evaluations: Mapping[str, Sequence[Evaluation]], over: str) -> None:
    """One chart for each measure, a line for each label.  over: a key of `charts.overlay.AXES`."""
    with st.grid(2, min_column_width=340):
        for name, measure in comparison.MEASURES.items():
            figure = comparison.evaluation_chart(evaluations, measure, over)
            if figure is None:
                continue
            titled_plot(figure, measure.hint, key=f"evaluations_{name}")
