"""The models a page can choose from: bundled ones and runs that have weights, each loaded once."""

import importlib
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from facedemo.runs.run import Run, list_runs
from facedemo.storage import locations
from facedemo.storage.locations import runs_root

if TYPE_CHECKING:
    from facedemo.pretrained.model import FaceModel

FIRST_SHOWN = "ours-64"  # the paper's own, where it is there
WARM_UP_DELAY = 1.0  # seconds: until the first page has been sent
RUN = "run:"  # sets runs apart from bundles in an address


def choices() -> dict[str, Path]:
    """Name in the address → folder: bundles as `ours-64`, runs as `run:<directory>`, newest run first."""
    bundles = {path.name: path for path in locations.all_models()}
    return bundles | {RUN + run.id: run.path for run in list_runs() if run.has_model}


def preferred(choices: Iterable[str]) -> str:
    """The model to show to someone who chose none."""
    return FIRST_SHOWN if FIRST_SHOWN in choices else next(iter(choices))


def label(name: str) -> str:
    """What the choice is called on the screen."""
    if not name.startswith(RUN):
        return name
    run = Run(runs_root() / name.removeprefix(RUN))
    return f"{run.name} (run)"


def version(path: Path) -> str:
    """Changes whenever the weights or the settings on disk do."""
    return "-".join(str((path / file).stat().st_mtime_ns) for file in ("model.safetensors", "config.json"))


@st.cache_resource(max_entries=4, show_spinner="Loading the model…")
def load(path: Path, version: str) -> "FaceModel":
    """The model of a folder, shared by all who look at it.  Raises BundleError as `load_model` does."""
    from facedemo.pretrained.model import load_model

    return load_model(path)


@st.cache_resource(show_spinner=False)
def warm_up() -> threading.Timer:
    """Imports what models need, torch above all, while someone still reads the first page; once a process."""
    timer = threading.Timer(WARM_UP_DELAY, importlib.import_module, ("facedemo.pretrained.model",))
    timer.daemon = True
    timer.start()
    return timer
