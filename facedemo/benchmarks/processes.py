"""Two processes of one thread each against one process of two threads, on the same global batch."""

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from facedemo.config.presets import configure
from facedemo.runs.directory import RunError
from facedemo.runs.run import create_run

WARM_UP = 3  # initial rows of metrics that are not counted


@dataclass(frozen=True)
class Sharing:
    """Images per second, medians over the rounds.  ratio: two processes / one process, median over the rounds."""

    one: float
    two: float
    ratio: float


def measure_sharing(size: int = 64, rounds: int = 3, seconds: float = 30.0) -> Sharing:
    """Trains the default model alternately with one and two processes, each time in a new run on the built-in faces."""
    with tempfile.TemporaryDirectory() as folder:
        pairs = [(speed(folder, size, seconds, 1, 2), speed(folder, size, seconds, 2, 1)) for _ in range(rounds)]
    one, two = zip(*pairs, strict=True)
    return Sharing(median(one), median(two), median(b / a for a, b in pairs))


def speed(folder: str, size: int, seconds: float, devices: int, threads: int) -> float:
    options = {"size": size, "minutes": seconds / 60, "devices": devices, "threads": threads, "log_every": 5}
    run = create_run(configure(options), Path(folder))
    subprocess.run([sys.executable, "-m", "facedemo.training.worker", str(run.path)], capture_output=True, check=False)
    speeds = run.metrics().get("images_per_second", [])[WARM_UP:]
    if not speeds:
        raise RunError(f"The training did not get far enough: {run.status.message or 'give it more seconds'}.")
    return median(speeds)
