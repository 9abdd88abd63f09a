"""A process that waits for its turn in the queue, and then trains a run or a race:

    python -m facedemo.runs.waiting WORKER_MODULE DIRECTORY

It imports no torch before its turn has come, so that twenty waiting trainings need little memory.
"""

import os
import runpy
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from facedemo.runs import queue
from facedemo.runs.directory import LOG, ProcessDirectory, RunError
from facedemo.storage.atomic import append_log
from facedemo.storage.output import protect_output
from facedemo.storage.process import termination_as_interrupt
from facedemo.storage.process_status import REMOTE_STALE_SECONDS, Status, process_facts

POLL_SECONDS = 0.5

Show = Callable[[Status], None]


class StoppedError(Exception):
    """The run or race was stopped while it waited."""


def wait_for_turn(directory: ProcessDirectory, now: bool = False, show: Show = lambda status: None) -> bool:
    """Waits until this process may train a run or a race; False if that was stopped or deleted meanwhile.

    now: for a process that was not launched: do not wait, but count as a training for the others.  show: called with
    the status whenever it is written.  Raises RunError if another process trains the run or race.
    """
    with directory.exclusive(f"“{directory.name}” is already training.", to_train=True):
        waiting = Waiting(directory, now, show)
    try:
        with termination_as_interrupt():
            while not waiting.has_turn():
                time.sleep(POLL_SECONDS)
    except (KeyboardInterrupt, StoppedError):
        waiting.write_status("stopped", "")
        queue.leave(directory.path)
        return False
    return directory.path.is_dir()


class Waiting:
    """A process that waits: it processes the commands to its run, and keeps its status up to date."""

    def __init__(self, directory: ProcessDirectory, now: bool, show: Show) -> None:
        self.directory, self.show = directory, show
        status = directory.status_on_disk()
        directory.set_aside_status(status)
        launched = status.active and status.of_this_process
        if not launched:
            status = replace(status, **process_facts(os.getpid()), commands_read=len(directory.commands()), warnings=[])
            state = "starting" if now else "waiting"
            status = replace(status, state=state, message="", seconds_left=directory.expected_seconds())
        self.status = status
        try:
            queue.enter(directory.path, "training" if status.state == "starting" else "waiting", again=not launched)
        except OSError as error:
            append_log(directory.path / LOG, f"not queued: the queue cannot be written to ({error})")
        self.write_status(status.state, status.message)

    def write_status(self, state: str, message: str) -> None:
        self.status = replace(self.status, state=state, message=message, updated=time.time())
        self.directory.write_status(self.status)
        self.show(self.status)

    def has_turn(self) -> bool:
        """Whether the wait is over, also because the run was deleted.  Raises StoppedError if it was stopped."""
        if not self.directory.path.is_dir() or self.status.state == "starting":
            return True
        self.process_commands()
        if time.time() - self.status.updated > REMOTE_STALE_SECONDS / 4:
            self.write_status(self.status.state, self.status.message)
        if self.status.state == "paused" or not queue.may_train(self.directory.path):
            return False
        try:
            with self.directory.exclusive(f"“{self.directory.name}” is in use.", to_train=True):
                if not queue.take_turn(self.directory.path):
                    return False
                self.write_status("starting", "Starting…")
                return True
        except RunError:  # it is being deleted
            return not self.directory.path.is_dir()

    def process_commands(self) -> None:
        for command in self.directory.commands()[self.status.commands_read :]:
            self.status.commands_read += 1
            if command.action == "stop":
                raise StoppedError
            if command.action == "pause":
                queue.set_state(self.directory.path, "paused")
                self.write_status("paused", "Paused in the queue.")
            elif command.action == "continue":
                queue.set_state(self.directory.path, "waiting")
                self.write_status("waiting", "")


def main() -> None:
    protect_output()
    module, folder = sys.argv[1:]
    try:
        if not wait_for_turn(ProcessDirectory(Path(folder))):
            return
    except RunError as error:
        sys.exit(str(error))
    sys.argv = [module, folder]
    # as the main module, because a training starts further processes by the name of its main module
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
