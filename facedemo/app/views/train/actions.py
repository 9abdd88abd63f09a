"""The buttons of one run: pause, stop, resume, extend."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from facedemo.app.shared import budget as budgets
from facedemo.app.shared.markdown import escaped
from facedemo.app.shared.run_controls import ask, generate_button
from facedemo.app.shared.session import session
from facedemo.app.views.train.state import TrainPage
from facedemo.config.schema import BUILTIN_SOURCE, Budget
from facedemo.data.scan import check_enough
from facedemo.data.source_files import existing
from facedemo.runs import classroom
from facedemo.runs.run import Run
from facedemo.storage.locations import may_change, workspace
from facedemo.storage.process_status import Status


def actions(run: Run, status: Status) -> None:
    """Buttons for the actions that the run's state allows; none for a run that belongs to somebody else."""
    if not may_change(run.path):
        st.caption(f"This run belongs to {escaped(classroom.owner_of(run))}. You can watch it, but not change it.")
        return
    now = (run.id, status.state)
    with st.container(horizontal=True):
        if status.state == "waiting" and workspace() is None:
            hint = "Do not wait in the queue. Trainings at the same time slow each other down."
            action_button("Start now", "play_arrow", hint, ask, run.start_now, "The run will start in a moment.", now)
        if status.state == "paused":
            hint, confirmation = "Continue the training.", "The run will continue in a moment."
            action_button("Continue", "play_arrow", hint, ask, run.unpause, confirmation, now)
        elif status.active:
            hint = "Pause the training; its process stays alive and nothing is lost."
            confirmation = "The run will pause after this iteration."
            action_button(
                "Pause", "pause", hint, ask, run.pause, confirmation, now, disabled=status.state == "starting"
            )
        if status.active:
            hint = "Save a checkpoint and end the process. The run can be resumed."
            confirmation = "The run will save a checkpoint and stop after this iteration."
            action_button("Stop", "stop", hint, ask, run.stop, confirmation, now)
        elif status.state == "finished":
            extension(run)
        else:
            label = "Resume" if run.checkpoints() else "Start"
            hint = "Train in a separate process, from the last checkpoint if there is one."
            action_button(label, "play_arrow", hint, ask, run.launch)
            if run.checkpoints() and run.config.data.source != BUILTIN_SOURCE and workspace() is None:
                images(run)
        generate_button(run)


def action_button(
    label: str, icon: str, hint: str, on_click: Callable[..., None], *args: Any, disabled: bool = False
) -> None:
    icon, key = f":material/{icon}:", f"do_{label}"
    st.button(label, icon=icon, on_click=on_click, args=args, help=hint, disabled=disabled, key=key)


def extension(run: Run, prefix: str = "extend") -> None:
    """A form for a larger budget of a finished run."""
    with st.popover("Extend", icon=":material/more_time:", help="Continue the run with a larger budget."):
        page = session(TrainPage)
        if page.extended != run.id or f"{prefix}_kind" not in st.session_state:
            page.extended, budget = run.id, run.config.budget.model_dump()
            budgets.fill({kind: limit * 2 for kind, limit in budget.items() if limit}, prefix)
        budget = budgets.control(prefix)
        st.caption("Counted from the start of the run, so it must exceed the budget already used.")
        args = (lambda: extend(run, budget),)
        st.button("Train further", type="primary", on_click=ask, args=args, key=f"{prefix}_go")


def extend(run: Run, budget: dict[str, float]) -> None:
    run.extend(Budget.model_validate(budget))
    run.launch()


def images(run: Run) -> None:
    """A form to resume with images that have moved or changed."""
    hint = "Resume with images that have moved or changed since the run started."
    with st.popover("Images", icon=":material/folder_managed:", help=hint):
        source = st.text_area(
            "Path",
            run.config.data.source,
            height="content",
            key=f"images_path_{run.id}",
            help="Where the training images are now: a folder or an archive; for several, one per line.",
        )
        changed = st.checkbox(
            "The images have changed",
            key=f"images_changed_{run.id}",
            help="Train on the images as they are now, although the run started with others.",
        )
        args = (lambda: resume_with_images(run, source, changed),)
        st.button("Resume with these images", type="primary", on_click=ask, args=args, key="images_go")


def resume_with_images(run: Run, source: str, changed: bool) -> None:
    check_enough(existing(source), run.config.data.crop)
    run.use_images(existing(source), changed)
    run.launch()
