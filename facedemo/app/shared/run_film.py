"""The film of a run, made in the background at a click and then offered."""

from dataclasses import dataclass

import streamlit as st

from facedemo.app.shared.background import Job, show_progress
from facedemo.app.shared.markdown import escaped
from facedemo.app.shared.session import session
from facedemo.explore import training_film
from facedemo.runs.run import Run


@dataclass
class Film:
    """The film that this visitor asked for last.

    run: its id.  grids: the number of sample grids that the run had then.  job: makes it.
    """

    run: str = ""
    grids: int = 0
    job: Job | None = None


def make(run: Run) -> None:
    film = session(Film)
    if film.job:
        film.job.cancel()
    film.run, film.grids = run.id, len(run.samples())
    film.job = Job(lambda steps: training_film.film_file(run, ".mp4", steps))


def run_film(run: Run, key: str) -> None:
    """A button that makes the film of a run, its progress, and its download.

    key: of the button.
    """
    film, grids = session(Film), len(run.samples())
    job = film.job if film.run == run.id else None
    if job and job.state == "running":
        with st.container():
            show_progress(job, "Cancel the film.", "You can visit other pages meanwhile.")
        return
    if job and job.state == "failed":
        st.error(escaped(job.error))
    made = job if job and job.state == "done" else None
    if made:
        hint = "Download the video" + (", which lacks the newest samples." if film.grids < grids else ".")
        st.download_button(
            "Film (MP4)",
            lambda: made.result,
            f"{run.id}.mp4",
            "video/mp4",
            on_click="ignore",
            icon=":material/download:",
            help=hint,
            key=f"{key}_file",
        )
    if not made or film.grids < grids:
        hint = "The samples from the first to the newest, with iteration and settings, in about ten seconds."
        hint = hint if grids > 1 else "There is nothing to film before the second sample grid."
        icon = ":material/movie:"
        st.button("Make film", on_click=make, args=(run,), disabled=grids < 2, icon=icon, help=hint, key=key)
