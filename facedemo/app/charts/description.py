"""What a chart shows, in words, for screen readers."""

import html
import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import plotly.graph_objects as go

from facedemo.app.charts.training import layout_of, traces_of


def described(figure: go.Figure) -> str:
    """Where the lines of a chart begin and end, its points, histograms and marks, a sentence each."""
    lines = [trace for trace in traces_of(figure) if trace.type == "scatter" and trace.hoverinfo != "skip"]
    points = [trace for trace in lines if "text" in kind(trace)]
    curves = [trace for trace in lines if "text" not in kind(trace) and "lines" in kind(trace) and len(trace.x)]
    parts = [span(figure, curves)] if curves else []
    parts += [line(trace, unit(figure)) for trace in curves]
    parts += [point for trace in points for point in labelled(figure, trace)]
    parts += [histogram(trace) for trace in traces_of(figure) if trace.type == "histogram"]
    parts += [f"{plain(mark.text)} at {number(mark.x)}" for mark in layout_of(figure).annotations]
    return " ".join(f"{part}." for part in parts)


def kind(trace: Any) -> str:
    return trace.mode or "lines"


def title_of(figure: go.Figure) -> str:
    return plain(layout_of(figure).title.text)


def plain(label: str | None) -> str:
    """A label without plotly's markup: "k<sub>t</sub>" is "k_t"."""
    return html.unescape(re.sub(r"<sub>(\w+)</sub>", r"_\1", label or ""))


def number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def unit(figure: go.Figure) -> str:
    return " %" if "%" in plain(layout_of(figure).yaxis.title.text) else ""


def finite(values: Iterable[float | None]) -> np.ndarray:
    array = np.array([np.nan if value is None else value for value in values], dtype=float)
    return array[np.isfinite(array)]


def span(figure: go.Figure, curves: list[Any]) -> str:
    """ "Iteration 10 to 4,000"."""
    places = np.concatenate([finite(trace.x) for trace in curves])
    axis, first, last = plain(layout_of(figure).xaxis.title.text), number(places.min()), number(places.max())
    return f"{axis.capitalize()} {first}" + (f" to {last}" if last != first else "")


def line(trace: Any, unit: str) -> str:
    """ "L(x): from 0.31 to 0.091"."""
    name, values = plain(trace.name), finite(trace.y)
    if not len(values):
        return f"{name}: no number"
    text = f"{number(values[0])}{unit}"
    text = f"from {text} to {number(values[-1])}{unit}" if len(values) > 1 else text
    return f"{name}: {text}" + (", then no number" if not len(finite(trace.y[-1:])) else "")


def labelled(figure: go.Figure, trace: Any) -> list[str]:
    """ "γ = 0.5: distinct people 120, faces detected 85.2 %"."""
    layout, places = layout_of(figure), zip(trace.text, trace.x, trace.y, strict=True)
    across, up = (plain(axis.title.text).split(" (")[0].removesuffix(", %") for axis in (layout.xaxis, layout.yaxis))
    return [f"{plain(text)}: {across} {number(x)}, {up} {number(y)}{unit(figure)}" for text, x, y in places]


def histogram(trace: Any) -> str:
    """ "Training images: from 0.05 to 0.2, half of them below 0.09"."""
    values = finite(trace.x)
    low, middle, high = (number(value) for value in np.quantile(values, [0, 0.5, 1]))
    return f"{plain(trace.name).capitalize()}: from {low} to {high}, half of them below {middle}"
