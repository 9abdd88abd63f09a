"""The form that a new run is started with; it draws the settings from their declarations."""

import time
from typing import TYPE_CHECKING, Any

import streamlit as st

from facedemo.app.shared import image_source, model_picker
from facedemo.app.views.train import steering
from facedemo.config.presets import PRESETS, configure
from facedemo.config.schema import BUILT_IN as BUILT_IN_SOURCE
from facedemo.config.schema import DataConfig, RunConfig, TrainingConfig, message
from facedemo.gans.registry import config_class, family_names
from facedemo.gans.settings import knobs as declared
from facedemo.runs.run import Run
from facedemo.storage.locations import runs_root

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


BUILT_IN = "Built-in faces"
BUDGETS = {"minutes": "Minutes of training", "iterations": "Iterations", "images": "Images seen"}
CELL = 180  # pixels: no title of a setting is cut off in that
ALWAYS_SHOWN = ("size", "width", "batch_size")  # beside the settings that can be steered later


def key(*names: str) -> str:
    return "new_" + "_".join(names)


def fill(config: "RunConfig") -> None:
    """Puts a config into the controls, but for its name and its data."""
    st.session_state[key("family")] = config.family
    sections = {config.family: config.model, "training": config.training, "data": config.data}
    for section, part in sections.items():
        for name in type(part).model_fields:
            st.session_state[key(section, name)] = getattr(part, name)
    fill_budget(config.budget.model_dump(), key("budget"))


def fill_budget(budget: dict[str, float | None], prefix: str) -> None:
    kind = next((kind for kind in BUDGETS if budget.get(kind)), "minutes")
    st.session_state[f"{prefix}_kind"] = kind
    st.session_state[f"{prefix}_{kind}"] = budget.get(kind) or 60


def fill_preset() -> None:
    fill(RunConfig.model_validate(PRESETS[st.session_state[key("preset")]].settings))


def fill_family() -> None:
    fill(RunConfig(family=st.session_state[key("family")]))


def fill_start() -> None:
    """Puts the settings of the model to start from into the controls, since its weights fit no others."""
    if start := st.session_state[key("training", "start")]:
        from facedemo.training import warm_start  # imports torch, which the form need not wait for

        try:
            fill(configure({"start": start, "minutes": 60}, base=warm_start.settings(start)))
        except (ValueError, OSError) as error:
            st.session_state[key("training", "start")] = ""
            st.session_state[key("problem")] = str(error)


def start_control() -> None:
    """What the run's weights are at the start."""
    found = {"": "New weights"} | {
        name.removeprefix(model_picker.RUN): model_picker.label(name) for name in model_picker.choices()
    }
    if st.session_state.get(key("training", "start")) not in found:
        st.session_state[key("training", "start")] = ""  # that model is gone
    st.selectbox(
        "Start from",
        found,
        format_func=found.__getitem__,
        key=key("training", "start"),
        on_change=fill_start,
        help="New weights know nothing. Those of a trained model know faces already and have only to learn yours; "
        "choosing one puts its settings below. Those of its networks must stay, but ours can grow: in latent size, or "
        "in size and stem together.",
    )
    if problem := st.session_state.pop(key("problem"), ""):
        st.error(problem, title="Cannot be used")


def budget_control(prefix: str) -> dict[str, float]:
    """Two controls for when a run is done; returns what a `Budget` is made from."""
    for name, default in (("kind", "minutes"), ("minutes", 60.0), ("iterations", 10_000), ("images", 200_000)):
        st.session_state.setdefault(f"{prefix}_{name}", default)
    kind = st.selectbox(
        "Train for",
        BUDGETS,
        format_func=BUDGETS.__getitem__,
        key=f"{prefix}_kind",
        help="What the budget of the run is counted in. Pauses cost none of it.",
    )
    low, high = {"minutes": (0.1, 1e6), "iterations": (1, 10**9), "images": (1, 10**12)}[kind]
    steering.number("How many", "The run is done after so many.", low, high, kind != "minutes", f"{prefix}_{kind}")
    return {kind: st.session_state[f"{prefix}_{kind}"]}


def data_control() -> None:
    """Where the faces to learn from are; the source itself is made by `chosen_source`, when the run starts."""
    image_source.control(
        key("data"),
        "Faces to learn from",
        (BUILT_IN, image_source.PATH, image_source.UPLOAD),
        "Built-in faces were drawn by the model that comes with this app: they need no data of yours.",
    )


def chosen_source() -> str:
    """The data source of the form.  Raises as `image_source.chosen` does."""
    return BUILT_IN_SOURCE if st.session_state[key("data_kind")] == BUILT_IN else image_source.chosen(key("data"))


def form() -> None:
    """The two decisions that a first run takes: a preset, and the faces to learn from."""
    if key("preset") not in st.session_state:
        st.session_state[key("preset")] = next(iter(PRESETS))
        fill_preset()
    preset = st.selectbox(
        "Preset",
        PRESETS,
        format_func=lambda name: PRESETS[name].title,
        key=key("preset"),
        on_change=fill_preset,
        help="A starting point: it fills the settings below, which you may then change.",
    )
    st.caption(PRESETS[preset].help)
    data_control()


def settings() -> dict[str, float]:
    """Everything else, folded away; returns the budget."""
    with st.expander("Settings", icon=":material/tune:"):
        left, right = st.columns(2)
        left.text_input("Name", max_chars=80, key=key("name"), help="Optional name for the run.")
        with right:
            start_control()
        return main_settings()


def main_settings() -> dict[str, float]:
    """The model, how long it is trained, and all other settings; returns the budget."""
    with st.grid(4, min_column_width=CELL):
        family = st.selectbox(
            "Model",
            family_names(),
            format_func=lambda name: config_class(name).title,
            key=key("family"),
            on_change=fill_family,
            help="Which GAN to train. Choosing one puts its own defaults into the settings.",
        )
        budget = budget_control(key("budget"))
        config = config_class(family)
        live = [knob.name for knob in declared(config, live=True)]
        first = [*ALWAYS_SHOWN, *steering.own_first(live, config)]
        for name in [*first, *(name for name in config.model_fields if name not in first)]:
            steering.control(name, config.model_fields[name], key(family, name))
        for section, fields in (("training", TrainingConfig.model_fields), ("data", DataConfig.model_fields)):
            for name, field in fields.items():
                if name not in ("source", "start"):
                    steering.control(name, field, key(section, name))
    return budget


def chosen_config(budget: dict[str, float], source: str | None = None) -> "RunConfig":
    """The form as a config, with the images that it names unless others are given.

    Raises ValueError or OSError for what cannot be trained with.
    """

    def section(name: str, fields: Any) -> dict[str, Any]:
        return {field: st.session_state[key(name, field)] for field in fields if key(name, field) in st.session_state}

    family = st.session_state[key("family")]
    return RunConfig.model_validate(
        {
            "name": st.session_state[key("name")].strip() or title(family),
            "family": family,
            "model": section(family, config_class(family).model_fields),
            "training": section("training", TrainingConfig.model_fields),
            "data": section("data", DataConfig.model_fields) | {"source": source or chosen_source()},
            "budget": budget,
        }
    )


def title(family: str) -> str:
    """What a run is called that was given no name: "One minute, γ 0.8, 14:07"."""
    gamma = st.session_state.get(key(family, "gamma"))
    parts = [PRESETS[st.session_state[key("preset")]].title, *([f"γ {gamma:g}"] if gamma is not None else [family])]
    return ", ".join([*parts, time.strftime("%H:%M")])


def problem(item: "ErrorDetails") -> str:
    """What is wrong with a setting, after its name; without one where several settings are at odds."""
    where = " → ".join(map(str, item["loc"]))
    return f"{where}: {message(item)}" if where else message(item)


def described_run(budget: dict[str, float]) -> "RunConfig | None":
    """The form as a config whose images are not looked at yet; None as long as the form describes no run."""
    try:
        return chosen_config(budget, source="built-in" if st.session_state[key("data_kind")] == BUILT_IN else "images")
    except ValueError:
        return None


def start(budget: dict[str, float]) -> Run | None:
    """Starts the run that the form describes; where that cannot be, says why and returns None."""
    from pydantic import ValidationError

    from facedemo.training.warm_start import new_run  # imports torch, which the form need not wait for

    try:
        run = new_run(chosen_config(budget))
        run.launch()
        return run
    except ValidationError as error:
        lines = [f"- {problem(item)}" for item in error.errors()]
        st.error("\n".join(lines), title="These settings cannot be used")
    except OSError as error:
        where = error.filename or runs_root()
        st.error(f"{where}: {error.strerror or error}. Free some space, or choose another folder.", title="Not started")
    except ValueError as error:
        st.error(str(error), title="Not started")
    return None
