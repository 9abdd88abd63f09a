"""The status of a run or a race, and whether the process that wrote it is still alive."""

import os
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import psutil
from pydantic import AliasChoices, Field, FiniteFloat, TypeAdapter

STATUS = "status.json"
REMOTE_STALE_SECONDS = 120  # a process on another computer that has not reported for this long counts as dead
EARLIER_NAME = Field(validation_alias=AliasChoices("warnings", "advice"))  # in files of earlier versions: advice


@dataclass
class Status:
    """The status of a run.

    state: waiting (in the queue), starting, running, paused, stopped, finished, failed, crashed (its process died) or
    damaged (the status file).  seconds_left: the expected training time until the end.  commands_read: number of
    commands that were meant for earlier processes or have been processed before the training began.  phase, done,
    total: what is being done before or after training, such as "Preparing images", and how much of it; "" if nothing
    is.
    """

    state: str = "stopped"
    message: str = ""
    step: int = 0
    images: int = 0
    seconds: FiniteFloat = 0.0
    progress: FiniteFloat = 0.0
    seconds_left: FiniteFloat | None = None
    images_per_second: FiniteFloat = 0.0
    warnings: Annotated[list[str], EARLIER_NAME] = field(default_factory=list)
    pid: int = 0
    process_started: float = 0.0
    process_identity: str = ""  # "" in files of earlier versions, and on systems without it
    host: str = ""
    updated: FiniteFloat = 0.0
    commands_read: int = 0
    phase: str = ""
    done: int = 0
    total: int | None = None
    version: int = 1  # 1: with phase, done and total; before, a message contained them

    @property
    def phase_text(self) -> str:
        """ "Preparing images: 1,000 of 4,000"; "" if there is no phase."""
        of = f" of {self.total:,}" if self.total else ""
        return f"{self.phase}: {self.done:,}{of}" if self.phase else ""

    @property
    def text(self) -> str:
        """The phase with its progress, or else the message."""
        return self.phase_text or self.message

    @property
    def active(self) -> bool:
        return self.state in ("waiting", "starting", "running", "paused")

    def process_lives(self) -> bool:
        """Whether the process that wrote this is still running; on another machine, whether it keeps reporting."""
        if not self.of_this_computer:
            return time.time() - self.updated < REMOTE_STALE_SECONDS
        try:
            process, identity = psutil.Process(self.pid), identity_of(self.pid)
            if self.process_identity and identity:
                same = self.process_identity == identity
            else:
                same = abs(process.create_time() - self.process_started) < 2.0
            return same and process.status() != psutil.STATUS_ZOMBIE
        except (psutil.Error, ValueError, OverflowError):  # the last two: not a process ID
            return False

    @property
    def of_this_computer(self) -> bool:
        return self.host == socket.gethostname()

    @property
    def of_this_process(self) -> bool:
        return self.of_this_computer and self.pid == os.getpid()


STATUSES = TypeAdapter(Status)  # making one takes a millisecond


def read_status(folder: Path) -> Status:
    """The content of a run's or a race's status.json, whether or not the process is still alive."""
    try:
        return STATUSES.validate_json((folder / STATUS).read_text("utf8"))
    except OSError:
        return Status(message="This run never started.")
    except ValueError:
        return Status(state="damaged", message="Its status.json is damaged. Resume writes a new one.")


def identity_of(pid: int) -> str:
    """Distinguishes a process from all others that ever had its ID, independently of the clock.

    On Linux, the boot ID and the process's start time in ticks since boot; "" elsewhere or if there is no such process.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        after_name = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()  # a name may contain spaces
        return f"{boot} {int(after_name[19])}"
    except (OSError, ValueError, IndexError):
        return ""


def process_facts(pid: int) -> dict[str, Any]:
    """The fields by which a `Status` identifies a process."""
    return {
        "pid": pid,
        "process_started": psutil.Process(pid).create_time(),
        "process_identity": identity_of(pid),
        "host": socket.gethostname(),
    }
