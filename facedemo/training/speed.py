"""The training speed of this computer, measured and cached, to estimate the time of a run before it starts.

`python -m facedemo.training.speed` measures it; it reads a run's config.json from standard input.
"""

import hashlib
import json
import os
import platform
import subprocess
import sys
import time
from typing import Any

import psutil

from facedemo.config.schedule import SettingsSchedule
from facedemo.config.schema import RunConfig
from facedemo.gans.settings import tunables
from facedemo.storage.atomic import read_object, replace_file
from facedemo.storage.locations import cache_root
from facedemo.storage.process import lower_priority

FILE = "speeds.json"  # in the cache folder
MEASURED_SECONDS = 2.0
LEAST_SECONDS = 20.0  # minimum length of a training whose speed is stored
TYPICAL_STARTUP = 10.0  # assumed seconds until the first iteration, if they were never measured
WARM_UP_STEPS = 2
IMAGES = 256  # number of noise images, which take as long as faces


def speed_key(config: RunConfig) -> str:
    """A key that is equal for configs whose steps cost the same: of live settings, only being zero or not counts."""
    live = {tunable.name for tunable in tunables(type(config.model), live=True)}
    cost = {name: bool(value) if name in live else value for name, value in config.model.model_dump().items()}
    training = config.training
    machine = [platform.node(), platform.machine(), os.cpu_count()]
    described = [config.family, cost, training.threads, training.devices, training.num_nodes, machine]
    return hashlib.blake2b(json.dumps(described, sort_keys=True).encode(), digest_size=8).hexdigest()


def known_speed(config: RunConfig) -> dict[str, float] | None:
    """`images_per_second` and `startup_seconds`, last measured here for such a config; None if never measured."""
    found = read_object(cache_root().parent / FILE).get(speed_key(config))
    if not isinstance(found, dict) or not all(isinstance(found.get(name), float) for name in ("rate", "startup")):
        return None
    return {"images_per_second": found["rate"], "startup_seconds": found["startup"]}


def store_speed(config: RunConfig, images_per_second: float, startup_seconds: float | None = None) -> None:
    """Stores a measured speed; if the cache folder is not writable, there is just no estimate later.

    startup_seconds: keeps the previous value by default.
    """
    path, known = cache_root().parent / FILE, known_speed(config) or {}
    startup = startup_seconds or known.get("startup_seconds", TYPICAL_STARTUP)
    rates: dict[str, Any] = read_object(path)
    rates[speed_key(config)] = {"rate": float(images_per_second), "startup": float(startup)}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, json.dumps(rates, indent=1))
    except OSError:
        return


def estimated_seconds(config: RunConfig) -> float | None:
    """Estimated wall-clock seconds from the start of a run to its end; None if its speed was never measured.

    The time to prepare images is not included.
    """
    if (speed := known_speed(config)) is None:
        return None
    budget = config.budget
    images = [budget.images, budget.iterations and budget.iterations * config.model.images_per_step]
    limits = [limit / speed["images_per_second"] for limit in images if limit]
    limits += [budget.minutes * 60] if budget.minutes else []
    return speed["startup_seconds"] + min(limits)


def measure_speed(config: RunConfig) -> float:
    """Images per second of training steps on random images, after a warm-up; takes a few seconds."""
    import numpy as np  # and code that needs torch: the app reads stored speeds without it

    from facedemo.training import device
    from facedemo.training.iteration import Iteration

    settings = config.training.model_copy(update={"devices": 1, "num_nodes": 1})
    precision = device.precision(settings.precision)
    fabric = device.start(settings.model_copy(update={"precision": precision}))
    size = config.model.size
    images = np.random.default_rng(0).integers(0, 256, (IMAGES, size, size, 3), np.uint8)
    iteration = Iteration(fabric, SettingsSchedule(config), images)
    for _ in range(WARM_UP_STEPS):
        iteration.take()
    began = time.perf_counter()
    while (spent := time.perf_counter() - began) < MEASURED_SECONDS:
        iteration.take()
    return (iteration.step - WARM_UP_STEPS) * config.model.images_per_step / spent


def measure_and_store(config: RunConfig) -> None:
    """Measures the speed of a config in a process of its own, which takes some ten seconds."""
    subprocess.run(
        [sys.executable, "-m", "facedemo.training.speed"],
        input=config.model_dump_json().encode(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )


def main() -> None:
    lower_priority()
    config = RunConfig.model_validate_json(sys.stdin.read())
    import facedemo.training.trainer  # noqa: F401 - all that a training loads before its first step belongs to its start-up

    startup = time.time() - psutil.Process().create_time()
    store_speed(config, measure_speed(config), startup)


if __name__ == "__main__":
    main()
