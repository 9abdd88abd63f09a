"""The training speed of this computer, as measured and cached, to estimate the time of a run before it starts."""

import hashlib
import json
import os
import platform
import subprocess
import sys
from typing import Any

from facedemo.config.schema import RunConfig
from facedemo.gans.settings import tunables
from facedemo.storage.atomic import read_object, replace_file
from facedemo.storage.locations import cache_root

FILE = "speeds.json"  # in the cache folder
LEAST_SECONDS = 20.0  # minimum length of a training whose speed is stored
TYPICAL_STARTUP = 10.0  # assumed seconds until the first iteration, if they were never measured


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
    measured = read_object(cache_root().parent / FILE).get(speed_key(config))
    if not isinstance(measured, dict) or not all(isinstance(measured.get(name), float) for name in ("rate", "startup")):
        return None
    return {"images_per_second": measured["rate"], "startup_seconds": measured["startup"]}


def store_speed(config: RunConfig, images_per_second: float, startup_seconds: float | None = None) -> None:
    """Stores a measured speed; if the cache folder is not writable, there is just no estimate later.

    startup_seconds: keeps the previous value by default.
    """
    path, earlier_speed = cache_root().parent / FILE, known_speed(config) or {}
    startup = startup_seconds or earlier_speed.get("startup_seconds", TYPICAL_STARTUP)
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


def command() -> list[str]:
    """The command that measures and stores the speed of the config on its standard input, in some ten seconds."""
    return [sys.executable, "-m", "facedemo.training.speed_measurement"]


def measure_and_store(config: RunConfig) -> None:
    """Measures the speed of a config in a separate process, and waits for it."""
    quiet = subprocess.DEVNULL
    subprocess.run(command(), input=config.model_dump_json().encode(), stdout=quiet, stderr=quiet, check=False)
