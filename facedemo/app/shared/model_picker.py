"""The models a page can choose from: bundled models and runs with weights, each loaded once."""

import importlib
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import streamlit as st

from facedemo.app.shared.markdown import escaped
from facedemo.runs.run import Run, list_runs
from facedemo.storage import locations
from facedemo.storage.locations import CONFIG, WEIGHTS, runs_root

if TYPE_CHECKING:
    from facedemo.pretrained.model import FaceModel  # for types only, because it imports torch

FIRST_SHOWN = "ours-64"  # the paper's model, if it is installed
WARM_UP_DELAY = 1.0  # seconds, by which the first page has been sent
RUN = "run:"  # distinguishes runs from bundles in an address


def choices() -> dict[str, Path]:
    """Name in the address → folder: bundles as `ours-64`, runs as `run:<directory>`, newest runs first."""
    bundles = {path.name: path for path in locations.all_models()}
    return bundles | {RUN + run.id: run.path for run in list_runs() if run.has_model}


def preferred(choices: Iterable[str]) -> str:
    """The model to show if none was chosen."""
    return FIRST_SHOWN if FIRST_SHOWN in choices else next(iter(choices))


def label(name: str) -> str:
    """The display name of a choice."""
    if not name.startswith(RUN):
        return name
    run = Run(runs_root() / name.removeprefix(RUN))
    return f"{run.name} (run)"


def choices_or_stop(purpose: str) -> dict[str, Path]:
    """The choices of a page; if there are none, it says so and ends.  purpose: as in "generate faces with"."""
    models = choices()
    if not models:
        st.info(
            f"There is no model to {purpose} yet. Train one, or put one (a folder with `config.json` and "
            "`model.safetensors`) into `checkpoints` and reload this page.",
            title="No model yet",
        )
        st.stop()
    return models


def control(choices: Iterable[str], page: str, hint: str, on_change: Callable[[], None] | None = None) -> str:
    """The choice of a page's model, kept in the setting `model` of `url_state`; returns its name."""
    return st.selectbox(
        "Model",
        choices,
        format_func=label,
        key=f"{page}_model",
        persist_state="session",
        on_change=on_change,
        width=200,
        help=hint,
    )


def stop_unusable(error: Exception) -> NoReturn:
    """Says why the chosen model cannot be used, and ends the page."""
    st.error(f"{escaped(error)} Choose another model, or download this one again.", title="Cannot be used")
    st.stop()


def version(path: Path) -> str:
    """A string that changes whenever the weights or the settings on disk change."""
    return "-".join(str((path / file).stat().st_mtime_ns) for file in (WEIGHTS, CONFIG))


@st.cache_resource(max_entries=4, show_spinner="Loading the model…")
def load(path: Path, version: str) -> "FaceModel":
    """The model in a folder, shared by all visitors.  Raises BundleError as `load_model` does."""
    from facedemo.pretrained.model import load_model  # imports torch, which the first picture must not wait for

    return load_model(path)


@st.cache_resource(show_spinner=False)
def warm_up() -> threading.Timer:
    """Imports torch and the model code in the background while the first page is read; once per process."""
    timer = threading.Timer(WARM_UP_DELAY, importlib.import_module, ("facedemo.pretrained.model",))
    timer.daemon = True
    timer.start()
    return timer
