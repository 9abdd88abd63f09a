"""Charts that compare models, as plotly figures: detection rate over training, and quality against diversity."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from facedemo.app.charts.overlay import AXES, DASHES, LEGEND_ROW
from facedemo.app.charts.training import COLOURS, style

OVER = {"minutes": "Minutes", "images": "Images"}
DIVERSITY = {"people": "Distinct people", "distance": "Fréchet distance"}


def detection_chart(found: Mapping[str, Sequence[Mapping[str, float]]], over: str) -> go.Figure:
    """Detection rate in percent over training, one line per label.

    found: label → rows as `race.detection` gives them.  over: a key of OVER.
    """
    column, unit, words = AXES[over]
    figure = go.Figure()
    styles = [{"color": colour, "dash": dash, "width": 2} for dash in DASHES for colour in COLOURS]
    for (label, rows), line_style in zip(found.items(), styles * len(found), strict=False):
        figure.add_scatter(
            x=[row[column] / unit for row in rows],
            y=[100 * row["found"] / row["of"] for row in rows],
            name=html.escape(label),
            mode="lines+markers",
            line=line_style,
            hovertemplate="%{y:.0f} %",
        )
    style(figure, "Detection rate", "faces detected, %", rows=0, legend=True, logarithmic=False)
    figure.update_layout(
        legend={"orientation": "v", "x": 0, "xanchor": "left", "y": 0, "yanchor": "bottom", "yref": "container"},
        height=figure.layout.height + 24 + LEGEND_ROW * len(found),
        margin_b=64 + LEGEND_ROW * len(found),
        uirevision=over,
    )
    figure.update_xaxes(title_text=words, automargin=False)
    figure.update_yaxes(range=[-2, 102])
    return figure


@dataclass(frozen=True)
class Point:
    """An evaluated model.  share, low, high: its detection rate in percent, with the 95 % interval."""

    label: str
    share: float
    low: float
    high: float
    people: int
    distance: float | None


def sweep_chart(points: Sequence[Point], diversity: str) -> go.Figure:
    """Quality against diversity: one labelled point per model, joined in order.

    diversity: a key of DIVERSITY; points without it are left out.
    """
    shown = [point for point in points if getattr(point, diversity) is not None]
    shares = [point.share for point in shown]
    figure = go.Figure(
        go.Scatter(
            x=[getattr(point, diversity) for point in shown],
            y=shares,
            text=[html.escape(point.label) for point in shown],
            customdata=[point.label for point in shown],
            error_y={
                "type": "data",
                "array": [point.high - point.share for point in shown],
                "arrayminus": [point.share - point.low for point in shown],
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
