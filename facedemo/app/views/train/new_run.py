"""The run that the form describes, and its start."""

from typing import TYPE_CHECKING, Any

import streamlit as st
from pydantic import ValidationError

from facedemo.app.shared import training_images
from facedemo.app.shared.markdown import escaped
from facedemo.app.views.train.filling import key
from facedemo.config.messages import entry_message, error_message
from facedemo.config.presets import default_name
from facedemo.config.schema import BUILTIN_SOURCE, DataConfig, RunConfig, TrainingConfig
from facedemo.gans.registry import config_class
from facedemo.runs.run import Run
from facedemo.storage.locations import runs_root
from facedemo.training import speed

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


def chosen_config(budget: dict[str, float], source: str | None = None) -> RunConfig:
    """The form as a config; `source` replaces the images chosen in the form.

    Raises ValueError or OSError if the form does not describe a valid run.
    """

    def section(name: str, fields: Any) -> dict[str, Any]:
        return {field: st.session_state[key(name, field)] for field in fields if key(name, field) in st.session_state}

    family = st.session_state[key("family")]
    images = source or training_images.chosen_source(st.session_state[key("data", "crop")])
    config = RunConfig.model_validate(
        {
            "name": st.session_state[key("name")].strip(),
            "family": family,
            "model": section(family, config_class(family).model_fields),
            "training": section("training", TrainingConfig.model_fields),
            "data": section("data", DataConfig.model_fields) | {"source": images},
            "budget": budget,
        }
    )
    name = config.name or default_name(st.session_state[key("preset")], config)
    return config.model_copy(update={"name": name})


def problem(item: "ErrorDetails") -> str:
    """What is wrong with a setting, preceded by its name; without a name if several settings conflict."""
    where = " → ".join(map(str, item["loc"]))
    return f"{where}: {entry_message(item)}" if where else entry_message(item)


def described_run(budget: dict[str, float]) -> RunConfig | None:
    """The form as a config whose images have not been checked; None if the form does not describe a valid run."""
    try:
        return chosen_config(budget, source="images" if training_images.are_own() else BUILTIN_SOURCE)
    except ValueError:
        return None


def start_run(budget: dict[str, float]) -> Run | None:
    """Starts the run that the form describes; if that fails, shows the reason and returns None."""
    from facedemo.training.warm_start import new_run  # imports torch, which the form need not wait for

    try:
        run = new_run(chosen_config(budget))
        run.launch_new(speed.estimated_seconds(run.config))
        del st.session_state[key("name")]  # the next run is another one
        return run
    except ValidationError as error:
        lines = [f"- {escaped(problem(item))}" for item in error.errors()]
        st.error("\n".join(lines), title="These settings cannot be used")
    except OSError as error:
        where = error.filename or runs_root()
        why = f"{where}: {error.strerror or error}. Free some space, or choose another folder."
        st.error(escaped(why), title="Not started")
    except ValueError as error:
        st.error(escaped(error_message(error)), title="Not started")
    return None
