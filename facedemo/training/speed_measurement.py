"""Measures the training speed of this computer: `python -m facedemo.training.speed_measurement < config.json`.

A process of its own, because it imports torch and the app that shows the speed need not wait for that.
"""

import sys
import time

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
    """Images per second of training steps on random images, after a warm-up; takes a few seconds."""
    settings = config.training.model_copy(update={"devices": 1, "num_nodes": 1})
    precision = device.precision(settings.precision)
    fabric = device.start_fabric(settings.model_copy(update={"precision": precision}))
    size = config.model.size
    images = np.random.default_rng(0).integers(0, 256, (IMAGES, size, size, 3), np.uint8)
    iteration = Iteration(fabric, SettingsSchedule(config), images)
    for _ in range(WARM_UP_STEPS):
        iteration.take()
    began = time.perf_counter()
    while (spent := time.perf_counter() - began) < MEASURED_SECONDS:
        iteration.take()
    return (iteration.step - WARM_UP_STEPS) * config.model.images_per_step / spent


def main() -> None:
    lower_priority()
    config = RunConfig.model_validate_json(sys.stdin.read())
    startup = time.time() - psutil.Process().create_time()
    lock = cache_root().parent / LOCK
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock):  # one at a time: in a shared app, many visitors may open the form together
        if known_speed(config) is None:
            store_speed(config, measure_speed(config), startup)


if __name__ == "__main__":
    main()
