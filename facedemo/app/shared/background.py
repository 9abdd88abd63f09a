"""Work in a thread of its own: the page that started it stays usable, and whoever comes back finds it."""

import logging
import threading
from collections.abc import Callable
from typing import Any, Literal

import streamlit as st

from facedemo.app.shared.format import Pace
from facedemo.app.shared.markdown import escaped
from facedemo.data.preparation import Progress

REFRESH = 1.0  # seconds
Steps = Callable[[str], Progress]


class CancelledError(Exception):
    """Raised in the work when nobody wants it any more."""


class Job:
    """Work that begins at once.  state: how it stands; result: what it returned; error: why it failed, in words."""

    def __init__(self, do: Callable[[Steps], Any]) -> None:
        """do: gets a function that takes what is being done, in words, and returns where to report its progress."""
        self.state: Literal["running", "done", "failed", "cancelled"] = "running"
        self.result: Any = None
        self.error = ""
        self.words, self.pace = "starting", Pace()
        self._do = do
        self.thread = threading.Thread(target=self._work, daemon=True, name="job")
        self.thread.start()

    def cancel(self) -> None:
        """The work ends at its next report; nobody has to wait for that."""
        if self.state == "running":
            self.state = "cancelled"

    def _work(self) -> None:
        try:
            result = self._do(self._step)
        except CancelledError:
            return
        except Exception as error:
            if not isinstance(error, ValueError | OSError):  # those are written for people
                logging.getLogger(__name__).exception("A job failed")
            self.error = str(error) or type(error).__name__
            self._end("failed")
        else:
            self.result = result
            self._end("done")

    def _end(self, state: Literal["done", "failed"]) -> None:
        if self.state == "running":
            self.state = state

    def _step(self, what: str) -> Progress:
        pace = Pace()

        def report(done: int, total: int | None) -> None:
            if self.state == "cancelled":
                raise CancelledError
            pace.reached(done, total)
            self.words, self.pace = what, pace

        return report


def show_progress(job: Job) -> None:
    """What is being done, how long it still takes, and a button that ends it; refreshes itself."""
    st.fragment(refreshed, run_every=REFRESH)(job)


def refreshed(job: Job) -> None:
    if job.state != "running":
        st.rerun()
    st.progress(
        job.pace.share, text=f"{escaped(job.words).capitalize()}: {job.pace}" if job.pace.total else "Starting…"
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        about = "Ends it. What was looked at so far is remembered, so that the next time goes on from there."
        st.button("Cancel", icon=":material/close:", on_click=job.cancel, help=about)
        st.caption("It goes on while you visit other pages or reload this one.")
