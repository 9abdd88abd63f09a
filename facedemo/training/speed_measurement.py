"""Measures the training speed of this computer: `python -m facedemo.training.speed_measurement < config.json`.

A process of its own, because it imports torch and the app that shows the speed need not wait for that.
"""

import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil
from filelock import FileLock

import facedemo.training.trainer  # noqa: F401 - all that a training loads before its first step belongs to its start-up
from facedemo.config.schedule import SettingsSchedule
from facedemo.config.schema import RunConfig
from facedemo.storage.locations import cache_root
from facedemo.storage.process import lower_priority
from facedemo.training import device
from facedemo.training.iteration import Iteration
from facedemo.training.speed import known_speed, store_speed

LOCK = ".speed-lock"  # in the cache folder

MEASURED_SECONDS = 2.0
WARM_UP_STEPS = 2
IMAGES = 256  # number of noise images, which take as long as faces


def measure_speed(config: RunConfig) -> float:
    """Images per second of training steps on random images, after a warm-up; takes a few seconds.

    Time in which other programs held this one up is not counted.
    """
    settings = config.training.model_copy(update={"devices": 1, "num_nodes": 1})
    precision = device.precision(settings.precision)
    fabric = device.start_fabric(settings.model_copy(update={"precision": precision}))
    size = config.model.size
    images = np.random.default_rng(0).integers(0, 256, (IMAGES, size, size, 3), np.uint8)
    iteration = Iteration(fabric, SettingsSchedule(config), images)
    for _ in range(WARM_UP_STEPS):
        iteration.take()
    began, before = time.perf_counter(), processor_time()
    while (spent := time.perf_counter() - began) < MEASURED_SECONDS:
        iteration.take()
    images = (iteration.step - WARM_UP_STEPS) * config.model.images_per_step
    return images / (spent * share_running(before))


def processor_time() -> np.ndarray:
    """For how long this process's threads have run, and have waited while others ran, in ns; both 0 if unknown.

    Linux alone says that.
    """
    times = np.zeros(2)
    for path in Path("/proc/self/task").glob("*/schedstat"):
        with suppress(OSError):  # that thread has ended
            times += [int(time) for time in path.read_text("ascii").split()[:2]]
    return times


def share_running(before: np.ndarray) -> float:
    """The share of the time since then in which no other program held this process up; 1 if unknown.

    A speed that was measured while the computer was busy would make all later estimates too long.
    """
    ran, waited = processor_time() - before
    return float(ran / (ran + waited)) if ran > 0 else 1.0


def main() -> None:
    lower_priority()
    config = RunConfig.model_validate_json(sys.stdin.read())
    startup = (time.time() - psutil.Process().create_time()) * share_running(np.zeros(2))
    lock = cache_root().parent / LOCK
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock):  # one at a time: in a shared app, many visitors may open the form together
        if known_speed(config) is None:
            store_speed(config, measure_speed(config), startup)


if __name__ == "__main__":
    main()
