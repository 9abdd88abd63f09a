"""The charts of a run: each with an explanation, redrawn while the run trains."""

import time
from dataclasses import dataclass, field

import streamlit as st

from facedemo.app.charts import training
from facedemo.app.shared import evaluations, setting_controls
from facedemo.app.shared.plot import titled_plot
from facedemo.app.shared.session import session
from facedemo.config.schema import RunConfig, amount
from facedemo.gans.registry import config_class
from facedemo.runs.evaluations import best, read_evaluations
from facedemo.runs.run import METRICS, Run

PATIENCE = 20  # the metrics are read again after this many times the time that reading them took
CHART_HELP = {
    "learning_rates": "Step size of each network's optimiser. It decays in steps, and you can change it while the run "
    "trains.",
    "gradient_norms": "Length of each network's gradient. A sudden rise is a warning sign.",
}


@dataclass
class MetricsRead:
    """version: the run's id and the time of its file.  next: when a newer file may be read, in seconds since 1970."""

    version: tuple[str, int] = ("", 0)
    metrics: dict[str, list[float]] = field(default_factory=dict)
    next: float = 0.0


def metrics_of(run: Run) -> dict[str, list[float]]:
    """`run.metrics()`, read again only if the file has changed, and less often if reading takes long."""
    path = run.path / METRICS
    version = (run.id, path.stat().st_mtime_ns) if path.exists() else (run.id, 0)
    read = session(MetricsRead)
    if read.version[0] == run.id and (read.version == version or time.time() < read.next):
        return read.metrics
    began = time.time()
    read.version, read.metrics = version, run.metrics()
    done = time.time()
    read.next = done + PATIENCE * (done - began) if done - began > 0.1 else 0.0
    return read.metrics


def draw_charts(run: Run, config: RunConfig) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header("Charts", anchor=False, width="content")
        norms = st.toggle("Gradient norms", key="show_norms", help=CHART_HELP["gradient_norms"])
    family, names = config_class(config.family), setting_controls.short_names(config)
    metrics = metrics_of(run)
    figures = training.figures(metrics, family.metrics, run.setting_changes(), names, norms)
    if not figures:
        st.caption(f"The first points appear after {amount(config.training.log_every, 'iterations')}.")
    with st.grid(2, min_column_width=340):
        for name, figure in figures.items():
            with st.container(key=f"chart_place_{name}"):
                titled_plot(figure, (CHART_HELP | family.metric_help).get(name), key=f"chart_{name}")
    if evaluations_so_far := read_evaluations(run.path):
        st.header("Evaluations", anchor=False, help=evaluations.ABOUT)
        chosen = best(evaluations_so_far)
        if chosen:
            st.caption(
                f"Best so far: iteration {chosen.step:,}, Fréchet distance {chosen.distance:.3f}. “Export as model” on "
                "the Runs page uses these weights."
            )
        evaluations.charts({run.name: evaluations_so_far}, "iterations")
