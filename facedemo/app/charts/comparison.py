"""Charts that compare models, as plotly figures: evaluations during training, and quality against diversity."""

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from facedemo.app.charts.overlay import AXES, DASHES, HOVER, LEGEND_ROW
from facedemo.app.charts.training import COLOURS, layout_of, style
from facedemo.runs.evaluations import Evaluation

OVER = {"minutes": "Minutes", "images": "Images"}
DIVERSITY = {"people": "Distinct people", "distance": "Fréchet distance"}


@dataclass(frozen=True)
class Measure:
    """A measure of evaluations during training.  value: of an evaluation; None if it was not measured."""

    title: str
    unit: str
    hover: str
    hint: str
    value: Callable[[Evaluation], float | None]


MEASURES = {
    "detected": Measure(
        "Detection rate",
        "faces detected, %",
        "%{y:.1f} %",
        "Share of generated images in which `face_recognition` detects a face. Higher is better, but it alone does not "
        "measure quality: smooth average faces are easily detected.",
        lambda row: 100 * row.share,
    ),
    "people": Measure(
        "Distinct people",
        "people, % of those on real images",
        "%{y:.0f} %",
        "Number of distinct people on the generated images, compared with the same number of real images. Higher is "
        "better.",
        lambda row: 100 * row.people / row.real_people if row.people and row.real_people else None,
    ),
    "distance": Measure(
        "Fréchet face distance",
        "distance",
        "%{y:.3f}",
        "Distance between the distributions of generated and real faces, by their face embeddings. Lower is better.",
        lambda row: row.distance,
    ),
}


def evaluation_chart(evaluations: Mapping[str, Sequence[Evaluation]], measure: Measure, over: str) -> go.Figure | None:
    """A measure over the training, one line per label; None if nobody was measured by it.

    over: a key of AXES.
    """
    column, unit, axis_label = AXES[over]
    points = {
        label: [(getattr(row, column) / unit, value) for row in rows if (value := measure.value(row)) is not None]
        for label, rows in evaluations.items()
    }
    if not any(points.values()):
        return None
    figure = go.Figure()
    styles = [{"color": colour, "dash": dash, "width": 2} for dash in DASHES for colour in COLOURS]
    for (label, line), line_style in zip(points.items(), styles * len(evaluations), strict=False):
        figure.add_scatter(
            x=[x for x, _ in line],
            y=[y for _, y in line],
            name=html.escape(label),
            mode="lines+markers",
            line=line_style,
            hovertemplate=measure.hover,
        )
    several = len(evaluations) > 1
    style(figure, measure.title, measure.unit, rows=0, legend=several, logarithmic=False)
    if several:
        figure.update_layout(
            legend={"orientation": "v", "x": 0, "xanchor": "left", "y": 0, "yanchor": "bottom", "yref": "container"},
            height=layout_of(figure).height + 24 + LEGEND_ROW * len(evaluations),
            margin_b=64 + LEGEND_ROW * len(evaluations),
        )
    figure.update_layout(uirevision=over)
    figure.update_xaxes(title_text=axis_label, unifiedhovertitle_text=HOVER[over], automargin=not several)
    return figure


@dataclass(frozen=True)
class Point:
    """An evaluated model.  share, low, high: its detection rate in percent, with the 95 % interval.

    people, distance: None if too few faces were detected.
    """

    label: str
    share: float
    low: float
    high: float
    people: int | None
    distance: float | None


def sweep_chart(points: Sequence[Point], diversity: str) -> go.Figure:
    """Quality against diversity: one labelled point per model, joined in order.

    diversity: a key of DIVERSITY; points without it are left out.
    """
    measured_points = [point for point in points if getattr(point, diversity) is not None]
    shares = [point.share for point in measured_points]
    figure = go.Figure(
        go.Scatter(
            x=[getattr(point, diversity) for point in measured_points],
            y=shares,
            text=[html.escape(point.label) for point in measured_points],
            customdata=[point.label for point in measured_points],
            error_y={
                "type": "data",
                "array": [point.high - point.share for point in measured_points],
                "arrayminus": [point.share - point.low for point in measured_points],
                "thickness": 1,
                "width": 4,
            },
            mode="lines+markers+text",
            textposition="top right",
            line={"color": COLOURS[0], "width": 1, "dash": "dot"},
            marker={"size": 12, "color": COLOURS[0]},
            hovertemplate="<b>%{text}</b><br>%{y:.1f} % of its faces detected<br>%{x:.4g} "
            + DIVERSITY[diversity].lower()
            + "<extra></extra>",
            cliponaxis=False,
        )
    )
    style(figure, "Quality against diversity", "faces detected, %", rows=0, legend=False, logarithmic=False)
    better = "more varied →" if diversity == "people" else "← closer to real faces"
    figure.update_xaxes(title_text=f"{DIVERSITY[diversity].lower()} ({better})", rangemode="normal")
    figure.update_layout(hovermode="closest", clickmode="event+select", height=400, uirevision=diversity)
    return figure
