"""How long a run will take on this computer, told before it starts."""

import subprocess
import sys

import streamlit as st

from facedemo.app.shared.format import duration
from facedemo.config.schema import RunConfig
from facedemo.training import speed

LOOK_AGAIN = 1.0  # seconds, while a measurement goes on
PROCESS, KEY = "speed_process", "speed_key"  # in the session: the measurement that goes on, and of what


def show(config: RunConfig | None, busy: bool) -> None:
    """One line below the form.  config: what the form describes, None if that is no run.  busy: another run trains."""
    if config is not None:
        measuring = speed.known_speed(config) is None and not busy
        st.fragment(line, run_every=LOOK_AGAIN if measuring else None)(config, measuring, busy)


def line(config: RunConfig, was_measuring: bool, busy: bool) -> None:
    seconds = speed.estimated_seconds(config)
    if was_measuring and seconds is not None:
        st.rerun()  # only a whole rerun ends the looking again
    if seconds is not None:
        st.caption(described(config, seconds) + (" Longer while another training shares the CPU." if busy else ""))
    elif was_measuring and measure(config):
        st.caption("Measuring how fast this computer trains this model…")


def described(config: RunConfig, seconds: float) -> str:
    known = speed.known_speed(config) or {}
    rate = f"at {known['images_per_second']:,.0f} images per second, measured on this computer"
    before = "" if config.data.source == "built-in" else " Preparing the images comes first, once."
    return f"**About {duration(round_time(seconds))}** {rate}.{before}"


def round_time(seconds: float) -> float:
    """To two digits or so: an estimate should not look exact."""
    unit = 5 if seconds < 120 else 60 if seconds < 7200 else 3600
    return max(unit, round(seconds / unit) * unit)


def measure(config: RunConfig) -> bool:
    """Has the speed measured by a process of its own; returns whether it is still at it."""
    key = speed.speed_key(config)
    if st.session_state.get(KEY) != key:
        cancel()
        process = subprocess.Popen(
            [sys.executable, "-m", "facedemo.training.speed"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        with process.stdin:
            process.stdin.write(config.model_dump_json().encode())
        st.session_state[PROCESS], st.session_state[KEY] = process, key
    return st.session_state[PROCESS].poll() is None


def cancel() -> None:
    """Ends a measurement that goes on: its form has changed, or a training begins."""
    if (process := st.session_state.pop(PROCESS, None)) is not None:
        process.kill()
        process.wait()
    st.session_state.pop(KEY, None)
