"""Inside the discriminator: how it reconstructs a face, and GAN inversion, the latent z that is closest to a face."""

import streamlit as st

from facedemo.app.shared import model_picker, url_state
from facedemo.app.shared.copy_link import copy_link
from facedemo.app.shared.segments import segments
from facedemo.app.views.inside import latent_search, reconstruction

MODES = {"look": "Look inside", "latent": "Into latent space"}
SHOWN = {"look": reconstruction.show_reconstruction, "latent": latent_search.into_latent_space}


def change_mode() -> None:
    latent_search.rewind()
    latent_search.search(False)
    url_state.outdate_address("inside")


st.title("Inside the discriminator", anchor=False)

choices = model_picker.choices_or_stop("inspect")

settings = {
    "mode": url_state.one_of(MODES, default="look"),
    "model": url_state.one_of(choices, default=model_picker.preferred(choices)),
}
ignored = url_state.load_from_url(settings, page="inside")

with st.container(horizontal=True):
    mode = segments(
        "View",
        MODES,
        key="inside_mode",
        on_change=change_mode,
        hint="Look inside: how the discriminator reconstructs a face, and how typical it is for this discriminator. "
        "Into latent space: the latent z whose generated face is closest to yours, and a film from one face to "
        "another.",
    )
    name = model_picker.control(
        choices,
        "inside",
        "Model whose networks to inspect: a bundled model, or one of your runs once it has saved weights.",
    )

try:
    SHOWN[mode](name, choices[name], settings, ignored)
except (ValueError, OSError) as error:
    model_picker.stop_unusable(error)

copy_link("The link contains no photos and shows the same generated faces.")
