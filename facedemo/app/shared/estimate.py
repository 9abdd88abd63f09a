"""The time that runs will take on this computer, shown before they start."""

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from facedemo.app.shared.format import duration
from facedemo.app.shared.session import session
from facedemo.config.schema import BUILTIN_SOURCE, RunConfig
from facedemo.runs import queue
from facedemo.training import speed

LOOK_AGAIN = 1.0  # seconds between checks while a measurement runs


@dataclass
class Measurement:
    """A measurement of this session, and the key of the settings that it measures."""

    process: subprocess.Popen[bytes] | None = None
    key: str = ""


def show_estimate(
    configs: Sequence[RunConfig], busy: bool, describe: Callable[[list[float]], str], quiet: bool = False
) -> None:
    """One line, such as below the form.

    configs: of runs that train one after another.  busy: others train.  describe: the line, from the seconds that each
    run takes.  quiet: nothing is shown while they are measured.
    """
    if configs:
        measuring = bool(unmeasured(configs)) and not busy
        st.fragment(line, run_every=LOOK_AGAIN if measuring else None)(configs, measuring, busy, describe, quiet)


def unmeasured(configs: Sequence[RunConfig]) -> list[RunConfig]:
    return [config for config in configs if speed.known_speed(config) is None]


def line(
    configs: Sequence[RunConfig],
    was_measuring: bool,
    busy: bool,
    describe: Callable[[list[float]], str],
    quiet: bool,
) -> None:
    seconds = [speed.estimated_seconds(config) for config in configs]
    known = [time for time in seconds if time is not None]
    complete = len(known) == len(configs)
    if was_measuring and complete:
        st.rerun()  # only a full rerun stops the periodic refresh
    others = ""
    if busy:
        waits, shares = "Training waits for its turn first.", "Training takes longer while others share the CPU."
        others = f" {waits if queue.is_full() else shares}"
    if complete:
        st.caption(describe(known) + others)
    elif was_measuring and start_measurement(unmeasured(configs)[0]):
        if not quiet:
            which = f" (model {len(known) + 1} of {len(configs)})" if len(configs) > 1 else ""
            st.caption(f"Measuring how fast this computer trains{which}…")
    elif busy:
        st.caption(f"How fast this computer trains is measured when nothing else trains.{others}")


def about(seconds: float) -> str:
    return f"about {duration(round_time(seconds))}"


def rate(config: RunConfig) -> str:
    measured_speed = speed.known_speed(config) or {}
    return f"{measured_speed['images_per_second']:,.0f} images per second, measured on this computer."


def before(config: RunConfig) -> str:
    return "" if config.data.source == BUILTIN_SOURCE else " The images are prepared first, once."


def round_time(seconds: float) -> float:
    """Rounds to about two digits, because an estimate should not look exact."""
    unit = 5 if seconds < 120 else 60 if seconds < 7200 else 3600
    return max(unit, round(seconds / unit) * unit)


def start_measurement(config: RunConfig) -> bool:
    """Measures the speed in a separate process; returns whether that is still running."""
    measurement, key = session(Measurement), speed.speed_key(config)
    if measurement.process is None or measurement.key != key:
        cancel()
        process = subprocess.Popen(
            speed.command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        if process.stdin is not None:
            with process.stdin as pipe:
                pipe.write(config.model_dump_json().encode())
        measurement.process, measurement.key = process, key
    return measurement.process.poll() is None


def cancel() -> None:
    """Stops a running measurement, because the form has changed or a run starts."""
    measurement = session(Measurement)
    if measurement.process is not None:
        measurement.process.kill()
        measurement.process.wait()
        measurement.process = None
