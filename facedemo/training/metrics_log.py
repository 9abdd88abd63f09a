"""The metrics and samples of a run, in files and in TensorBoard."""

import csv
import io
from collections.abc import Iterable
from contextlib import suppress

import numpy as np
from lightning_fabric.loggers.tensorboard import TensorBoardLogger
from PIL import Image

from facedemo.runs import records
from facedemo.runs.directory import LOG
from facedemo.runs.run import METRICS, Run
from facedemo.storage.atomic import append_log, replace_file

COUNTS = ("step", "images")  # whole numbers, which are read as floats


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def cells(row: dict[str, float]) -> dict[str, float]:
    """A row that has been read, with whole numbers where they were written."""
    return {name: int(cell) if name in COUNTS and cell.is_integer() else cell for name, cell in row.items()}


class MetricsLog:
    """Continues metrics.csv and the files of TensorBoard, and writes sample grids."""

    def __init__(self, run: Run, step: int) -> None:
        """Drops what was logged after iteration `step`, which will be logged again."""
        self.run, path = run, run.path / METRICS
        self.columns, rows, whole = records.read_metrics(path)  # of an existing file; no others can be added to it
        if not whole:
            name = records.set_aside(path)
            message = f"{METRICS} is damaged: {len(rows):,} rows could be read; the file has been renamed to {name}"
            append_log(run.path / LOG, message)
        if self.columns:
            kept = [dict(zip(self.columns, row, strict=True)) for row in rows]
            replace_file(path, csv_text([self.columns, *(cells(row).values() for row in kept if row["step"] <= step)]))
        self.tensorboard = TensorBoardLogger(
            run.path, name="", version="tensorboard", default_hp_metric=False, purge_step=step + 1, flush_secs=10
        )

    def log_metrics(self, row: dict[str, float]) -> None:
        path, step = self.run.path / METRICS, int(row["step"])
        if not self.columns:
            self.columns = ["step", *(name for name in row if name != "step")]
            replace_file(path, csv_text([self.columns]), flush=False)
        whole = {**row, "step": step}
        with path.open("a", encoding="utf8", newline="") as file:
            file.write(csv_text([[whole.get(name, "") for name in self.columns]]))
        self.tensorboard.log_metrics({name: row[name] for name in self.columns if name in row and name != "step"}, step)

    def save_sample(self, step: int, pixels: np.ndarray) -> None:
        """pixels: uint8 (height, width, 3)."""
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        replace_file(self.run.path / "samples" / f"{step:08d}.png", buffer.getvalue())
        self.tensorboard.experiment.add_image("samples", pixels, step, dataformats="HWC")

    def close(self) -> None:
        with suppress(OSError):  # on a full disk; the final status must be written anyway
            self.tensorboard.finalize("success")
