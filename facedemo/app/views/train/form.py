"""The form for a new run; its controls are created from the declarations of the settings."""

import time
from typing import TYPE_CHECKING, Any

import streamlit as st

from facedemo.app.shared import image_check, image_source, model_picker
from facedemo.app.shared.markdown import escaped
from facedemo.app.views.train import preview, steering
from facedemo.config.presets import PRESETS, configure, start_of
from facedemo.config.schema import BUILTIN_SOURCE, DataConfig, RunConfig, TrainingConfig, in_words, is_legacy, message
from facedemo.gans.registry import config_class, family_names
from facedemo.gans.settings import tunables as declared
from facedemo.runs.run import Run
from facedemo.storage.locations import runs_root
from facedemo.training import speed

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


BUILTIN_LABEL = "Built-in faces"
BUDGETS = {"minutes": "Minutes of training", "iterations": "Iterations", "images": "Images seen"}
CELL = 180  # pixels: wide enough for the title of every setting
ALWAYS_SHOWN = ("size", "width", "batch_size")  # in addition to the live settings


def key(*names: str) -> str:
    return "new_" + "_".join(names)


def fill(config: "RunConfig") -> None:
    """Fills the controls from a config, except for its name, its data and its split."""
    st.session_state[key("family")] = config.family
    sections = {config.family: config.model, "training": config.training, "data": config.data}
    for section, part in sections.items():
        for name in type(part).model_fields:
            if name != "split":  # it depends on the images, see `held_out_control`
                st.session_state[key(section, name)] = getattr(part, name)
    fill_budget(config.budget.model_dump(), key("budget"))


def fill_budget(budget: dict[str, float | None], prefix: str) -> None:
    kind = next((kind for kind in BUDGETS if budget.get(kind)), "minutes")
    st.session_state[f"{prefix}_kind"] = kind
    st.session_state[f"{prefix}_{kind}"] = budget.get(kind) or 60


def fill_preset() -> None:
    preset = st.session_state[key("preset")]
    if not start_of(preset):
        fill(configure({}, preset))
    elif problem := fill_tuning({}, preset):
        st.session_state[key("preset")] = next(iter(PRESETS))
        fill_preset()
        st.session_state[key("preset_problem")] = problem


def use_preset(preset: str) -> None:
    """Chooses a preset, for images whose crop is already chosen."""
    crop = st.session_state[key("data", "crop")]
    st.session_state[key("preset")] = preset
    fill_preset()
    st.session_state[key("data", "crop")] = crop


def fill_family() -> None:
    fill(RunConfig(family=st.session_state[key("family")]))


def fill_start() -> None:
    """Fills the controls from the start model's settings, because its weights require them."""
    start = st.session_state[key("training", "start")]
    if start and (problem := fill_tuning({"start": start, "minutes": 60})):
        st.session_state[key("training", "start")] = ""
        st.session_state[key("problem")] = problem


def fill_tuning(options: dict[str, Any], preset: str | None = None) -> str:
    """Fills the controls for fine-tuning a model; returns why that is impossible, or ""."""
    from facedemo.training import warm_start  # imports torch, which the form need not wait for

    try:
        fill(warm_start.configured(options, preset))
    except (ValueError, OSError) as error:
        return in_words(error)
    return ""


def start_control() -> None:
    """Chooses random or trained weights to start from."""
    found = {"": "Random weights"} | {
        name.removeprefix(model_picker.RUN): model_picker.label(name) for name in model_picker.choices()
    }
    if st.session_state.get(key("training", "start")) not in found:
        st.session_state[key("training", "start")] = ""  # that model was deleted
    st.selectbox(
        "Start from",
        found,
        format_func=found.__getitem__,
        key=key("training", "start"),
        on_change=fill_start,
        help="Start from random weights, or fine-tune a trained model on your images. Choosing a model copies its "
        "settings below. Its network settings cannot be changed, except that ours can grow: in latent size, or, "
        "with the generator decoder, in image size and stem together.",
    )
    if problem := st.session_state.pop(key("problem"), ""):
        st.error(problem, title="Cannot be used")


def budget_control(prefix: str) -> dict[str, float]:
    """Two controls for the budget of a run; returns the fields of a `Budget`."""
    for name, default in (("kind", "minutes"), ("minutes", 60.0), ("iterations", 10_000), ("images", 200_000)):
        st.session_state.setdefault(f"{prefix}_{name}", default)
    kind = st.selectbox(
        "Train for",
        BUDGETS,
        format_func=BUDGETS.__getitem__,
        key=f"{prefix}_kind",
        help="Unit of the run's budget. Pauses do not count.",
    )
    low, high = {"minutes": (0.1, 1e6), "iterations": (1, 10**9), "images": (1, 10**12)}[kind]
    steering.number("Amount", "The run finishes after this amount.", low, high, kind != "minutes", f"{prefix}_{kind}")
    return {kind: st.session_state[f"{prefix}_{kind}"]}


def data_control() -> str | None:
    """Chooses the training images; `chosen_source` turns the choice into a source when the run starts.

    Returns a source of one's own that can be previewed, if any.
    """
    image_source.control(
        key("data"),
        "Training images",
        (BUILTIN_LABEL, image_source.PATH, image_source.UPLOAD),
        "Images to train on. The built-in faces were generated by a model that ships with this app, so you need no "
        "data.",
    )
    return image_check.show(key("data")) if st.session_state[key("data_kind")] != BUILTIN_LABEL else None


def show_preview(source: str) -> None:
    chosen = st.session_state
    size, crop = chosen[key(chosen[key("family")], "size")], chosen[key("data", "crop")]
    preview.show(source, size, crop, chosen[key("preset")], use_preset)


def held_out_control() -> None:
    """Keeps a fifth of one's own images out of the training, by the setting of the split."""
    own = st.session_state[key("data_kind")] != BUILTIN_LABEL
    if own != st.session_state.get(key("own_images")):  # the default depends on the kind of images
        st.session_state[key("own_images")] = own
        st.session_state[key("data", "split")] = "train" if own else "all"
    if own:
        st.session_state[key("held_out")] = st.session_state[key("data", "split")] != "all"
        st.toggle(
            "Keep a fifth unseen, for Verify",
            key=key("held_out"),
            on_change=hold_out,
            help="Train on four fifths of the images, so that Verify can compare the model with faces that it has not "
            "seen. It is the setting Split.",
        )


def hold_out() -> None:
    st.session_state[key("data", "split")] = "train" if st.session_state[key("held_out")] else "all"


def chosen_source() -> str:
    """The data source of the form.  Raises as `image_source.chosen` does."""
    return BUILTIN_SOURCE if st.session_state[key("data_kind")] == BUILTIN_LABEL else image_source.chosen(key("data"))


def form() -> None:
    """The two decisions for a first run: a preset and the training images."""
    if key("preset") not in st.session_state:
        st.session_state[key("preset")] = next(iter(PRESETS))
        fill_preset()
    preset = st.selectbox(
        "Preset",
        PRESETS,
        format_func=lambda name: PRESETS[name].title,
        key=key("preset"),
        on_change=fill_preset,
        help="Starting point that fills the settings below, which you can then change.",
    )
    st.caption(PRESETS[preset].help)
    if problem := st.session_state.pop(key("preset_problem"), ""):
        st.error(escaped(problem), title="Cannot be used")
    if source := data_control():
        show_preview(source)
    held_out_control()


def settings() -> dict[str, float]:
    """All other settings, in an expander; returns the budget."""
    with st.expander("Settings", icon=":material/tune:"):
        left, right = st.columns(2)
        left.text_input("Name", max_chars=80, key=key("name"), help="Optional name for the run.")
        with right:
            start_control()
        return main_settings()


def main_settings() -> dict[str, float]:
    """The GAN family, the budget and all other settings; returns the budget."""
    with st.grid(4, min_column_width=CELL):
        family = st.selectbox(
            "Model",
            family_names(),
            format_func=lambda name: config_class(name).title,
            key=key("family"),
            on_change=fill_family,
            help="GAN family to train. Choosing one loads its default settings.",
        )
        budget = budget_control(key("budget"))
        config = config_class(family)
        live = [tunable.name for tunable in declared(config, live=True)]
        first = [*ALWAYS_SHOWN, *steering.own_first(live, config)]
        for name in [*first, *(name for name in config.model_fields if name not in first)]:
            steering.control(name, config.model_fields[name], key(family, name))
        for section, fields in (("training", TrainingConfig.model_fields), ("data", DataConfig.model_fields)):
            for name, field in fields.items():
                if name not in ("source", "start") and not is_legacy(field):
                    steering.control(name, field, key(section, name))
    return budget


def chosen_config(budget: dict[str, float], source: str | None = None) -> "RunConfig":
    """The form as a config; `source` replaces the images chosen in the form.

    Raises ValueError or OSError if the form does not describe a valid run.
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
    """The default name of a run: "One minute, γ 0.8, 14:07"."""
    gamma = st.session_state.get(key(family, "gamma"))
    parts = [PRESETS[st.session_state[key("preset")]].title, *([f"γ {gamma:g}"] if gamma is not None else [family])]
    return ", ".join([*parts, time.strftime("%H:%M")])


def problem(item: "ErrorDetails") -> str:
    """What is wrong with a setting, preceded by its name; without a name if several settings conflict."""
    where = " → ".join(map(str, item["loc"]))
    return f"{where}: {message(item)}" if where else message(item)


def described_run(budget: dict[str, float]) -> "RunConfig | None":
    """The form as a config whose images have not been checked; None if the form does not describe a valid run."""
    try:
        return chosen_config(
            budget, source=BUILTIN_SOURCE if st.session_state[key("data_kind")] == BUILTIN_LABEL else "images"
        )
    except ValueError:
        return None


def start(budget: dict[str, float]) -> Run | None:
    """Starts the run that the form describes; if that fails, shows the reason and returns None."""
    from pydantic import ValidationError

    from facedemo.training.warm_start import new_run  # imports torch, which the form need not wait for

    try:
        run = new_run(chosen_config(budget))
        run.launch_new(speed.estimated_seconds(run.config))
        return run
    except ValidationError as error:
        lines = [f"- {problem(item)}" for item in error.errors()]
        st.error("\n".join(lines), title="These settings cannot be used")
    except OSError as error:
        where = error.filename or runs_root()
        st.error(f"{where}: {error.strerror or error}. Free some space, or choose another folder.", title="Not started")
    except ValueError as error:
        st.error(in_words(error), title="Not started")
    return None
