"""The film of a run, made in the background at a click and then offered."""

from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import streamlit as st

from facedemo.app.components.status_line import status_line
from facedemo.app.shared.background import Job, show_progress
from facedemo.app.shared.markdown import escaped
from facedemo.explore import training_film
from facedemo.runs.run import Run
from facedemo.runs.trash import TRASH

KEPT = 20  # films, of some megabytes each

_films: dict[Path, "Film"] = {}  # folder of a run → its film, the newest last; they outlive a visit of the page
_lock = Lock()


@dataclass
class Film:
    """grids: the number of sample grids that the run had when its film was asked for.  job: makes it."""

    grids: int = 0
    job: Job | None = None


def film_of(folder: Path) -> Film:
    """The film of a run, an empty one if none was asked for; whoever may not see the run does not reach it either.

    Films of runs that exist no longer, not even in the trash, are forgotten.
    """
    with _lock:
        for other in list(_films):
            if not (other.exists() or (other.parent / TRASH / other.name).exists()):
                del _films[other]
        return _films.get(folder) or Film()


def make(run: Run) -> None:
    """Begins to make the film of a run anew, and forgets the oldest of more than KEPT films."""
    if job := film_of(run.path).job:
        job.cancel()
    film = Film(len(run.samples()), Job(lambda steps: training_film.film_file(run, ".mp4", steps)))
    with _lock:
        _films.pop(run.path, None)
        _films[run.path] = film
        for oldest in list(_films)[:-KEPT]:
            del _films[oldest]


def run_film(run: Run, key: str) -> None:
    """A button that makes the film of a run, its progress, and its download.

    key: of the button.
    """
    job = film_of(run.path).job
    with st.container(gap=None):
        status_line("", "The film is ready." if job and job.state == "done" else "", focus="", key=f"{key}_news")
        if job and job.state == "running":
            note = "The film continues while you visit other pages or reload this one."
            show_progress(job, "Cancel the film.", note)
            return
        if job and job.state == "failed":
            st.error(escaped(job.error))
        with st.container(horizontal=True):
            offer(run, key)


def offer(run: Run, key: str) -> None:
    """The download of the film, and a button that makes it if there is none of the newest samples."""
    film, grids = film_of(run.path), len(run.samples())
    made = film.job if film.job and film.job.state == "done" else None
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
