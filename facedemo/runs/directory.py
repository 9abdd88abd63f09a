"""The common base of runs and races: a directory with a status, a log, and a queue of commands to its process."""

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, TypeVar

from filelock import FileLock, Timeout

from facedemo.runs import queue, records
from facedemo.runs.records import Action, Command, new_command
from facedemo.storage.atomic import append_line, overwrite_file, replace_file
from facedemo.storage.locations import may_change
from facedemo.storage.process_status import STATUS, Status, process_facts, read_status
from facedemo.storage.run_lock import acquired, is_held

COMMANDS, LOG = "orders.jsonl", "log.txt"


class RunError(ValueError):
    """A run cannot do what was requested; the message is for users."""


class Stored(Protocol):
    """Something that can be listed, deleted and restored: a run or a race."""

    @property
    def path(self) -> Path: ...

    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def status(self) -> Status: ...

    def exclusive(
        self, refusal: str, to_train: bool = False, waiting: bool = False
    ) -> AbstractContextManager[FileLock]: ...

    def write_status(self, status: Status) -> None: ...

    def at(self, path: Path) -> Self: ...

    def refuse_if_foreign(self) -> None: ...


def allow_any(directory: "ProcessDirectory") -> None:
    """The default of `check_launch`."""


_launching = threading.Lock()  # of this process: rules that count trainings must see those that start meanwhile

AnyStored = TypeVar("AnyStored", bound=Stored)


@dataclass(frozen=True)
class ProcessDirectory:
    """A directory with a status, a log, a queue of commands, and the process that works in it."""

    path: Path

    worker: ClassVar[str]  # the module to run on the directory
    check_launch: ClassVar[Callable[["ProcessDirectory"], None]] = allow_any  # raises RunError if a rule forbids it
    crash_message: ClassVar[str] = "Its process exited unexpectedly. Resume continues from the last checkpoint."

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def name(self) -> str:
        return self.id

    def at(self, path: Path) -> Self:
        """The same at another place."""
        return replace(self, path=path)

    @property
    def status(self) -> Status:
        """The current status, according to the files and the process."""
        status = self.status_on_disk()
        if status.active and not status.process_lives() and not is_held(self.path):
            ended_waiting = status.state == "waiting"
            status.state = "crashed"
            status.message = "Its process ended while it waited. Resume puts it into the queue again."
            status.message = status.message if ended_waiting else self.crash_message
        return status

    def status_on_disk(self) -> Status:
        """The content of status.json, whether or not the process is still alive."""
        return read_status(self.path)

    def set_aside_status(self, status: Status) -> str:
        """Renames an unreadable status.json before a new one is written; returns the new name."""
        return records.set_aside(self.path / STATUS) if status.state == "damaged" else ""

    @contextmanager
    def exclusive(self, refusal: str, to_train: bool = False, waiting: bool = False) -> Iterator[FileLock]:
        """Holds the run's lock, so that nothing else trains, starts, changes or moves the run.

        to_train: whether this process was started to train the run.  waiting: also if the run waits in the queue.
        Raises RunError with the message `refusal` if the run is being trained, started or moved, or if it no longer
        exists, or belongs to another visitor of a shared app.
        """
        self.refuse_if_foreign()
        self.refuse_if_active(self.status, refusal, to_train, waiting)
        try:
            lock = acquired(self.path)
        except Timeout:
            raise RunError(refusal) from None
        except OSError as error:
            raise RunError(f"The folder of “{self.id}” cannot be written to: {error.strerror or error}.") from error
        try:
            self.refuse_if_active(self.status_on_disk(), refusal, to_train, waiting)
            yield lock
        finally:
            lock.release()

    def refuse_if_foreign(self) -> None:
        """Raises RunError if the current visitor of a shared app may not change this."""
        if not may_change(self.path):
            raise RunError(f"“{self.name}” belongs to somebody else. You can watch it, but not change it.")

    def refuse_if_active(self, status: Status, refusal: str, to_train: bool, waiting: bool) -> None:
        if not self.path.is_dir():
            raise RunError(f"“{self.id}” no longer exists.")
        # the lock tells whether a process trains; only the status shows one that was started and is still loading
        own = to_train and (status.of_this_process or not status.of_this_computer)
        own = own or (waiting and status.state == "waiting")
        if status.active and not own and status.process_lives():
            raise RunError(refusal)

    def write_status(self, status: Status) -> None:
        content = json.dumps(asdict(status), indent=2)
        try:
            replace_file(self.path / STATUS, content, flush=False)
        except OSError:  # a full disk has no room for a second file, but the old status can be overwritten
            overwrite_file(self.path / STATUS, content)

    def commands(self) -> list[Command]:
        """The commands to its process, oldest first."""
        return records.read_commands(self.path / COMMANDS)

    def log_text(self) -> str:
        return self.text(LOG)

    def text(self, name: str) -> str:
        """A text file of the run; "" if it does not exist."""
        try:
            return (self.path / name).read_text("utf8", errors="replace")
        except OSError:
            return ""

    def send(self, action: Action, changes: dict[str, float] | None = None) -> None:
        """Adds a command to its process."""
        self.refuse_if_foreign()
        append_line(self.path / COMMANDS, new_command(action, changes).as_record())

    def pause(self) -> None:
        """Requests a pause, which gives the turn in the queue to the next one."""
        self.send("pause")

    def unpause(self) -> None:
        self.send("continue")

    def start_now(self) -> None:
        """Ends the wait in the queue; the others count it as a training."""
        if self.status.state == "waiting":
            queue.set_state(self.path, "training")

    def runs_to_train(self) -> Sequence[Any]:
        """The runs that its process trains."""
        return []

    def expected_seconds(self) -> float | None:
        """Expected training time from now to the end; None if unknown."""
        return None

    def launch_new(self, expected_seconds: float | None = None) -> None:
        """As `launch`, for something that was just created: it is removed again if a rule forbids to train it."""
        created = [self, *self.runs_to_train()]
        try:
            self.launch(expected_seconds=expected_seconds)
        except RunError:
            for directory in created:
                shutil.rmtree(directory.path, ignore_errors=True)
            raise

    def launch(self, now: bool = False, expected_seconds: float | None = None) -> None:
        """Starts or resumes its work in a separate process at low priority, when its turn in the queue has come.

        now: do not wait.  expected_seconds: expected training time, if known better than by `expected_seconds`.  Raises
        RunError if it is running or waiting.
        """
        with self.exclusive(f"“{self.name}” is already training or waiting."), _launching:
            ProcessDirectory.check_launch(self)
            with suppress(OSError):  # the queue's folder is not writable: the process logs it
                queue.enter(self.path, "training" if now else "waiting")
            with (self.path / LOG).open("ab") as log:
                process = subprocess.Popen(
                    [sys.executable, "-m", "facedemo.runs.waiting", self.worker, str(self.path.resolve())],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # so that it survives the app
                )
            status = self.status_on_disk()
            self.set_aside_status(status)
            starts = queue.take_turn(self.path)
            state, message = ("starting", "Starting…") if starts else ("waiting", "")
            changes: dict[str, Any] = {"state": state, "message": message}
            changes |= {"warnings": [], "updated": time.time(), "commands_read": len(self.commands())}
            changes["seconds_left"] = expected_seconds or self.expected_seconds()
            self.write_status(replace(status, **changes, **process_facts(process.pid)))


def find_one(text: str, among: Iterable[AnyStored], kind: str, command: str) -> AnyStored:
    """The item whose directory's name ends in `text`.

    kind, command: the items' name, and the command that lists them.  Raises RunError if none or several match.
    """
    fitting = [item for item in among if text and item.id.endswith(text)]
    if len(fitting) != 1:
        raise RunError(f"{'No' if not fitting else 'More than one'} {kind} matches “{text}”. `{command}` lists them.")
    return fitting[0]
