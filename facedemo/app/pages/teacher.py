"""Teacher: who trains what, stop a training, end the class, download all runs.  Only for teachers of a shared app."""

from pathlib import Path

import streamlit as st

from facedemo.app.shared import sign_in
from facedemo.app.shared.format import duration
from facedemo.app.shared.markdown import escaped
from facedemo.app.shared.run_controls import ask, badge, show_problem, wait_text
from facedemo.evaluation.report import percent
from facedemo.pretrained import archive
from facedemo.runs import classroom, queue
from facedemo.runs.directory import ProcessDirectory
from facedemo.storage.atomic import stats_below

REFRESH = 3.0  # seconds


def trainings() -> None:
    """Everything that trains or waits, with a button to stop it."""
    waits, folders = queue.waits(), classroom.workspaces()
    active = [(folder, directory) for folder in folders for directory in classroom.active_in(folder)]
    st.header(f"Training or waiting: {len(active)}", anchor=False)
    for folder, directory in active:
        training(folder, directory, wait_text(directory.path, directory.status, waits))
    if not active:
        st.caption("No training is running or waiting.")
    show_problem()


def training(folder: Path, directory: ProcessDirectory, queue_text: str) -> None:
    status = directory.status
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{escaped(classroom.name_of(folder))}**: {escaped(directory.name)}", width="content")
        badge(status)
        left = f"{duration(status.seconds_left)} left" if status.seconds_left is not None else ""
        st.caption(queue_text or f"{percent(status.progress, 0)} {left}", width="content")
        st.button(
            "Stop",
            icon=":material/stop:",
            type="tertiary",
            on_click=ask,
            args=(lambda: classroom.stop([directory]),),
            key=f"stop_{folder.name}_{directory.id}",
            help="Stop this training with a checkpoint.",
        )


def end_or_begin() -> None:
    """Ends the class: stops everything, and lets nothing start until the next one begins."""
    if classroom.is_closed():
        st.info("The class has ended: no training can start.")
        hint = "Let the visitors train again."
        st.button(
            "Begin a class", icon=":material/play_arrow:", on_click=classroom.set_closed, args=(False,), help=hint
        )
        return
    hint = "Stop all trainings with checkpoints, and let none start until you begin the next class."
    with st.popover("End the class", icon=":material/stop_circle:", help=hint):
        st.write("All trainings stop with a checkpoint. They can be resumed in the next class.")
        st.button("Yes, end it", type="primary", on_click=ask, args=(end_class,), help=hint)


def end_class() -> None:
    classroom.set_closed(True)
    classroom.stop([directory for folder in classroom.workspaces() for directory in classroom.active_in(folder)])


def people() -> None:
    rows = []
    for folder in classroom.workspaces():
        runs = classroom.everything_in(folder)
        size = sum(file.st_size for file in stats_below(folder))
        active = len(classroom.active_in(folder))
        rows.append(
            {"Name": classroom.name_of(folder), "Runs": len(runs), "Training": active, "MB": round(size / 1e6, 1)}
        )
    st.header(f"Visitors: {len(rows)}", anchor=False)
    st.dataframe(rows, hide_index=True, alt=f"Table of {len(rows)} visitors with their runs.")


st.title("Teacher", anchor=False)
visitor = sign_in.current()
if visitor is None or not visitor.teacher:  # the page is not listed for others, but it has an address
    st.error("This page is for teachers.")
    st.stop()
allowed = classroom.rules()
st.caption(
    f"Allowed: {allowed.minutes:g} minutes per training, images of {allowed.size}×{allowed.size} pixels, "
    f"{allowed.trainings_text} per visitor, {allowed.upload_megabytes:g} MB of uploads. Runs are removed after "
    f"{allowed.run_days:g} days. At most {queue.max_trainings()} trainings run at once."
)
with st.container(horizontal=True):
    end_or_begin()
    st.download_button(
        "Download all runs",
        archive.zip_of_all_visitors,
        "runs.zip",
        "application/zip",
        on_click="ignore",
        icon=":material/folder_zip:",
        help="All runs of all visitors without their training checkpoints, each as a ZIP in a folder of its visitor.",
    )
st.fragment(trainings, run_every=REFRESH)()
people()
