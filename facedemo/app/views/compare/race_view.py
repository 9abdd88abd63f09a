"""One race: its entrants in columns while they train, the evaluations over time, and finally the table."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image

from facedemo.app.charts import comparison, training
from facedemo.app.shared import evaluations, url_state
from facedemo.app.shared.format import duration
from facedemo.app.shared.markdown import escaped
from facedemo.app.shared.plot import NO_BUTTONS, titled_plot
from facedemo.app.shared.run_controls import DAMAGED, ask, badge, show_problem, wait_text
from facedemo.app.shared.segments import segments
from facedemo.app.views.compare import side_by_side, sweep
from facedemo.comparison import gather
from facedemo.comparison.race import Plan, Race, pace_note
from facedemo.comparison.report import HTML, files, packed
from facedemo.evaluation.report import load_evaluation, percent
from facedemo.gans.registry import config_class
from facedemo.imaging import pictures
from facedemo.runs.evaluations import read_evaluations
from facedemo.runs.run import Run
from facedemo.storage.locations import CONFIG, workspace
from facedemo.storage.process_status import Status

REFRESH = 3.0  # seconds
COLUMN = 240  # pixels
FACES = 16  # of the 64 in a run's sample grid
WAITING = Status(state="waiting", message="Queued.")


def show_race(race: Race) -> None:
    """The view of a race; refreshes itself while the race runs."""
    active = race.status.active
    st.fragment(refreshed, run_every=REFRESH if active else None)(race, active)


def refreshed(race: Race, was_active: bool) -> None:
    status = race.status
    if status.active != was_active:
        st.rerun()  # only a full rerun starts or stops the periodic refresh
    try:
        plan = race.plan
        header(race, plan, status)
        runs = {entrant.label: race.run(entrant) for entrant in plan.entries}
        if plan.kind == "sweep":
            sweep.show_sweep(runs, status.active)
        states = {label: run.status for label, run in runs.items()}
        if note := pace_note({label: (state.images, state.seconds) for label, state in states.items()}):
            st.caption(escaped(note))
        entrants(runs, status.active)
        over_time(runs)
        results(race, runs)
    except DAMAGED as error:
        logging.getLogger(__name__).warning("%s cannot be shown", race.path, exc_info=True)
        st.error(escaped(error), title="This race cannot be shown")
        st.caption(f"The race's files are in {escaped(race.path)}; the models that it trained are among the runs.")


def header(race: Race, plan: Plan, status: Status) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(escaped(plan.title), width="content", anchor=False)
        badge(status)
    st.caption(escaped(plan.about))
    if status.state in ("failed", "crashed", "damaged"):
        st.error(
            escaped(status.message or "See the log in the race's folder for details."), title=status.state.capitalize()
        )
    parts = [percent(status.progress, 0)]
    if status.active and status.seconds_left is not None:
        parts.append(f"{duration(status.seconds_left)} of training left")
    if waits := wait_text(race.path, status):
        parts.append(waits)
    if status.active and status.text:
        parts.append(status.text)
    st.progress(min(1.0, max(0.0, status.progress)), text=escaped(" · ".join(parts)))
    with st.container(horizontal=True):
        actions(race, plan, status)
    show_problem()


def actions(race: Race, plan: Plan, status: Status) -> None:
    if status.state == "waiting" and workspace() is None:
        hint = "Do not wait in the queue. Trainings at the same time slow each other down."
        control_button("Start now", "play_arrow", hint, race.start_now)
    if status.state == "waiting":
        hint = "Pause the race in the queue: others may start before it, and it keeps its place."
        control_button("Pause", "pause", hint, race.pause)
    if status.state == "paused":
        control_button("Continue", "play_arrow", "Wait for its turn again.", race.unpause)
    if status.active:
        hint = "Stop the race; the model in training saves a checkpoint. The race can be resumed."
        control_button("Stop", "stop", hint, race.stop)
    elif status.state != "finished":
        hint = "Resume the race. Finished models are kept; the interrupted one continues from its last checkpoint."
        control_button("Resume", "play_arrow", hint, race.launch)
    models = models_of(race, plan)
    hint = "Compare all models with saved weights on the same seeds."
    if st.button(
        "Side by side",
        icon=":material/compare:",
        on_click=go_side_by_side,
        args=(race, plan),
        help=hint,
        disabled=not models,
        key="race_side",
    ):
        st.rerun()  # the whole page, not only this fragment
    downloads(race, bool(models))


def models_of(race: Race, plan: Plan) -> list[str]:
    return [f"run:{run.id}" for entrant in plan.entries if (run := race.run(entrant)).has_model]


def go_side_by_side(race: Race, plan: Plan) -> None:
    """Opens the models that have weights at the click; the race may have trained another one meanwhile."""
    models = models_of(race, plan)[: side_by_side.MOST]
    st.session_state.update(compare_mode="side", compare_models="/".join(models))
    url_state.outdate_address("compare")


def control_button(label: str, icon: str, hint: str, on_click: Callable[[], None]) -> None:
    """A button whose errors are shown, not raised."""
    st.button(label, icon=f":material/{icon}:", on_click=ask, args=(on_click,), help=hint, key=f"race_{label}")


def downloads(race: Race, ready: bool) -> None:
    """Downloads of the report, which is made on demand."""

    def report_file(form: str) -> bytes:
        compared = gather.gather_race(race)
        if form == "html":
            return files(compared)[HTML]
        return packed(compared)

    for form, hint in (
        ("html", "Download grids, curves, the table, settings and commands in one self-contained file."),
        ("zip", "Download the same report, also as Markdown with its pictures, and all numbers as JSON."),
    ):
        st.download_button(
            f"Report ({form.upper()})",
            lambda form=form: report_file(form),
            f"{race.id}.{form}",
            on_click="ignore",
            disabled=not ready,
            icon=":material/description:" if form == "html" else ":material/folder_zip:",
            help=hint,
            key=f"race_{form}",
        )


def entrants(runs: Mapping[str, Run], active: bool) -> None:
    """One column per entrant, in training order."""
    with st.grid(min(len(runs), 4), min_column_width=COLUMN, border=True) as places:
        for label, run in runs.items():
            with places.cell():
                entrant(label, run, active)


def entrant(label: str, run: Run, active: bool) -> None:
    """One entrant: its status, its newest faces and its losses."""
    there = (run.path / CONFIG).is_file()
    status = run.status
    if there and status.state == "stopped" and not status.step and active:
        status = WAITING
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{escaped(label)}**", width="content")
        if there:
            badge(status)
    if not there:
        st.caption("This run was deleted. You can restore it on the Train page.")
        return
    faces(label, run)
    if line := entrant_facts(run, status):
        st.caption(line)
    if status.state in ("failed", "crashed"):
        st.markdown(f":small[:red[{escaped(status.message)}]]")
    losses(label, run)


def faces(label: str, run: Run) -> None:
    """The first faces of the newest sample grid."""
    samples = run.samples()
    if not samples:
        over = run.status.state in ("failed", "crashed")
        st.caption("There are no faces." if over else "The first faces appear as soon as this model trains.")
        return
    step = max(samples)
    try:
        picture = first_faces(samples[step], samples[step].stat().st_mtime_ns)
    except Exception as error:  # Pillow raises many kinds of errors for damaged files
        st.caption(escaped(f"The samples cannot be shown ({error})."))
        return
    st.image(picture, width="stretch", alt=f"{FACES} faces by {label} at iteration {step}")


@st.cache_data(max_entries=64, show_spinner=False)
def first_faces(path: Path, version: int) -> bytes:
    """A square PNG of the first rows of a grid with 8 faces per row."""
    with Image.open(path) as image:
        sheet = np.asarray(image.convert("RGB"))
    step = (sheet.shape[1] - 2) // 8
    corners = [(2 + index // 8 * step, 2 + index % 8 * step) for index in range(FACES)]
    faces = np.stack([sheet[top : top + step - 2, left : left + step - 2] for top, left in corners])
    return pictures.png(pictures.grid(faces))


def entrant_facts(run: Run, status: Status) -> str:
    parts = (
        [percent(status.progress, 0), f"{status.images:,} images", duration(status.seconds)] if status.images else []
    )
    if status.images_per_second:
        parts.append(f"{status.images_per_second:,.0f} images/s")
    if rows := read_evaluations(run.path):
        parts.append(f"**{rows[-1].detected} of {rows[-1].faces} faces detected**")
    return " · ".join(parts)


def losses(label: str, run: Run) -> None:
    """The first chart of the entrant's family, which is usually its losses."""
    family = config_class(run.config.family)
    figures = training.figures(run.metrics(), family.metrics, run.setting_changes())
    for name, figure in list(figures.items())[:1]:
        titled_plot(figure, family.metric_help.get(name), f"losses_{run.id}", NO_BUTTONS, of=label, height=200)


def over_time(runs: Mapping[str, Run]) -> None:
    """The evaluations during training."""
    rows_of = {label: rows for label, run in runs.items() if (rows := read_evaluations(run.path))}
    st.header("Evaluations during training", anchor=False)
    st.caption(evaluations.ABOUT)
    if not rows_of:
        st.caption("The first points appear a few minutes after the start; short trainings have none.")
        return
    st.session_state.setdefault("race_over", "minutes")
    over = segments(
        "Over",
        comparison.OVER,
        key="race_over",
        hint="Minutes: the families' speeds count. Images: only what they learn from each image counts.",
    )
    evaluations.charts(rows_of, over)


def results(race: Race, runs: Mapping[str, Run]) -> None:
    """Table 1 of the entrants that have been evaluated."""
    st.header("Face-recognition results", anchor=False)
    reports = {label: load_evaluation(run.path) for label, run in runs.items()}
    if any(reports.values()):
        side_by_side.table(reports)
    else:
        st.caption(
            "Each model is evaluated when its training is finished."
            if race.plan.count
            else "This race does not evaluate faces."
        )
    if race.plan.command:
        st.caption("The same race from the command line, in the folder that holds the images:")
        st.code(race.plan.command, language=None, wrap_lines=True)
