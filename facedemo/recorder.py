"""What a training writes into its run directory, and reads of what people ask of it."""

import csv
import io
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from lightning_fabric.loggers import CSVLogger, TensorBoardLogger
from lightning_fabric.loggers.csv_logs import _ExperimentWriter
from PIL import Image
from safetensors.torch import save
from torch import Tensor

from facedemo.files import append_line, read_lines, replace_file, replacing
from facedemo.runs import Run
from facedemo.status import process_facts
from facedemo.steering import Mark

KEPT_CHECKPOINTS = 2


class AppendingWriter(_ExperimentWriter):
    """Goes on with the metrics.csv of a resumed run, where Fabric's own would delete it."""

    def _check_log_dir_exists(self) -> None:
        path = Path(self.metrics_file_path)
        if path.exists():
            self.metrics_keys = path.read_text("utf8").splitlines()[0].split(",")


class Recorder:
    def __init__(self, run: Run) -> None:
        self.run = run
        for folder in ("samples", "checkpoints"):
            (run.path / folder).mkdir(exist_ok=True)
        self.status = replace(
            run.status,
            **process_facts(os.getpid()),
            message="",
            advice=[],
        )
        self.columns: list[str] | None = None  # of metrics.csv, where it has rows: no other can be added to it
        self.marks = [Mark(mark["step"], mark["changes"], mark["command"]) for mark in run.marks()]
        self.skip_old_orders()

    def skip_old_orders(self) -> None:
        """A pause or stop was meant for an earlier process; a setting which that one did not get to is still wanted."""
        answered = {mark.command for mark in self.marks}
        orders = self.numbered_orders()
        self.orders_read = len(orders)
        self.waiting = [order for order in orders if order["do"] == "set" and order["number"] not in answered]

    def numbered_orders(self) -> list[dict[str, Any]]:
        orders = read_lines(self.run.path / "orders.jsonl")
        return [{**order, "number": number} for number, order in enumerate(orders)]

    def new_orders(self) -> list[dict[str, Any]]:
        """What was asked for since the last call, each with its `number`."""
        try:
            size = (self.run.path / "orders.jsonl").stat().st_size
        except OSError:
            size = 0
        orders, self.waiting = self.waiting, []
        if size != getattr(self, "orders_size", None):
            self.orders_size = size
            every = self.numbered_orders()
            orders, self.orders_read = orders + every[self.orders_read :], len(every)
        return orders

    def due_marks(self, step: int) -> list[Mark]:
        """Recorded marks of an earlier process that are in force at `step` and were not returned before."""
        due = [mark for mark in self.marks if mark.step <= step]
        self.marks = self.marks[len(due) :]
        return due

    def record_mark(self, mark: Mark) -> None:
        append_line(
            self.run.path / "marks.jsonl", {"step": mark.step, "changes": mark.changes, "command": mark.command}
        )

    def log(self, words: str) -> None:
        with (self.run.path / "log.txt").open("a", encoding="utf8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {words}\n")

    def write_status(self, **changes: Any) -> None:
        self.status = replace(self.status, updated=time.time(), **changes)
        self.run.write_status(self.status)

    def rewind(self, step: int) -> None:
        """Forgets metrics after iteration `step`, which will be logged again, and opens the loggers."""
        path = self.run.path / "metrics.csv"
        metrics = self.run.metrics()
        if metrics:
            self.columns = list(metrics)
            text = io.StringIO()
            writer = csv.writer(text, lineterminator="\r\n")
            writer.writerow(metrics)
            column = list(metrics).index("step")
            writer.writerows(row for row in zip(*metrics.values(), strict=True) if row[column] <= step)
            replace_file(path, text.getvalue())
        else:
            path.unlink(missing_ok=True)
        self.csv = CSVLogger(self.run.path, name="", version="", flush_logs_every_n_steps=1)
        self.csv._experiment = AppendingWriter(str(self.run.path))
        self.tensorboard = TensorBoardLogger(
            self.run.path, name="", version="tensorboard", default_hp_metric=False, purge_step=step + 1, flush_secs=10
        )

    def log_metrics(self, row: dict[str, float]) -> None:
        step = int(row["step"])
        rest = {name: value for name, value in row.items() if name != "step" and name in (self.columns or row)}
        self.csv.log_metrics(rest, step)
        self.tensorboard.log_metrics(rest, step)

    def save_sample(self, step: int, pixels: np.ndarray) -> None:
        """pixels: uint8 (height, width, 3)."""
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        replace_file(self.run.path / "samples" / f"{step:08d}.png", buffer.getvalue())
        self.tensorboard.experiment.add_image("samples", pixels, step, dataformats="HWC")

    def save_checkpoint(self, step: int, write: Callable[[Path], None], weights: dict[str, Tensor]) -> None:
        """Keeps the newest checkpoints, and the weights alone for sampling; `write` saves the full state at a path."""
        folder = self.run.path / "checkpoints"
        with replacing(folder / f"{step:08d}.ckpt") as temporary:
            write(temporary)
        weights = {name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}
        replace_file(self.run.path / "model.safetensors", save(weights))
        for old in self.run.checkpoints()[KEPT_CHECKPOINTS:]:
            old.unlink(missing_ok=True)

    def close(self) -> None:
        for name in ("csv", "tensorboard"):
            if logger := getattr(self, name, None):
                logger.finalize("success")


class Follower(Recorder):
    """The recorder of every process but the first: hears what the first one wrote before, and writes nothing."""

    def new_orders(self) -> list[dict[str, Any]]:
        return []

    def record_mark(self, mark: Mark) -> None:
        pass

    def log(self, words: str) -> None:
        pass

    def write_status(self, **changes: Any) -> None:
        self.status = replace(self.status, **changes)

    def rewind(self, step: int) -> None:
        pass

    def log_metrics(self, row: dict[str, float]) -> None:
        pass

    def save_sample(self, step: int, pixels: np.ndarray) -> None:
        pass

    def save_checkpoint(self, step: int, write: Callable[[Path], None], weights: dict[str, Tensor]) -> None:
        write(self.run.path / "checkpoints" / "unused")  # all processes take part, and the first one writes
