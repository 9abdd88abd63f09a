"""The time a run will take on this computer, shown before it starts."""

import subprocess
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


def show_estimate(config: RunConfig | None, busy: bool, subject: str = "") -> None:
    """One line, such as below the form.

    config: None if its settings are invalid.  busy: another run trains.  subject: before the time, if its place does
    not tell what takes it; nothing is shown then while it is measured.
    """
    if config is not None:
        measuring = speed.known_speed(config) is None and not busy
        st.fragment(line, run_every=LOOK_AGAIN if measuring else None)(config, measuring, busy, subject)


def line(config: RunConfig, was_measuring: bool, busy: bool, subject: str) -> None:
    seconds = speed.estimated_seconds(config)
    if was_measuring and seconds is not None:
        st.rerun()  # only a full rerun stops the periodic refresh
    others = ""
    if busy:
        others = (
            " It first waits for its turn." if queue.is_full() else " It takes longer while another run shares the CPU."
        )
    if seconds is not None:
        st.caption(subject + described(config, seconds, bool(subject)) + others)
    elif was_measuring and start_measurement(config):
        if not subject:
            st.caption("Measuring how fast this computer trains this model…")
    elif busy:
        st.caption(f"How fast this computer trains this model is measured when nothing else trains.{others}")


def described(config: RunConfig, seconds: float, continued: bool = False) -> str:
    """continued: within a sentence."""
    measured_speed = speed.known_speed(config) or {}
    rate = f"of training at {measured_speed['images_per_second']:,.0f} images per second, measured on this computer"
    before = "" if config.data.source == BUILTIN_SOURCE else " The images are prepared first, once."
    about = "about" if continued else "About"
    return f"**{about} {duration(round_time(seconds))}** {rate}.{before}"


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
