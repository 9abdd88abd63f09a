"""Inside the discriminator: what it makes of a face, and the vector z that the generator would draw it from."""

import streamlit as st

from facedemo.app.shared import model_picker, url_state
from facedemo.app.views.inside import latent_search, reconstruction

MODES = {"look": "Look inside", "latent": "Into latent space"}
SHOWN = {"look": reconstruction.look_inside, "latent": latent_search.into_latent_space}


def change_mode() -> None:
    latent_search.rewind()
    latent_search.search(False)
    st.query_params.clear()  # an address of the mode before would count as a link to this one


st.title("Inside the discriminator")

choices = model_picker.choices()
if not choices:
    st.info(
        "There is no model to look into yet. Train one, or put a bundle (a folder with `config.json` and "
        "`model.safetensors`) into `checkpoints` and reload this page.",
        title="No model yet",
    )
    st.stop()

settings = {
    "mode": url_state.one_of(MODES, default="look"),
    "model": url_state.one_of(choices, default=model_picker.preferred(choices)),
}
ignored = url_state.restore(settings, page="inside")

with st.container(horizontal=True):
    mode = st.segmented_control(
        "What to do",
        MODES,
        format_func=MODES.get,
        required=True,
        key="inside_mode",
        persist_state="session",
        on_change=change_mode,
        help="Look inside: how the discriminator rebuilds a face, and how real it finds it. Into latent space: the "
        "random vector z from which the generator draws almost this face, and a film from one face to another.",
    )
    name = st.selectbox(
        "Model",
        choices,
        format_func=model_picker.label,
        key="inside_model",
        persist_state="session",
        width=200,
        help="Whose eyes to look through: a bundled model, or a run of yours as soon as it has saved weights.",
    )

try:
    SHOWN[mode](name, choices[name], settings, ignored)
except (ValueError, OSError) as error:
    st.error(f"{error} Choose another model, or copy this one again from where you got it.", title="Cannot be used")
    st.stop()

st.caption("The address of this page holds these settings, but no photos: copy it, and the link shows the same faces.")
