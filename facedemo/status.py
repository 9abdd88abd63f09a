"""What a run or a race is doing, and whether the process that said so still lives."""

import socket
import time
from dataclasses import dataclass, field
from typing import Any

import psutil
from pydantic import FiniteFloat

STARTING_SECONDS = 120  # a launched process that has not reported by then is taken for dead


@dataclass
class Status:
    """What a run is doing.

    state: starting, running, paused, stopped, finished, failed, crashed (its process died) or damaged (this file).
    """

    state: str = "stopped"
    message: str = ""
    step: int = 0
    images: int = 0
    seconds: FiniteFloat = 0.0
    progress: FiniteFloat = 0.0
    seconds_left: FiniteFloat | None = None
    images_per_second: FiniteFloat = 0.0
    advice: list[str] = field(default_factory=list)
    pid: int = 0
    process_started: float = 0.0
    host: str = ""
    updated: float = 0.0

    @property
    def active(self) -> bool:
        return self.state in ("starting", "running", "paused")

    def process_lives(self) -> bool:
        """Whether the process that wrote this still runs; one on another machine counts while it keeps reporting."""
        if self.host != socket.gethostname():
            return time.time() - self.updated < STARTING_SECONDS
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.process_started) < 2.0
            return same and process.status() != psutil.STATUS_ZOMBIE
        except (psutil.Error, ValueError):  # ValueError: no number of a process
            return False


def process_facts(pid: int) -> dict[str, Any]:
    """What a `Status` tells a process by."""
    return {
        "pid": pid,
        "process_started": psutil.Process(pid).create_time(),
        "host": socket.gethostname(),
    }
