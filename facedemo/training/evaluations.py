"""Starts evaluations of a run while it trains, each in a process of its own."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from facedemo.runs.directory import LOG
from facedemo.runs.evaluations import read_evaluations

MAX_TIME_SHARE = 1 / 10  # of the processor time that evaluations may take


class Evaluations:
    def __init__(self, run: Path, every: int) -> None:
        """every: real images between evaluations; 0: none."""
        self.run, self.every = run, every
        self.process: subprocess.Popen[bytes] | None = None
        self.next = 0.0  # the processor time of the training before which no other evaluation starts

    def start_if_due(self, images: int, last: bool = False) -> None:
        """Evaluates the weights just saved, trained on `images`, in the background.

        last: of the training, which are evaluated even if the previous evaluation was not long ago.
        """
        if not self.every or images < self.every or self.is_running:
            return
        done = read_evaluations(self.run)
        since = images - (done[-1].images if done else 0)
        if (since >= self.every and time.process_time() >= self.next) or (last and since > 0):
            self.start()

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        command = [sys.executable, "-m", "facedemo.evaluation.during_training", str(self.run.resolve())]
        with (self.run / LOG).open("ab") as log:
            process = self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        before = children_time()

        def end() -> None:
            process.wait()
            self.next = time.process_time() + (children_time() - before) * (1 / MAX_TIME_SHARE - 1)

        threading.Thread(target=end, daemon=True, name="evaluation").start()


def children_time() -> float:
    """Processor time of the child processes that have ended, in seconds; a busy computer does not lengthen it."""
    times = os.times()
    return times.children_user + times.children_system
