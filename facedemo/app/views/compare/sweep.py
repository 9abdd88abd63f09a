"""A sweep over γ: the evaluated models as points of quality and diversity."""

from collections.abc import Mapping

import streamlit as st

from facedemo.app.charts import comparison
from facedemo.app.shared.markdown import escaped
from facedemo.app.shared.plot import ALL_BUTTONS, titled_plot
from facedemo.app.shared.run_controls import generate_button
from facedemo.app.shared.segments import segments
from facedemo.evaluation.report import Report, load_evaluation
from facedemo.runs.run import Run

EXPLANATION = (
    "Each point is a model, trained with its own γ. The higher it is, the more of its faces are detected; the bars are "
    "the range in which the rate of many more faces would most likely lie. No γ is best at everything: a low one gives "
    "clear faces that are alike."
)


def show_sweep(runs: Mapping[str, Run], active: bool) -> None:
    """Quality against diversity in one chart; selecting a point offers to generate faces with its model."""
    points = [point(label, report) for label, run in runs.items() if (report := load_evaluation(run.path))]
    if not points:
        st.caption(
            "A point appears for each γ when its training is finished." if active else "No γ has been evaluated yet."
        )
        return
    measured = [name for name in comparison.DIVERSITY if any(getattr(item, name) is not None for item in points)]
    if not measured:
        st.caption("No faces were detected on the images of these models.")
        return
    if st.session_state.get("sweep_diversity") not in measured:
        st.session_state.sweep_diversity = measured[0]
    diversity = st.session_state.sweep_diversity
    if len(measured) > 1:
        diversity = segments(
            "Diversity measure",
            {name: comparison.DIVERSITY[name] for name in measured},
            key="sweep_diversity",
            hint="Distinct people: the number of different people among the faces. Fréchet distance: the distance of "
            "the generated faces to real ones, which combines quality and variety.",
        )
    figure = comparison.sweep_chart(points, diversity)
    about = f"the models with different γ: detection rate against {comparison.DIVERSITY[diversity].lower()}"
    event = titled_plot(
        figure, EXPLANATION, "sweep_chart", ALL_BUTTONS, of=about, on_select="rerun", selection_mode="points"
    )
    chosen = [item["customdata"] for item in event["selection"]["points"] if item.get("customdata")]
    label = chosen[0] if chosen else ""
    label = label[0] if isinstance(label, list) else label
    if label in runs:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{escaped(label)}** is selected.", width="content")
            generate_button(runs[label], key="sweep_generate")
    else:
        st.caption("Click a point to generate faces with its model.")


def point(label: str, report: Report) -> comparison.Point:
    row = report.generated
    low, high = 100 * (1 - row.undetected.high), 100 * (1 - row.undetected.low)
    return comparison.Point(label, 100 * (1 - row.undetected.share), low, high, row.people or None, row.distance)
