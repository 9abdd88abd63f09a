"""One run on the Runs page: its notes and its actions."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import streamlit as st

from facedemo.app import navigation
from facedemo.app.shared.format import duration
from facedemo.app.shared.markdown import escaped
from facedemo.app.shared.run_controls import Feedback, ask, badge, generate_button
from facedemo.app.shared.run_facts import race_button
from facedemo.app.shared.run_film import run_film
from facedemo.app.shared.session import session
from facedemo.comparison import run_report
from facedemo.pretrained import archive
from facedemo.runs.directory import RunError
from facedemo.runs.run import Run
from facedemo.runs.summary import Facts

OPEN = "runs_bundle_open"
RENAMING = "runs_rename_open"


@dataclass
class Latest:
    """What was done last in this session, with the id of the run.

    bundle: made of a run.  close: key of the popover that is still to be closed, or "".  saved: the time at which notes
    were saved.  problem: with notes, until it has been shown.
    """

    bundle: tuple[str, Path] = ("", Path())
    close: str = ""
    saved: tuple[str, str] = ("", "")
    problem: str = ""


def details(facts: Facts, on_delete: Callable[[list[Run]], None]) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(escaped(facts.name), width="content", anchor=False)
        badge(facts.status)
    st.caption(escaped(run_summary(facts)))
    if facts.status.state in ("failed", "crashed", "damaged"):
        st.markdown(f":small[:red[{escaped(facts.status.message)}]]")
    if facts.race:
        st.caption(escaped(facts.status.message))
    actions(facts, on_delete)
    run_id, bundle = session(Latest).bundle
    if run_id == facts.run.id and bundle.exists():
        st.success(f"“{escaped(bundle.name)}” has been added to the models below.")
    notes(facts.run)


def run_summary(facts: Facts) -> str:
    parts = [facts.family or "config.json is damaged", f"{facts.size}×{facts.size}" if facts.size else ""]
    parts += [
        f"γ = {facts.gamma:g}" if facts.gamma is not None else "",
        f"trained for {duration(facts.status.seconds)}",
    ]
    return " · ".join([part for part in parts if part] + [facts.run.id])


def actions(facts: Facts, on_delete: Callable[[list[Run]], None]) -> None:
    run, in_progress = facts.run, facts.status.active and facts.status.state != "waiting"
    with st.container(horizontal=True):
        hint = "Open the run on the Train page, with its samples over time, all charts, live settings and controls."
        if st.button("Open", icon=":material/monitoring:", help=hint, key="runs_open"):
            st.switch_page(navigation.TRAIN, query_params={"run": run.id})
        generate_button(run, key="runs_generate")
        st.download_button(
            "Export (ZIP)",
            lambda: archive.zip_bytes(run.path),
            f"{run.id}.zip",
            "application/zip",
            on_click="ignore",
            icon=":material/folder_zip:",
            help="Download settings, metrics, samples, notes, log, TensorBoard events and weights. Training "
            "checkpoints are not included: they are large pickle files.",
            key="runs_export",
        )
        something_to_show(run)
        promotion(run)
        renaming(facts)
        if facts.race:
            race_button(facts.race, key="runs_race")
            return
        hint = (
            "Move the run to the deleted runs; you can undo this."
            if not in_progress
            else "Stop the run before you delete it."
        )
        if st.button("Delete", icon=":material/delete:", help=hint, disabled=in_progress, key="runs_delete"):
            on_delete([run])


def renaming(facts: Facts) -> None:
    hint = "Stop the run before you rename it." if facts.status.active else "Give the run another name."
    close_if_done(RENAMING)
    with st.popover(
        "Rename", icon=":material/edit:", help=hint, disabled=facts.status.active, key=RENAMING, on_change="rerun"
    ):
        key = f"runs_name_{facts.run.id}_{facts.name}"
        hint = "The run's name, of up to 80 characters; its folder stays."
        name = st.text_input("Name", facts.name, max_chars=80, help=hint, key=key)
        if st.button("Rename it", type="primary", help="Store the name.", key="runs_rename"):
            ask(lambda: facts.run.rename(name))
            if not session(Feedback).problem:
                session(Latest).close = RENAMING
            st.rerun()


def something_to_show(run: Run) -> None:
    """Downloads that tell others about a run."""
    with st.popover("Show it", icon=":material/share:", help="Show this run to others: as a film, a report or a card."):
        run_film(run, key="runs_film")
        for label, make, suffix, icon, hint in (
            (
                "Report (HTML)",
                run_report.page,
                "html",
                ":material/description:",
                "Samples, curves, settings, verdict and commands on one page.",
            ),
            (
                "Card (PNG)",
                run_report.card,
                "png",
                ":material/image:",
                "Faces, settings and verdict in a picture of 1200×630 pixels, for a slide or a message.",
            ),
        ):
            st.download_button(
                label,
                partial(make, run),
                f"{run.id}.{suffix}",
                on_click="ignore",
                disabled=not run.has_model,
                icon=icon,
                help=hint if run.has_model else "The run has not saved any weights yet.",
                key=f"runs_show_{suffix}",
            )


def close_if_done(popover: str) -> None:
    """Closes a popover, by its key, whose button has done its work."""
    latest = session(Latest)
    if latest.close == popover:
        st.session_state[popover], latest.close = False, ""


def promotion(run: Run) -> None:
    """Exports the run as one of the user's models, under an unused name."""
    close_if_done(OPEN)
    hint = "Export the run as a shareable model: weights, model card, curves and 64 sample faces."
    hint = hint if run.has_model else "The run has not saved any weights yet."
    with st.popover(
        "Export as model",
        icon=":material/inventory_2:",
        help=hint,
        disabled=not run.has_model,
        key=OPEN,
        on_change="rerun",
    ):
        free = archive.free_name(run.name)
        hint = "Name of the model and of its folder: letters, digits, spaces, dots, dashes and underscores."
        name = st.text_input("Name of the model", free, max_chars=64, help=hint, key=f"bundle_name_{run.id}_{free}")
        hint = "Text for the model card, in Markdown: describe the data, its licence and the model's limitations."
        placeholder = "Trained on … Licence: … Limitations: …"
        card = st.text_area("Data, licence, limits", placeholder=placeholder, help=hint, key=f"bundle_card_{run.id}")
        hint = "Export the model; takes a few seconds, because 64 faces are generated for its card."
        if st.button("Export", type="primary", help=hint, key="bundle_make"):
            make_bundle(run, name.strip(), card)


def make_bundle(run: Run, name: str, card: str) -> None:
    try:
        with st.spinner("Exporting the model…", show_time=True):
            path = archive.export_run_as_model(run, name, card)
    except (ValueError, OSError) as error:
        st.error(escaped(error))
        return
    latest = session(Latest)
    latest.bundle, latest.close = (run.id, path), OPEN
    st.rerun()


def notes(run: Run) -> None:
    """An editor for the run's notes, which follows changes of the file and confirms when it has saved."""
    key, seen, text = f"notes_{run.id}", f"notes_seen_{run.id}", run.notes
    if key not in st.session_state or st.session_state.get(seen) != text:
        st.session_state[key] = st.session_state[seen] = text
    hint = (
        "Notes on the run, stored as notes.md in its directory and included in the search above. Saved when you leave "
        "the field."
    )
    placeholder = "What was tried in this run, and what was the result?"
    st.text_area(
        "Notes", key=key, height=110, placeholder=placeholder, help=hint, on_change=save, args=(run, key, seen)
    )
    latest = session(Latest)
    if latest.problem:
        st.error(escaped(latest.problem))
        latest.problem = ""
    elif latest.saved[0] == run.id:
        st.caption(f"Saved at {latest.saved[1]} in {escaped(run.path / 'notes.md')}.")


def save(run: Run, key: str, seen: str) -> None:
    text = st.session_state[key]
    try:
        run.write_notes(text)
    except (RunError, OSError) as error:
        session(Latest).problem = f"The notes could not be saved. {error}"
    else:
        st.session_state[seen] = text
        session(Latest).saved = (run.id, time.strftime("%H:%M:%S"))
