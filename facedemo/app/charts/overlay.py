"""Overlaid metrics of several runs, as plotly figures: one chart per metric, one colour per run."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from facedemo.app.charts.training import COLOURS, Metrics, layout_of, smoothed, style, thinned

AXES = {  # horizontal axis → its column, the unit in it, its title
    "iterations": ("step", 1.0, "iteration"),
    "images": ("images", 1.0, "real images seen"),
    "minutes": ("seconds", 60.0, "minutes of training"),
}
HOVER = {"iterations": "iteration %{x:,}", "images": "%{x:,} images", "minutes": "%{x:.2f} minutes"}
DASHES = ("solid", "dash", "dot")
MAX_RUNS = len(COLOURS) * len(DASHES)  # more lines could not be told apart
LETTERS = 28  # maximum length of a name in a legend
LEGEND_ROW = 20  # pixels


@dataclass(frozen=True)
class Curves:
    """A run to plot.  metrics: columns as returned by `Run.metrics`.  labels: column → its name, `Family.metrics`."""

    name: str
    metrics: Metrics
    labels: Mapping[str, str]


def overlay(runs: Sequence[Curves], axis: str = "iterations") -> dict[str, go.Figure]:
    """Column → its chart, with a line for each run that has it; {} if no run has metrics yet.

    axis: a key of AXES. Only the first MAX_RUNS runs are plotted; the caller makes equal names distinct.
    """
    over, unit, axis_label = AXES[axis]
    styles = [{"color": colour, "dash": dash, "width": 2} for dash in DASHES for colour in COLOURS]
    shown_runs = [(run, line_style) for run, line_style in zip(runs, styles, strict=False) if run.metrics.get(over)]
    labels = {column: label for run, _ in reversed(shown_runs) for column, label in run.labels.items()}
    figures = {}
    for column in dict.fromkeys(column for run, _ in shown_runs for column in run.labels):
        lines = [
            (run, line_style) for run, line_style in shown_runs if column in run.labels and run.metrics.get(column)
        ]
        if lines:
            figures[column] = chart(lines, column, over, unit)
            dress(figures[column], labels[column], axis, axis_label, len(lines) if len(shown_runs) > 1 else 0)
    return figures


def chart(lines: Sequence[tuple[Curves, Mapping[str, object]]], column: str, over: str, unit: float) -> go.Figure:
    """The smoothed lines of one metric, each over its faint unsmoothed line."""
    figure = go.Figure()
    for run, line_style in lines:
        name = html.escape(run.name if len(run.name) <= LETTERS else run.name[: LETTERS - 1] + "…")
        x, y = thinned(np.asarray(run.metrics[over], dtype=float) / unit, np.asarray(run.metrics[column], dtype=float))
        faint = {"color": line_style["color"], "width": 1}
        figure.add_scatter(
            x=x, y=y, name=name, mode="lines", line=faint, opacity=0.2, showlegend=False, hoverinfo="skip"
        )
        figure.add_scatter(x=x, y=smoothed(y), name=name, mode="lines", line=line_style, hovertemplate="%{y:.4g}")
    return figure


def dress(figure: go.Figure, label: str, axis: str, axis_label: str, count: int) -> None:
    """Sets the titles and a legend below the plot with room for `count` long names; 0: no legend."""
    style(figure, label, label, rows=0, legend=count > 0, logarithmic=False)
    below = {"orientation": "v", "x": 0, "xanchor": "left", "y": 0, "yanchor": "bottom", "yref": "container"}
    figure.update_layout(
        height=layout_of(figure).height + 24 + LEGEND_ROW * count,
        margin_b=64 + LEGEND_ROW * count,
        legend=below,
        uirevision=axis,  # a zoom survives new rows of metrics, but not a change of axis
    )
    figure.update_xaxes(title_text=axis_label, unifiedhovertitle_text=HOVER[axis], automargin=False)
