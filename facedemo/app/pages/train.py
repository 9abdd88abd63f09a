"""Train: start a run, watch and steer it while it trains, and open earlier runs."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from facedemo.app.shared import estimate, trash_controls
from facedemo.app.shared.copy_link import copy_link
from facedemo.app.shared.format import duration
from facedemo.app.shared.markdown import escaped
from facedemo.app.shared.paged_list import paged_list
from facedemo.app.shared.run_controls import Feedback, activity, ask, badge, generate_button, wait_text
from facedemo.app.shared.run_facts import all_facts, race_button
from facedemo.app.shared.session import session
from facedemo.app.views.train import filling, form, live, new_run, preview
from facedemo.app.views.train.state import TrainPage, note_opening
from facedemo.comparison.race import upcoming_entrants
from facedemo.config.schema import RunConfig
from facedemo.evaluation.report import percent
from facedemo.runs import classroom, queue, trash
from facedemo.runs.run import CONFIG, Run, list_runs
from facedemo.runs.summary import Facts
from facedemo.storage.locations import runs_root

REFRESH = 3.0  # seconds
SHOWN_OF_OTHERS = 20


def open_run(run_id: str) -> None:
    note_opening()
    st.query_params.from_dict({"run": run_id})


def all_runs() -> None:
    st.query_params.from_dict(form.address())


def description(facts: Facts) -> str:
    status = facts.status
    parts = [f"{facts.family or '?'}, {facts.size}×{facts.size}" if facts.size else "config.json is damaged"]
    parts.append(f"started {facts.started}" if facts.started else facts.run.id)
    parts.append(f"{percent(status.progress, 0)}, iteration {status.step:,}")
    if status.state == "waiting":
        parts.append(escaped(wait_text(facts.run.path, status)))
    elif status.active and status.seconds_left is not None:
        parts.append(f"{duration(status.seconds_left)} left")
    if status.images_per_second:
        parts.append(f"{status.images_per_second:,.0f} images/s")
    return " · ".join(parts)


def card(facts: Facts) -> None:
    """One earlier run and its actions."""
    run, status = facts.run, facts.status
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{escaped(facts.name)}**", width="content")
            badge(status)
        st.caption(description(facts))
        if status.state in ("failed", "crashed", "damaged"):
            st.markdown(f":small[:red[{escaped(status.message)}]]")
        with st.container(horizontal=True):
            run_button(run, "Open", open_run, (run.id,), "Show the run's samples, charts and live settings.")
            if facts.race:
                race_button(facts.race, key=f"race_{run.id}")
                return
            if not status.active:
                if status.state == "finished":
                    run_button(run, "Extend", open_run, (run.id,), "Open the run to give it a larger budget.")
                else:
                    label = "Resume" if run.checkpoints() else "Start"
                    run_button(run, label, resume, (run,), "Train from the last checkpoint, if there is one.")
            generate_button(run, key=f"generate_{run.id}", icon=None, type="tertiary")
            in_progress = status.active and status.state != "waiting"
            hint = "Stop the run before you delete it." if in_progress else "Move the run to the deleted runs below."
            run_button(run, "Delete", trash_controls.delete, ([run],), hint, disabled=in_progress)


def run_button(
    run: Run, label: str, on_click: Callable[..., None], args: tuple[Any, ...], hint: str, disabled: bool = False
) -> None:
    if st.button(label, type="tertiary", help=hint, disabled=disabled, key=f"{label}_{run.id}"):
        on_click(*args)
        st.rerun()  # the whole page: inside a fragment, a callback would only redraw the list


def resume(run: Run) -> None:
    ask(run.launch)
    if not session(Feedback).problem:
        open_run(run.id)


def earlier_runs() -> None:
    """The list of runs, newest first, a page at a time."""
    facts_of_runs = all_facts()
    active, page = any(facts.status.active for facts in facts_of_runs), session(TrainPage)
    was_active, page.any_active = page.any_active, active
    if was_active not in (None, active):
        st.rerun()
    trash_controls.outcome()
    hint = "Show only runs whose name, directory, family, state or notes contain all of these words."
    paged_list(facts_of_runs, Facts.fits, card, "run", hint)


def time_of_run(config: RunConfig, seconds: float) -> str:
    time = estimate.about(seconds).capitalize()
    return f"**{time}** of training at {estimate.rate(config)}{estimate.before(config)}"


def new_run_form(others: list[Run]) -> None:
    st.header("New run", anchor=False)
    first, seen, last = st.container(), st.container(), st.container()
    with first, st.spinner("Loading…", show_time=False):
        images = form.form()
    with last:
        budget = form.settings()
    with first:
        hint = "Start training in a separate process at low priority: it continues if you close or reload this page."
        if st.button("Start training", type="primary", icon=":material/play_arrow:", help=hint):
            estimate.cancel()
            with st.spinner("Starting…", show_time=False):  # the first start imports torch
                run = new_run.start_run(budget)
            if run:
                open_run(run.id)
                st.rerun()
        config = new_run.described_run(budget)
        if config is not None:
            busy = bool(others) or queue.is_training()
            estimate.show_estimate([config], busy, lambda times: time_of_run(config, times[0]))
            if changes := filling.changed(config):
                hint = "All other settings are the preset's. A number in a red field is out of range, and is ignored."
                st.caption(f"Changed: {escaped(', '.join(changes))}.", help=hint)
    if images is not None:
        with seen:  # below Start, which would otherwise be far down
            preview.show_preview(images)


def training_now(active: list[Run]) -> None:
    for run in active:
        with st.container(horizontal=True, vertical_alignment="center"):
            sentence = activity(run.path, run.status, "is training")
            st.markdown(f"**{escaped(run.name)}** {sentence}", width="content")
            hint = "Show the run's samples, charts and live settings."
            st.button(
                "Watch",
                on_click=open_run,
                args=(run.id,),
                icon=":material/monitoring:",
                help=hint,
                key=f"watch_{run.id}",
            )


def runs_and_form() -> None:
    runs = list_runs()
    active = [run for run in runs if run.status.active]
    if not runs:
        st.write("There are no runs yet. Start one here and watch it learn.")
        new_run_form([])
        trash_controls.deleted(trash.deleted_runs(), "runs")
        return
    training_now(active)
    left, right = st.columns([3, 2], gap="large")
    with right:  # first, because the form loads torch
        st.header("Runs", anchor=False)
        st.fragment(earlier_runs, run_every=REFRESH if active or upcoming_entrants() else None)()
        trash_controls.deleted(trash.deleted_runs(), "runs")
    with left:
        new_run_form(active)


def others_runs() -> None:
    """In a shared app, the runs that others let this visitor watch."""
    runs = classroom.shared_by_others()
    if not runs:
        return
    st.header("Shared by others", anchor=False)
    for run in runs[:SHOWN_OF_OTHERS]:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{escaped(run.name)}** by {escaped(classroom.owner_of(run))}", width="content")
            badge(run.status)
            hint = "Watch its samples and charts."
            st.button("Watch", on_click=open_run, args=(run.id,), key=f"other_{run.id}", help=hint)


st.title("Train", anchor=False)
chosen = st.query_params.get("run")
if chosen is None:
    runs_and_form()
    others_runs()
    copy_link("The link opens this form with the same preset.")
else:
    st.button(
        "All runs",
        icon=":material/arrow_back:",
        on_click=all_runs,
        help="Show earlier runs and the form for a new one.",
    )
    run = next(
        (run for run in [*list_runs(), *classroom.shared_by_others()] if run.id == chosen), Run(runs_root() / ".none")
    )
    live.show_run(run)
    if (run.path / CONFIG).is_file():
        copy_link("The link opens this run for whoever may see it.")
