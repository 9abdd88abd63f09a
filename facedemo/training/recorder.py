"""The files that a training process writes into its run directory, and the commands that it reads from there."""

import csv
import io
import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from lightning_fabric.loggers.tensorboard import TensorBoardLogger
from PIL import Image
from safetensors.torch import save
from torch import Tensor

from facedemo.config.schedule import SettingChange
from facedemo.pretrained.provenance import Trained
from facedemo.runs import queue, records
from facedemo.runs.directory import COMMANDS, LOG, RunError
from facedemo.runs.records import Command
from facedemo.runs.run import IMAGES, MARKS, METRICS, Run
from facedemo.storage.atomic import append_line, append_log, read_object, remove_abandoned, replace_file, replacing
from facedemo.storage.locations import REPORT, WEIGHTS
from facedemo.storage.process_status import STATUS, process_facts

KEPT_CHECKPOINTS = 2


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


class Recorder:
    def __init__(self, run: Run) -> None:
        self.run = run
        for folder in ("samples", "checkpoints"):
            (run.path / folder).mkdir(exist_ok=True)
        self.status = replace(run.status, **process_facts(os.getpid()), message="", warnings=[])
        self.writing_status = threading.RLock()
        self.columns: list[str] = []  # columns of metrics.csv, if it exists: no others can be added
        self.earlier_changes = run.setting_changes()
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
        answered = {change.command for change in self.earlier_changes}
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

    def due_changes(self, step: int) -> list[SettingChange]:
        """Recorded changes of an earlier process that apply at `step` and were not returned before."""
        due = [change for change in self.earlier_changes if change.step <= step]
        self.earlier_changes = self.earlier_changes[len(due) :]
        return due

    def record_change(self, change: SettingChange) -> None:
        append_line(self.run.path / MARKS, {"version": records.VERSION, **asdict(change)})

    def log(self, message: str) -> None:
        append_log(self.run.path / LOG, message)

    def write_status(self, **changes: Any) -> None:
        """Thread-safe, so that a heartbeat may call it without changes."""
        with self.writing_status:
            self.status = replace(self.status, updated=time.time(), **changes)
            self.run.write_status(self.status)

    def rewind(self, step: int) -> None:
        """Drops metrics after iteration `step`, which will be logged again, and opens the loggers."""
        path = self.run.path / METRICS
        self.columns, rows, whole = records.read_metrics(path)
        if not whole:
            name = records.set_aside(path)
            self.log(f"{METRICS} is damaged: {len(rows):,} rows could be read; the file has been renamed to {name}")
        if self.columns:
            column = self.columns.index("step")
            replace_file(path, csv_text([self.columns, *(row for row in rows if row[column] <= step)]))
        self.close()
        self.tensorboard = TensorBoardLogger(
            self.run.path, name="", version="tensorboard", default_hp_metric=False, purge_step=step + 1, flush_secs=10
        )

    def log_metrics(self, row: dict[str, float]) -> None:
        path, step = self.run.path / METRICS, int(row["step"])
        if not self.columns:
            self.columns = ["step", *(name for name in row if name != "step")]
            replace_file(path, csv_text([self.columns]), flush=False)
        cells = {**row, "step": step}
        with path.open("a", encoding="utf8", newline="") as file:
            file.write(csv_text([[cells.get(name, "") for name in self.columns]]))
        self.tensorboard.log_metrics({name: row[name] for name in self.columns if name in row and name != "step"}, step)

    def save_sample(self, step: int, pixels: np.ndarray) -> None:
        """pixels: uint8 (height, width, 3)."""
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        replace_file(self.run.path / "samples" / f"{step:08d}.png", buffer.getvalue())
        self.tensorboard.experiment.add_image("samples", pixels, step, dataformats="HWC")

    def save_checkpoint(self, trained: Trained, write: Callable[[Path], None], weights: dict[str, Tensor]) -> None:
        """Keeps the newest checkpoints, and the weights for sampling; `write` saves the full state at a path."""
        folder = self.run.path / "checkpoints"
        with replacing(folder / f"{trained.iterations:08d}.ckpt") as temporary:
            write(temporary)
        weights = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
        replace_file(self.run.path / WEIGHTS, save(weights, trained.as_metadata()))
        for old in self.run.checkpoints()[KEPT_CHECKPOINTS:]:
            old.unlink(missing_ok=True)

    def close(self) -> None:
        if logger := getattr(self, "tensorboard", None):
            with suppress(OSError):  # on a full disk; the final status must be written anyway
                logger.finalize("success")


class NullRecorder:
    """Stands in for the recorder on ranks other than 0: it knows what the run recorded before, and writes nothing."""

    def __init__(self, run: Run) -> None:
        self.run, self.status = run, run.status
        self.earlier_changes = run.setting_changes()

    due_changes = Recorder.due_changes

    def write_status(self, **changes: Any) -> None:
        self.status = replace(self.status, **changes)

    def save_checkpoint(self, trained: Trained, write: Callable[[Path], None], weights: dict[str, Tensor]) -> None:
        write(self.run.path / "checkpoints" / "unused")  # all processes take part, but only the first one writes

    def new_commands(self) -> list[Command]:
        return []

    def ignore(self, *_: Any) -> None:
        pass

    set_queue_state = take_turn = check_images = record_change = log = rewind = log_metrics = save_sample = ignore
