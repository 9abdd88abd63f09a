"""Background threads: the page stays usable while a job runs, and finds its result when it is opened again."""

import logging
import threading
from collections.abc import Callable
from typing import Any, Generic, Literal, TypeVar

import streamlit as st

from facedemo.app.shared.format import Pace
from facedemo.app.shared.markdown import escaped
from facedemo.config.messages import error_message
from facedemo.progress import Progress, Steps
from facedemo.storage.locations import upload_prefix

REFRESH = 1.0  # seconds
CANCEL = "Cancel the evaluation. Results so far are cached, so that the next one continues from there."
CONTINUES = "The evaluation continues while you visit other pages or reload this one."
KEPT = 6  # finished jobs that are kept in memory
Request = TypeVar("Request")


class CancelledError(Exception):
    """Raised in a job that was cancelled."""


class Job:
    """A job that starts at once.  result: what it returned.  error: a message saying why it failed."""

    def __init__(self, work: Callable[[Steps], Any]) -> None:
        """work: called with a function that takes a description of a step and returns a callback for its progress."""
        self.state: Literal["running", "done", "failed", "cancelled"] = "running"
        self.result: Any = None
        self.error = ""
        self.step, self.pace = "starting", Pace()
        self.owner = upload_prefix()  # who may cancel it: in a shared app, others may wait for the same result
        self._run = work
        self.thread = threading.Thread(target=self._work, daemon=True, name="job")
        self.thread.start()

    def cancel(self) -> None:
        """Ends the job at its next progress report, without waiting for it."""
        if self.state == "running":
            self.state = "cancelled"

    def _work(self) -> None:
        try:
            result = self._run(self._progress_of)
        except CancelledError:
            return
        except Exception as error:
            if not isinstance(error, ValueError | OSError):  # the messages of these are written for users
                logging.getLogger(__name__).exception("A job failed")
            self.error = error_message(error) or type(error).__name__
            self._end("failed")
        else:
            self.result = result
            self._end("done")

    def _end(self, state: Literal["done", "failed"]) -> None:
        if self.state == "running":
            self.state = state

    def _progress_of(self, what: str) -> Progress:
        pace = Pace()

        def report(done: int, total: int | None) -> None:
            if self.state == "cancelled":
                raise CancelledError
            pace.reached(done, total)
            self.step, self.pace = what, pace

        return report


class Jobs(Generic[Request]):
    """The jobs of all visitors, whose sessions are threads, by what was requested."""

    def __init__(self) -> None:
        self.lock, self.by_request = threading.Lock(), dict[Request, Job]()

    def start(self, request: Request, work: Callable[[Steps], Any]) -> None:
        """Starts a job, unless it runs already, and forgets the oldest finished ones."""
        with self.lock:
            if (job := self.by_request.pop(request, None)) is None or job.state != "running":
                job = Job(work)
            self.by_request[request] = job
            finished = [old for old, job in self.by_request.items() if job.state != "running"]
            for old in finished[: max(0, len(finished) - KEPT)]:
                del self.by_request[old]

    def all(self) -> dict[Request, Job]:
        """A copy, oldest first."""
        with self.lock:
            return dict(self.by_request)


def show_progress(job: Job, hint: str = CANCEL, note: str = CONTINUES) -> None:
    """The current step, the time left, and a cancel button; refreshes itself.

    hint: of the button.  note: beside it.
    """
    st.fragment(refreshed, run_every=REFRESH)(job, hint, note)


def refreshed(job: Job, hint: str, note: str) -> None:
    if job.state != "running":
        st.rerun()
    st.progress(job.pace.share, text=f"{escaped(job.step).capitalize()}: {job.pace}" if job.pace.total else "Starting…")
    with st.container(horizontal=True, vertical_alignment="center"):
        if job.owner == upload_prefix():
            st.button("Cancel", icon=":material/close:", on_click=job.cancel, help=hint)
        if note:
            st.caption(note)
