"""One run: its status, its samples over time, its charts, and its controls."""

import logging

import streamlit as st

from facedemo.app.components.status_line import status_line
from facedemo.app.shared.format import Pace, duration
from facedemo.app.shared.markdown import escaped
from facedemo.app.shared.run_controls import DAMAGED, Feedback, badge, show_problem, wait_text
from facedemo.app.shared.run_facts import race_button, race_of, waiting_in
from facedemo.app.shared.run_film import run_film
from facedemo.app.shared.session import session
from facedemo.app.views.train import steering
from facedemo.app.views.train.actions import actions
from facedemo.app.views.train.curves import draw_charts, metrics_of
from facedemo.app.views.train.state import TrainPage
from facedemo.comparison.race import Race
from facedemo.config.schema import BUILTIN_SOURCE, RunConfig, amount
from facedemo.evaluation.report import percent
from facedemo.gans.registry import config_class
from facedemo.runs import classroom, queue
from facedemo.runs.run import METRICS, Run
from facedemo.storage.locations import CONFIG, may_change, workspace
from facedemo.storage.process_status import Status
from facedemo.training import speed

REFRESH = 2.0  # seconds
SLOW = 0.7  # share of the measured speed below which a run counts as slow
RECENT_ROWS = 5  # of metrics, over which the run's situation is averaged
FRAMES = 200  # positions of the slider through time
LOG_LINES = 200
# What is drawn anew or grows keeps its place, so that nothing below it moves away from under the pointer.
PLACES = """<style>
.st-key-samples img { width: 100%; aspect-ratio: auto 1; }
.st-key-samples_time { min-height: 70px; }
[class*="st-key-chart_place_"] { min-height: 284px; }
</style>"""


def show_run(run: Run) -> None:
    """The view of a run; refreshes itself while the run trains."""
    active = run.status.active or race_of(run) is not None
    st.fragment(refreshed, run_every=REFRESH if active else None)(run, active)


def refreshed(run: Run, was_active: bool) -> None:
    if not (run.path / CONFIG).is_file():
        st.warning("The run may have been deleted or moved. “All runs” shows the existing runs.", title="No such run")
        return
    race = race_of(run)
    status = waiting_in(race, run.status) if race else run.status
    if status.active != was_active:
        st.rerun()  # only a full rerun starts or stops the periodic refresh
    try:
        config = run.config
        header(run, config, status, race)
        body(run, config, status)
    except DAMAGED as error:
        logging.getLogger(__name__).warning("%s cannot be shown", run.path, exc_info=True)
        st.error(escaped(error), title="This run cannot be shown")
        st.caption(f"The run's files are in {escaped(str(run.path))}. You can delete the run from “All runs”.")


def header(run: Run, config: RunConfig, status: Status, race: Race | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(escaped(run.name), width="content", anchor=False)
        badge(status)
    st.caption(escaped(config_facts(config)))
    if status.state in ("failed", "crashed", "damaged"):
        st.error(escaped(status.message) or "See the log below for details.", title=status.state.capitalize())
        if status.state == "failed":
            go = "Resume" if run.checkpoints() else "Start"
            st.caption(f"Fix the problem described above, then press {go}; or start a new run with other settings.")
    for warning in status.warnings:
        st.warning(warning, icon=":material/lightbulb:")
    progress(run, status)
    if why := slowed(run, config, status):
        st.caption(why)
    opened = f"{run.id} {session(TrainPage).opened}"
    status_line(situation(run, config, status), news(status), opened, key="run_situation")
    if race:
        race_button(race.id, key="train_race")
    else:
        actions(run, status)
    sharing(run)
    show_problem()
    feedback = session(Feedback)
    if feedback.confirmation and feedback.confirmed == (run.id, status.state):
        st.caption(feedback.confirmation)


def sharing(run: Run) -> None:
    """In a shared app, whether others may watch a run of the visitor's own."""
    if workspace() is None or not may_change(run.path):
        return
    hint = "Let the others watch this run: its samples, charts and settings. They cannot change it."
    shared = st.toggle("Others may watch", classroom.is_shared(run), key=f"share_{run.id}", help=hint)
    if shared != classroom.is_shared(run):
        classroom.set_shared(run, shared)


def situation(run: Run, config: RunConfig, status: Status) -> str:
    """The run's situation, in one sentence."""
    if status.state == "waiting":
        return wait_text(run.path, status)
    if status.state == "starting":
        return "Starting: loading the networks and the images."
    if status.state == "paused":
        return f"Paused at iteration {status.step:,}. Press Continue to go on."
    if status.state == "stopped":
        return f"Stopped at iteration {status.step:,}." if status.step else "Not started yet."
    if status.state == "finished":
        return f"Finished after {amount(status.step, 'iterations')} and {amount(status.images, 'images')}."
    if status.state != "running":
        return ""
    recent = {name: values[-RECENT_ROWS:] for name, values in metrics_of(run).items()}
    means = {name: sum(values) / len(values) for name, values in recent.items() if values}
    if not means:
        every = config.training.log_every
        return f"Training. The first numbers appear after {every} iteration{'' if every == 1 else 's'}."
    return config_class(config.family).situation(means) or "Training."


def news(status: Status) -> str:
    """The text for screen readers: the state, and the progress in steps of 10 %."""
    return f"{status.state}, {int(status.progress * 10) * 10} %" if status.state == "running" else status.state


def slowed(run: Run, config: RunConfig, status: Status) -> str:
    """The reason a run is slower than estimated; "" if it is not."""
    measured_speed = speed.known_speed(config)
    if not measured_speed or status.state != "running" or not status.images_per_second:
        return ""
    if status.images_per_second > SLOW * measured_speed["images_per_second"]:
        return ""
    race = race_of(run)
    own = (race.path if race else run.path).resolve()
    others = sum(place.state == "training" and place.folder != own for place in queue.places())
    why = f"{others} other {'runs train' if others > 1 else 'run trains'}" if others > 0 else "other programs are busy"
    return (
        f"Slower than the {measured_speed['images_per_second']:,.0f} images/s measured before: {why} on this computer."
    )


def config_facts(config: RunConfig) -> str:
    size, data = config.model.size, config.data.source.replace("\n", ", ")
    if workspace() is not None and data != BUILTIN_SOURCE:
        data = "uploaded images"
    data = data if len(data) < 60 else f"…{data[-58:]}"
    return f"{config.family}, {size}×{size}, {data}, for {config.budget.text}"


def progress(run: Run, status: Status) -> None:
    """The progress of the training, or of what comes before it."""
    if not status.phase or not status.total:
        waits = f"{status.text} · " if status.text and status.state in ("starting", "stopped") else ""
        st.progress(min(1.0, max(0.0, status.progress)), text=waits + progress_text(status))
        return
    page, phase = session(TrainPage), f"{run.id} {status.phase}"
    if page.phase != phase:
        page.phase, page.pace = phase, Pace()
    page.pace.reached(status.done, status.total)
    left = f" · {duration(page.pace.left)} left" if page.pace.left is not None else ""
    st.progress(page.pace.share, text=status.phase_text + left)


def progress_text(status: Status) -> str:
    parts = [percent(status.progress, 0)]
    if status.active and status.seconds_left is not None:
        left = "of training" if status.state == "waiting" else "left"
        parts.append(f"{duration(status.seconds_left)} {left}")
    parts += [f"iteration {status.step:,}", f"{amount(status.images, 'images')} seen"]
    if status.images_per_second:
        parts.append(f"{status.images_per_second:,.0f} images/s")
    parts.append(f"trained for {duration(status.seconds)}")
    return " · ".join(parts)


def body(run: Run, config: RunConfig, status: Status) -> None:
    st.html(PLACES)
    left, right = st.columns([1, 1], gap="large")
    with left:
        st.header("Samples", anchor=False)
        with st.container(key="samples"):
            samples(run)
    with right:
        if may_change(run.path):
            st.header("Steer", anchor=False)
            steering.panel(run, config, status.step, run.status.active)
    draw_charts(run, config)
    if not may_change(run.path):
        return
    with st.expander("Log", icon=":material/notes:", key="run_log"):
        st.code(
            "\n".join(run.log_text().splitlines()[-LOG_LINES:]) or "The log is empty.", language=None, wrap_lines=True
        )
    downloads(run)


def samples(run: Run) -> None:
    """The sample grid, with a slider over time that follows the newest samples while it is at the right end."""
    paths = run.samples()
    if not paths:
        starts = run.status.active
        st.caption("The first samples appear as soon as the training starts." if starts else "There are no samples.")
        return
    with st.container(key="samples_time"):
        step = chosen_step(run, sorted(paths))
    try:
        image = paths[step].read_bytes()
        st.image(image, width="stretch", alt=f"Grid of faces generated at iteration {step}")
    except Exception as error:  # Pillow raises many kinds of errors for damaged files
        st.warning(escaped(f"{paths[step]} cannot be shown ({error})."))


def chosen_step(run: Run, steps: list[int]) -> int:
    """The iteration whose samples are shown."""
    if len(steps) > FRAMES:
        steps = sorted({steps[index * (len(steps) - 1) // (FRAMES - 1)] for index in range(FRAMES)})
    key, page = "samples_step", session(TrainPage)
    chosen = st.session_state.get(key, steps[-1])
    if page.newest[0] != run.id or page.newest[1] == chosen:
        chosen = steps[-1]
    nearest = min(steps, key=lambda step: abs(step - chosen))
    page.newest = run.id, steps[-1]
    if st.session_state.get(key) != nearest:
        st.session_state[key] = nearest
    if len(steps) == 1:
        st.caption(f"Iteration {nearest:,}")
        return nearest
    return st.select_slider(
        "Iteration",
        steps,
        key=key,
        format_func="{:,}".format,
        help="Samples of the same 64 latents over the course of training. At the right end, the slider follows the "
        "newest samples.",
    )


def downloads(run: Run) -> None:
    path = run.path / METRICS
    with st.container(horizontal=True):
        st.download_button(
            METRICS,
            path.read_bytes if path.exists() else b"",
            f"{run.id}-metrics.csv",
            "text/csv",
            on_click="ignore",
            disabled=not path.exists(),
            icon=":material/download:",
            help="All data of the charts, one row every few iterations.",
        )
        run_film(run, key="train_film")
    if workspace() is None:
        st.caption(escaped(f"All files of this run are in {run.path.resolve()}."))
