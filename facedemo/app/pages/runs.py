"""Runs: a searchable table of all runs, their overlaid curves, and the models to export or import."""

from pathlib import Path

import streamlit as st

from facedemo.app import navigation
from facedemo.app.charts import overlay
from facedemo.app.shared import trash_controls, url_state
from facedemo.app.shared.copy_link import copy_link
from facedemo.app.shared.markdown import escaped
from facedemo.app.shared.plot import titled_plot
from facedemo.app.shared.run_controls import DAMAGED
from facedemo.app.shared.run_facts import all_facts
from facedemo.app.shared.segments import segments
from facedemo.app.views.runs import comparing, models, personal
from facedemo.app.views.runs.details import details
from facedemo.app.views.runs.table import run_table
from facedemo.gans.registry import config_class
from facedemo.runs import trash
from facedemo.runs.run import METRICS, Run, list_runs
from facedemo.runs.summary import Facts

REFRESH = 5.0  # seconds, while a run trains
NEWEST = 3  # runs whose curves are shown while none is selected
OVER = {"iterations": "Iterations", "images": "Images", "minutes": "Minutes"}


def known_runs(text: str) -> str:
    """The existing run directories in an address, joined by slashes.  Raises ValueError if none exists."""
    if not text:
        return ""
    here = {run.id for run in list_runs()}
    if not (run_ids := [run_id for run_id in text.split("/") if run_id in here]):
        raise ValueError(text)
    return "/".join(run_ids)


SETTINGS = {
    "find": url_state.QueryParam("", lambda text: text[:200], ""),
    "chosen": url_state.QueryParam("", known_runs, "there is no such run", listed=True),
    "over": url_state.one_of(OVER, default="iterations"),
}


def choose(ids: list[str]) -> None:
    st.session_state.runs_chosen = "/".join(ids)


def delete(runs: list[Run]) -> None:
    trash_controls.delete(runs)
    st.session_state.runs_chosen = ""
    st.rerun()


def all_runs(was_active: bool) -> None:
    """The table, the selected runs and their curves; refreshes itself while a run trains."""
    ignored = url_state.load_from_url(SETTINGS, page="runs")
    every = all_facts()
    if any(facts.status.active for facts in every) != was_active:
        st.rerun()  # only a whole rerun changes whether this refreshes itself
    search = st.text_input(
        "Find runs",
        key="runs_find",
        persist_state="session",
        icon=":material/search:",
        width=420,
        help="Show only runs whose name, directory, family, state or notes contain all of these words.",
    )
    if ignored:
        st.warning(f"Not used: {', '.join(ignored)}.", icon=":material/link_off:")
    matching = [facts for facts in every if facts.fits(search)]
    chosen_ids = set(st.session_state.runs_chosen.split("/"))
    chosen = [facts for facts in matching if facts.run.id in chosen_ids]
    if matching:
        run_table(matching, {facts.run.id for facts in chosen}, choose)
    else:
        st.caption("No run matches. Clear the search to see all runs." if every else "There are no runs.")
    trash_controls.outcome()
    if len(chosen) == 1:
        details(chosen[0], on_delete=delete)
    elif matching:
        several(chosen)
    if len(chosen) > 1:
        comparing.settings_that_differ(chosen, distinct_names(chosen))
        comparing.samples(chosen, distinct_names(chosen))
    compare(chosen or matching[:NEWEST])
    url_state.write_to_url(SETTINGS, page="runs")
    if chosen:
        copy_link("The link shows the selected runs to whoever may see them.")


def several(chosen: list[Facts]) -> None:
    """Actions on several runs at once."""
    if not chosen:
        st.caption(
            "Select a run in the table to annotate, export or delete it, or several to compare them. Without a "
            "selection, the newest runs are compared.",
            help="With the keyboard: the arrow keys move in the table; Shift+Space selects a row.",
        )
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{len(chosen)} runs** are selected.", width="content")
        hint = (
            "Move the selected runs to the deleted runs; one click undoes this. Runs that are training or wait in a "
            "race are kept."
        )
        if st.button("Delete them", icon=":material/delete:", help=hint, key="runs_delete_all"):
            delete([facts.run for facts in chosen if not facts.race])


@st.cache_data(max_entries=2 * overlay.MAX_RUNS, show_spinner=False)
def metrics_of(path: Path, version: int) -> dict[str, list[float]]:
    return Run(path).metrics()


def curves(facts: Facts, name: str) -> overlay.Curves:
    """Raises one of DAMAGED if the run's files cannot be read."""
    path = facts.run.path
    metrics = metrics_of(path, (path / METRICS).stat().st_mtime_ns)
    return overlay.Curves(name, metrics, config_class(facts.family).metrics)


def distinct_names(chosen: list[Facts]) -> list[str]:
    """The names of runs; those of equal name are told apart by the end of the directory's name."""
    names = [facts.name for facts in chosen]
    return [
        facts.name if names.count(facts.name) == 1 else f"{facts.name[:20]} ({facts.run.id[-4:]})" for facts in chosen
    ]


def compare(chosen: list[Facts]) -> None:
    """The curves of runs, one chart per metric."""
    if not chosen:
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.header("Curves", anchor=False, width="content")
        hint = "Horizontal axis of the charts: training iterations, real images seen, or minutes of training."
        over = segments(
            "Over",
            OVER,
            key="runs_over",
            hint=hint,
        )
    with_metrics, missing, hints = [], [], dict[str, str]()
    for facts, name in list(zip(chosen, distinct_names(chosen), strict=True))[: overlay.MAX_RUNS]:
        try:
            with st.spinner("Loading…", show_time=False):
                with_metrics.append(curves(facts, name))
            hints = config_class(facts.family).metric_help | hints
        except DAMAGED:
            missing.append(name)
    missing += [run.name for run in with_metrics if not run.metrics]
    if len(chosen) > overlay.MAX_RUNS:
        st.caption(f"Only the first {overlay.MAX_RUNS} of the {len(chosen)} selected runs are shown.")
    if missing:
        names = ", ".join(f"“{name}”" for name in missing)
        st.caption(f"No curves: {escaped(names)}. A run that has not trained has none, or its metrics are damaged.")
    with st.grid(2, min_column_width=340):
        for column, figure in overlay.overlay(with_metrics, over).items():
            hint = hints.get("losses" if column.startswith("loss_") else column)
            titled_plot(figure, hint, key=f"overlay_{column}")


st.title("Runs", anchor=False)
if list_runs():
    active = any(facts.status.active for facts in all_facts())
    st.fragment(all_runs, run_every=REFRESH if active else None)(active)
else:
    st.info("Every run is listed here, so that you can compare, annotate and share runs.", title="No runs yet")
    st.page_link(navigation.TRAIN, label="Train a model", icon=":material/model_training:")
    trash_controls.outcome()
trash_controls.deleted(trash.deleted_runs(), "runs")
models.model_library()
personal.controls()
