"""Metrics of a run as plotly figures, with setting changes as labelled vertical lines."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from facedemo.config.schedule import SettingChange

POINTS = 1000  # per line: more than the pixel columns of one chart
SMOOTHING = 0.95  # of the exponential moving average, per point, for POINTS points
COLOURS = (
    "#2b83c4",
    "#d9730d",
    "#2a9d6f",
    "#b565a7",
)  # distinguishable with any colour vision, on black and on white
GREY = "#848b8a"
ROWS_OF_LABELS = 4
LABEL_HEIGHT = 15  # pixels
BINS = 40
FEW = 8  # iterations up to which each has its mark
LETTER, NARROW = 6.5, 300  # pixels: a letter of a label; the plot on a phone, on which labels must not overlap

Metrics = Mapping[str, Sequence[float]]


def figures(
    metrics: Metrics,
    labels: Mapping[str, str],
    setting_changes: Sequence[SettingChange] = (),
    names: Mapping[str, str] | None = None,
    gradient_norms: bool = False,
) -> dict[str, go.Figure]:
    """All charts of a run, in display order; {} before the first row of metrics.

    metrics: columns as returned by `Run.metrics`.  labels: column → its name, `Family.metrics`; columns that start with
    `loss_` share a chart, each other column gets its own.  setting_changes: as `Run.setting_changes`.  names: setting →
    its name in labels.
    """
    if not metrics:
        return {}
    losses = [column for column in labels if column.startswith("loss_") and column in metrics]
    others = [column for column in labels if not column.startswith("loss_") and column in metrics]
    groups = {"losses": ("Losses", "loss", {column: labels[column] for column in losses})} if losses else {}
    groups |= {column: (labels[column], labels[column], {column: labels[column]}) for column in others}
    groups["learning_rates"] = ("Learning rates", "learning rate", network_columns(metrics, "learning_rate_"))
    if gradient_norms:
        groups["gradient_norms"] = ("Gradient norms", "L2 norm", network_columns(metrics, "gradient_norm_"))
    called = change_labels(setting_changes, names or {})
    return {
        key: chart(metrics, title, unit, lines, called, exact=key == "learning_rates")
        for key, (title, unit, lines) in groups.items()
        if lines
    }


def network_columns(metrics: Metrics, prefix: str) -> dict[str, str]:
    """The columns of the two networks that start with `prefix`."""
    named = {f"{prefix}g": "generator", f"{prefix}d": "discriminator"}
    return {column: name for column, name in named.items() if column in metrics}


def chart(
    metrics: Metrics,
    title: str,
    unit: str,
    lines: Mapping[str, str],
    setting_changes: Mapping[int, str],
    exact: bool = False,
) -> go.Figure:
    """One figure: `lines` (column → name) over the iteration.  exact: unsmoothed steps on a logarithmic axis."""
    figure = go.Figure()
    steps = np.asarray(metrics["step"], dtype=float)
    for index, (column, name) in enumerate(lines.items()):
        colour = COLOURS[index % len(COLOURS)]
        if exact:
            x, y = thinned(steps, np.asarray(metrics[column], dtype=float), mean=False)
            line = {"color": colour, "width": 2, "shape": "hv", "dash": "dash" if index else "solid"}
            figure.add_scatter(x=x, y=y, name=name, mode="lines", line=line, hovertemplate="%{y:.3g}")
            continue
        solid = {"color": colour, "width": 2, "dash": "dot" if column.endswith("_target") else "solid"}
        x, y = thinned(steps, np.asarray(metrics[column], dtype=float))
        if not column.endswith("_target"):
            faint = {"color": colour, "width": 1}
            figure.add_scatter(
                x=x, y=y, name=name, mode="lines", line=faint, opacity=0.3, showlegend=False, hoverinfo="skip"
            )
        figure.add_scatter(x=x, y=smoothed(y), name=name, mode="lines", line=solid, hovertemplate="%{y:.4g}")
    if steps[-1] < FEW:
        figure.update_xaxes(dtick=1)  # by itself, plotly would mark halves
    rows = add_changes(figure, setting_changes, float(steps[0]), float(steps[-1]))
    style(figure, title, unit, rows, legend=len(lines) > 1, logarithmic=exact)
    return figure


def style(figure: go.Figure, title: str, unit: str, rows: int, legend: bool, logarithmic: bool) -> None:
    above = 44 + rows * LABEL_HEIGHT
    figure.update_layout(
        title={"text": subscripts(title), "x": 0, "xref": "container", "y": 1, "yanchor": "top", "pad": {"t": 8}},
        height=236 + above,
        margin={"l": 8, "r": 8, "t": above, "b": 8},
        hovermode="x unified",
        hoverdistance=-1,  # the nearest point, however far: at first, there are few
        showlegend=legend,
        legend={
            "orientation": "h",
            **{"x": 1, "xanchor": "right", "y": 1, "yanchor": "top", "yref": "container"},
            "bgcolor": "rgba(0,0,0,0)",
        },
        uirevision="kept",  # a zoom survives new rows of metrics
        dragmode="zoom",
    )
    figure.update_xaxes(
        title_text="iteration",
        automargin=True,
        tickformat=",~r",
        rangemode="tozero",
        unifiedhovertitle_text="iteration %{x:,}",
    )
    figure.update_yaxes(title_text=subscripts(unit), automargin=True, rangemode="tozero")
    if logarithmic:
        logarithmic_axis(figure)


def layout_of(figure: go.Figure) -> Any:
    """The figure's layout, for reading; plotly does not declare its type."""
    return figure.layout


def traces_of(figure: go.Figure) -> Any:
    """The figure's lines, points and histograms, for reading; plotly does not declare their types."""
    return figure.data


def untitled(figure: go.Figure) -> go.Figure:
    """The figure without its title, for pages that show it above, with the legend on the left, clear of buttons."""
    layout = layout_of(figure)
    saved = 20 if layout.showlegend else 32
    figure.update_layout(title_text="", height=layout.height - saved, margin_t=layout.margin.t - saved)
    return figure.update_layout(legend_x=0, legend_xanchor="left")


def logarithmic_axis(figure: go.Figure) -> None:
    """A y axis from half the minimum to twice the maximum, with ticks at 1, 2 and 5 times powers of ten."""
    values = [value for line in traces_of(figure) for value in np.asarray(line.y, dtype=float).tolist() if value > 0]
    if not values:
        return
    low, high = min(values) / 2, max(values) * 2
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [digit * 10.0**power for power in powers for digit in (1, 2, 5)]
    ticks = ticks[::3] if high / low > 1e4 else ticks
    small = max(ticks) < 0.1  # learning rates: all in powers of ten, instead of 5e-4 beside 0.001
    text = [scientific(tick) if small else tick_text(tick) for tick in ticks]
    figure.update_yaxes(type="log", range=[math.log10(low), math.log10(high)], tickvals=ticks, ticktext=text)


def tick_text(tick: float) -> str:
    """A tick of a logarithmic axis, such as 0.02, 500 or 2e-5."""
    if 1e-3 <= tick < 1e5:
        return f"{tick:,g}"
    return scientific(tick)


def scientific(tick: float) -> str:
    """2e-5."""
    return f"{tick:.0e}".replace("e-0", "e-").replace("e+0", "e")


def subscripts(label: str) -> str:
    """A label with subscripts such as k_t in plotly's markup."""
    return re.sub(r"_(\w+)", r"<sub>\1</sub>", label)


def thinned(x: np.ndarray, y: np.ndarray, mean: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """At most POINTS points: means of equal stretches at their last x, or with mean=False each stretch's last value."""
    if len(x) <= POINTS:
        return x, y
    edges = np.linspace(0, len(x), POINTS + 1).astype(int)
    last = edges[1:] - 1
    return x[last], np.add.reduceat(y, edges[:-1]) / np.diff(edges) if mean else y[last]


def smoothed(y: np.ndarray) -> np.ndarray:
    """Exponential moving average with bias correction at the beginning; short series are smoothed less."""
    weight = SMOOTHING ** (POINTS / max(len(y), 1)) if len(y) < POINTS else SMOOTHING
    out, total, mean = np.empty(len(y)), 0.0, 0.0
    for index, value in enumerate(y.tolist()):
        mean, total = weight * mean + (1 - weight) * value, weight * total + (1 - weight)
        out[index] = mean / total
    return out


def change_labels(setting_changes: Sequence[SettingChange], names: Mapping[str, str]) -> dict[int, str]:
    """Iteration → the changes made there, as "γ = 0.6, λ_k = 0.002"; the last value if a setting was set twice."""
    changes: dict[int, dict[str, float]] = {}
    for change in setting_changes:
        changes.setdefault(change.step, {}).update(change.changes)
    return {
        step: ", ".join(f"{names.get(name, name)} = {value:.4g}" for name, value in changed.items())
        for step, changed in sorted(changes.items())
    }


def add_changes(figure: go.Figure, setting_changes: Mapping[int, str], first: float, last: float) -> int:
    """Draws the setting changes between two iterations; returns the number of label rows above the plot.

    A label for which there is no room is only shown in the tooltip of its line.
    """
    visible_changes = {step: text for step, text in setting_changes.items() if step <= last}
    span, free = max(last - first, 1.0), [-np.inf] * ROWS_OF_LABELS
    for step, text in visible_changes.items():
        figure.add_vline(x=step, line={"color": GREY, "width": 1, "dash": "dot"})
        position, width = (step - first) / span, len(text) * LETTER / NARROW
        left = min(position, max(0.0, 1.0 - width))
        row = next((row for row, end in enumerate(free) if end <= left), None)
        if row is None:
            continue
        free[row] = left + width + 2 * LETTER / NARROW
        flipped = position > left
        figure.add_annotation(
            x=step,
            y=1,
            yref="paper",
            yshift=2 + row * LABEL_HEIGHT,
            text=subscripts(text),
            showarrow=False,
            xanchor="right" if flipped else "left",
            yanchor="bottom",
            font={"size": 11, "color": GREY},
        )
    if visible_changes:
        low = min(float(np.nanmin(line.y)) for line in traces_of(figure))
        figure.add_scatter(
            x=list(visible_changes),
            y=[low] * len(visible_changes),
            text=[subscripts(text) for text in visible_changes.values()],
            name="changed",
            mode="markers",
            marker={"color": GREY, "size": 7, "symbol": "triangle-up"},
            showlegend=False,
            hovertemplate="%{text}",
        )
    return sum(end > -np.inf for end in free)


def distribution(
    groups: Mapping[str, np.ndarray], value: float, name: str, unit: str, band: tuple[str, float, float] | None = None
) -> go.Figure:
    """Overlaid histograms of several groups, with a line at one value.

    groups: name → its values, (n,).  name: label of the value's line.  band: name, mean and standard deviation of a
    group for which only these are known, drawn as mean ± deviation.
    """
    figure = go.Figure()
    every = np.concatenate([*groups.values(), [value]])
    low, high = float(every.min()), float(every.max())
    width = max((high - low) / BINS, 1e-6)
    for index, (group, values) in enumerate(groups.items()):
        figure.add_histogram(
            x=values,
            name=group,
            xbins={"start": low, "end": high + width, "size": width},
            histnorm="percent",
            marker_color=COLOURS[index % len(COLOURS)],
            opacity=0.65,
            hovertemplate="%{y:.0f} %",
        )
    if band:
        add_band(figure, *band)
    figure.add_vline(value, line={"width": 2, "color": COLOURS[1], "dash": "dash"})
    figure.add_annotation(
        x=value, y=1, yref="paper", yanchor="bottom", text=name, showarrow=False, font={"color": COLOURS[1]}
    )
    figure.update_layout(
        barmode="overlay",
        height=320,
        margin={"l": 8, "r": 8, "t": 48, "b": 8},  # with room for a title
        legend={"orientation": "h", "x": 0, "y": -0.3, "yanchor": "top"},
        bargap=0.04,
    )
    figure.update_xaxes(title_text=unit, automargin=True)
    figure.update_yaxes(title_text="share of faces, %", automargin=True)
    return figure


def add_band(figure: go.Figure, name: str, mean: float, deviation: float) -> None:
    """Draws mean ± deviation, with an entry in the legend."""
    figure.add_vrect(mean - deviation, mean + deviation, fillcolor=GREY, opacity=0.2, line_width=0)
    legend = {"color": GREY, "size": 12, "symbol": "square", "opacity": 0.4}
    figure.add_scatter(x=[None], y=[None], mode="markers", marker=legend, name=name)
