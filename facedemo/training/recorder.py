"""The files that a training process writes into its run directory, and the commands that it reads from there."""

import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from safetensors.torch import save
from torch import Tensor

from facedemo.config.schedule import SettingChange
from facedemo.pretrained.provenance import Trained
from facedemo.runs import queue, records
from facedemo.runs.directory import COMMANDS, LOG, RunError
from facedemo.runs.records import Command
from facedemo.runs.run import IMAGES, MARKS, Run
from facedemo.storage.atomic import append_line, append_log, read_object, remove_abandoned, replace_file, replacing
from facedemo.storage.locations import REPORT, WEIGHTS
from facedemo.storage.process_status import STATUS, Status, process_facts
from facedemo.training.metrics_log import MetricsLog

KEPT_CHECKPOINTS = 2


class Recorder:
    def __init__(self, run: Run, show: Callable[[Status], None] = lambda status: None) -> None:
        """`show` is called with the status whenever it changes."""
        self.run, self.show = run, show
        for folder in ("samples", "checkpoints"):
            (run.path / folder).mkdir(exist_ok=True)
        self.status = replace(run.status, **process_facts(os.getpid()), message="", warnings=[])
        self.writing_status = threading.RLock()
        self.skip_old_commands()

    def tidy(self) -> None:
        """Removes files that a killed process left half-written; logs damaged records and renames them."""
        for folder in (self.run.path, self.run.path / "samples", self.run.path / "checkpoints"):
            remove_abandoned(folder)
        if name := self.run.set_aside_status(self.run.status_on_disk()):
            self.log(f"{STATUS} was damaged and has been renamed to {name}")
        for name, used in ((MARKS, self.run.setting_changes()), (COMMANDS, self.run.commands())):
            if (unused := records.unused_lines(self.run.path / name, len(used))) > 0:
                self.log(f"{name} is damaged: {unused:,} of its lines are unusable")
        if (self.run.path / REPORT).exists() and not read_object(self.run.path / REPORT):
            self.log(f"{REPORT} was damaged and has been renamed to {records.set_aside(self.run.path / REPORT)}")

    def check_images(self, count: int, digest: str) -> None:
        """Remembers the training images of a new run; raises RunError if those of a resumed one have changed."""
        path = self.run.path / IMAGES
        before = read_object(path)
        recorded, then = before.get("digest"), before.get("count")
        if path.exists() and not (isinstance(recorded, str) and isinstance(then, int)):
            self.log(f"{IMAGES} was damaged and has been renamed to {records.set_aside(path)}")
        if not path.exists() or not self.run.checkpoints():
            replace_file(path, json.dumps({"count": count, "digest": digest}) + "\n")
        elif (recorded, then) != (digest, count):
            raise RunError(
                f"The training images have changed since this run started: {then:,} then, {count:,} now. Restore "
                "the earlier ones, or resume with the changed ones: --data-changed on the command line, or “Images” "
                "beside Resume in the app."
            )

    def skip_old_commands(self) -> None:
        """Ignores pause and stop commands to an earlier process, but keeps setting changes that it did not apply."""
        answered = {change.command for change in self.run.setting_changes()}
        commands = self.run.commands()
        before = self.run.status_on_disk()
        self.commands_read = before.commands_read if before.active and before.of_this_process else len(commands)
        old = commands[: self.commands_read]
        self.pending = [command for command in old if command.action == "set" and command.id not in answered]

    def new_commands(self) -> list[Command]:
        """The new commands since the last call."""
        try:
            size = (self.run.path / COMMANDS).stat().st_size
        except OSError:
            size = 0
        commands, self.pending = self.pending, []
        if size != getattr(self, "commands_size", None):
            self.commands_size = size
            every = self.run.commands()
            commands, self.commands_read = commands + every[self.commands_read :], len(every)
        return commands

    def set_queue_state(self, state: str) -> None:
        """A paused training gives its turn to the next one in the queue; to continue, it waits again."""
        queue.set_state(self.run.path, state)

    def take_turn(self) -> bool:
        return queue.take_turn(self.run.path)

    def record_change(self, change: SettingChange) -> None:
        append_line(self.run.path / MARKS, {"version": records.VERSION, **asdict(change)})

    def log(self, message: str) -> None:
        append_log(self.run.path / LOG, message)

    def write_status(self, **changes: Any) -> None:
        """Thread-safe, so that a heartbeat may call it without changes."""
        with self.writing_status:
            self.status = replace(self.status, updated=time.time(), **changes)
            self.run.write_status(self.status)
        if changes:
            self.show(self.status)

    def open_metrics(self, step: int) -> MetricsLog:
        """The log of metrics and samples, from which everything after iteration `step` has been dropped."""
        return MetricsLog(self.run, step)

    def save_checkpoint(self, trained: Trained, write: Callable[[Path], None], weights: dict[str, Tensor]) -> None:
        """Keeps the newest checkpoints, and the weights for sampling; `write` saves the full state at a path."""
        folder = self.run.path / "checkpoints"
        with replacing(folder / f"{trained.iterations:08d}.ckpt") as temporary:
            write(temporary)
        weights = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
        replace_file(self.run.path / WEIGHTS, save(weights, trained.as_metadata()))
        for old in self.run.checkpoints()[KEPT_CHECKPOINTS:]:
            old.unlink(missing_ok=True)


class NullRecorder:
    """Stands in for the recorder and its log of metrics on ranks other than 0, and writes nothing."""

    def __init__(self, run: Run) -> None:
        self.run, self.status = run, run.status

    def open_metrics(self, step: int) -> "NullRecorder":
        return self

    def write_status(self, **changes: Any) -> None:
        self.status = replace(self.status, **changes)

    def save_checkpoint(self, trained: Trained, write: Callable[[Path], None], weights: dict[str, Tensor]) -> None:
        write(self.run.path / "checkpoints" / "unused")  # all processes take part, but only the first one writes

    def new_commands(self) -> list[Command]:
        return []

    def ignore(self, *_: Any) -> None:
        pass

    set_queue_state = take_turn = check_images = record_change = log = log_metrics = save_sample = close = ignore


AnyRecorder = Recorder | NullRecorder
