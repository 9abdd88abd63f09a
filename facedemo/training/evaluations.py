"""Starts evaluations of a run while it trains, each in a separate process."""

import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil

from facedemo.runs.directory import LOG
from facedemo.runs.evaluations import read_evaluations

MAX_TIME_SHARE = 1 / 10  # of the processor time that evaluations may take
POLL_SECONDS = 0.2


class BackgroundEvaluations:
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

        def end() -> None:
            self.next = time.process_time() + processor_time(process) * (1 / MAX_TIME_SHARE - 1)

        threading.Thread(target=end, daemon=True, name="evaluation").start()


def processor_time(process: subprocess.Popen[bytes]) -> float:
    """Waits for a process; returns its processor time in seconds, which a busy computer does not lengthen."""
    seconds = 0.0
    while process.poll() is None:
        with suppress(psutil.Error):
            seconds = sum(psutil.Process(process.pid).cpu_times()[:4])  # its own and its children's, user and system
        time.sleep(POLL_SECONDS)
    return seconds
