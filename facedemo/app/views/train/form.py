"""The form for a new run; its controls are created from the declarations of the settings."""

import streamlit as st

from facedemo.app.shared import budget, model_picker, setting_controls, training_images, url_state
from facedemo.app.shared.markdown import escaped
from facedemo.app.shared.session import session
from facedemo.app.views.train import preview
from facedemo.app.views.train.filling import Filling, fill_family, fill_preset, fill_start, key, use_preset
from facedemo.config.presets import PRESETS
from facedemo.config.schema import DataConfig, TrainingConfig, is_legacy
from facedemo.gans.registry import config_class, family_names
from facedemo.gans.settings import tunables as declared

SETTINGS = {"preset": url_state.one_of(PRESETS, default=next(iter(PRESETS)))}  # in the address
ALWAYS_SHOWN = ("size", "width", "batch_size")  # in addition to the live settings


def start_control() -> None:
    """Chooses random or trained weights to start from."""
    labels = {"": "Random weights"} | {
        name.removeprefix(model_picker.RUN): model_picker.label(name) for name in model_picker.choices()
    }
    if st.session_state.get(key("training", "start")) not in labels:
        st.session_state[key("training", "start")] = ""  # that model was deleted
    st.selectbox(
        "Start from",
        labels,
        format_func=labels.__getitem__,
        key=key("training", "start"),
        persist_state="session",
        on_change=fill_start,
        help="Start from random weights, or fine-tune a trained model on your images. Choosing a model copies its "
        "settings below. Its network settings cannot be changed, except that ours can grow: in latent size, or, "
        "with the generator decoder, in image size and stem together.",
    )
    filling = session(Filling)
    if filling.start_problem:
        st.error(escaped(filling.start_problem), title="Cannot be used")
        filling.start_problem = ""


def own_image_controls() -> None:
    """Two settings that matter for the user's own images: the crop of photos, and the split."""
    own, filling = training_images.are_own(), session(Filling)
    if own != filling.own_images:  # the default depends on the kind of images
        filling.own_images = own
        st.session_state[key("data", "split")] = "train" if own else "all"
    if not own:
        return
    st.session_state[key("find_faces")] = st.session_state[key("data", "crop")] == "face"
    st.session_state[key("held_out")] = st.session_state[key("data", "split")] != "all"
    with st.container(horizontal=True):
        st.toggle(
            "Find the faces in photos",
            key=key("find_faces"),
            persist_state="session",
            on_change=find_faces,
            help="For photos of people: find every face, turn it upright and cut it out; several of one photo become "
            "several images. It takes a while. Not for images that show one face each, cropped alike. It is the "
            "setting Crop.",
        )
        st.toggle(
            "Keep a fifth unseen, for Verify",
            key=key("held_out"),
            persist_state="session",
            on_change=hold_out,
            help="Train on four fifths of the images, so that Verify can compare the model with faces that it has not "
            "seen. It is the setting Split.",
        )


def find_faces() -> None:
    st.session_state[key("data", "crop")] = "face" if st.session_state[key("find_faces")] else "auto"


def hold_out() -> None:
    st.session_state[key("data", "split")] = "train" if st.session_state[key("held_out")] else "all"


def form() -> preview.ImageRequest | None:
    """The two decisions for a first run: a preset and the training images.

    Returns the user's own images, if they can be previewed.
    """
    before = st.session_state.get(key("preset"))
    ignored = url_state.load_from_url(SETTINGS, page="new")
    if st.session_state[key("preset")] != before:
        fill_preset()
    if ignored:
        st.warning(f"Not used: {', '.join(ignored)}.", icon=":material/link_off:")
    preset = st.selectbox(
        "Preset",
        PRESETS,
        format_func=lambda name: PRESETS[name].title,
        key=key("preset"),
        persist_state="session",
        on_change=fill_preset,
        help="Starting point that fills the settings below, which you can then change.",
    )
    st.caption(PRESETS[preset].help)
    filling = session(Filling)
    if filling.preset_problem:
        st.error(escaped(filling.preset_problem), title="Cannot be used")
        filling.preset_problem = ""
    chosen, images = st.session_state, None
    crop = chosen[key("data", "crop")]
    if source := training_images.control(crop):
        images = preview.requested(source, chosen[key(chosen[key("family")], "size")], crop)
        if count := preview.count_of(images):
            preview.proposal(count, chosen[key("preset")], use_preset)
    own_image_controls()
    url_state.write_to_url(SETTINGS, page="new")
    return images


def address() -> dict[str, str]:
    """The address of the form as it was left."""
    return {name: str(st.session_state.get(key(name), setting.default)) for name, setting in SETTINGS.items()}


def settings() -> dict[str, float]:
    """All other settings, in an expander; returns the budget."""
    with st.expander("Settings", icon=":material/tune:"):
        left, right = st.columns(2)
        hint = "Optional name for the run, of up to 80 characters."
        left.text_input("Name", max_chars=80, key=key("name"), persist_state="session", help=hint)
        with right:
            start_control()
        return main_settings()


def main_settings() -> dict[str, float]:
    """The GAN family, the budget and all other settings; returns the budget."""
    with st.grid(4, min_column_width=setting_controls.CELL):
        family = st.selectbox(
            "Family",
            family_names(),
            format_func=lambda name: config_class(name).title,
            key=key("family"),
            persist_state="session",
            on_change=fill_family,
            help="GAN family to train. Choosing one loads its default settings.",
        )
        limit = budget.control(key("budget"))
        config = config_class(family)
        live = [tunable.name for tunable in declared(config, live=True)]
        first = [*ALWAYS_SHOWN, *setting_controls.own_first(live, config)]
        for name in [*first, *(name for name in config.model_fields if name not in first)]:
            setting_controls.control(name, config.model_fields[name], key(family, name))
        for section, fields in (("training", TrainingConfig.model_fields), ("data", DataConfig.model_fields)):
            for name, field in fields.items():
                if name not in ("source", "start") and not is_legacy(field):
                    setting_controls.control(name, field, key(section, name))
    return limit
