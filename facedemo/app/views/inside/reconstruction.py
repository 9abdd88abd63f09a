"""How an auto-encoder discriminator reconstructs one face, and how its loss compares with other faces'."""

from pathlib import Path

import numpy as np
import streamlit as st
from PIL import Image

from facedemo.app.charts.training import distribution
from facedemo.app.shared import cached_work, first_seeds, model_picker, url_state
from facedemo.app.shared.format import plain_file_name
from facedemo.app.shared.plot import NO_BUTTONS, titled_plot
from facedemo.app.views.inside.face_picker import face_input, face_settings
from facedemo.explore import discriminator_view
from facedemo.explore.discriminator_view import Losses, Reconstruction, share_above
from facedemo.imaging import film
from facedemo.imaging.pictures import grid, png

LARGE = 256  # side of a picture on the screen, in pixels


def show_reconstruction(name: str, folder: Path, settings: dict[str, url_state.QueryParam], ignored: list[str]) -> None:
    own = face_settings("a", seed=first_seeds.INSIDE[0])
    ignored += url_state.load_from_url(own, page="inside")
    if ignored:
        st.warning(f"Not used: {', '.join(ignored)}.", icon=":material/link_off:")
    url_state.write_to_url(settings | own, page="inside")
    version = model_picker.version(folder)
    model = model_picker.load(folder, version)
    if reason := discriminator_view.unsupported_reason(model):
        st.info(f"{reason} “Into latent space” works with every model.", title="No reconstruction to show")
        return
    face = face_input("a", "Face", folder)
    if face is None:
        return
    seen = discriminator_view.reconstruct(model, face[0])
    left, right = st.columns([3, 2], gap="large")
    with left:
        show_pictures(seen, face[1])
        download(name, seen, face[1])
    with right:
        label = "Comparing with other faces"
        usual_losses = cached_work.cached_with_progress(
            label, lambda progress: discriminator_view.losses(model, progress), folder, version
        )
        show_numbers(seen, usual_losses)


def show_pictures(seen: Reconstruction, description: str) -> None:
    heatmap = Image.fromarray(discriminator_view.error_heatmap(seen.error)).resize(
        (LARGE, LARGE), Image.Resampling.NEAREST
    )
    pictures = {
        "v": (film.enlarged(seen.image, LARGE), f"The face: {description}."),
        "D(v)": (film.enlarged(seen.reconstruction, LARGE), "The discriminator's reconstruction from its code."),
        "|v − D(v)|": (
            heatmap,
            "The reconstruction error: black is none, yellow a quarter of the range from black to white.",
        ),
    }
    with st.grid(3, min_column_width=150):
        for symbol, (picture, caption) in pictures.items():
            with st.container(gap="xsmall"):
                st.image(picture, width="stretch", alt=f"{symbol}. {caption}")
                st.caption(f"**{symbol}**  {caption}")


def show_numbers(seen: Reconstruction, usual_losses: Losses) -> None:
    """L(v) and the realism score, compared with generated and training images."""
    with st.grid(2, min_column_width=130):
        hint = "Mean of |v − D(v)| over all pixels and colours, which range from −1 to 1. The lower, the more the "
        hint += "face resembles those that the discriminator has learned to reconstruct."
        st.metric("L(v)", f"{seen.loss:.4f}", help=hint, border=True)
        hint = (
            "L(v) as a score from 0 to 1: 0.5 is a training image of average difficulty; a higher score means a better "
        )
        hint += (
            "reconstruction. It measures how typical the image is for this discriminator, not whether it would fool a "
            "person."
        )
        st.metric("Realism", f"{seen.realism:.2f}", help=hint, border=True)
    mean, deviation = usual_losses.recorded
    groups, band = {"generated faces": usual_losses.generated}, ("training images, recorded", mean, deviation)
    parts = [f"{100 * share_above(usual_losses.generated, seen.loss):.0f} % of the model's generated faces"]
    if usual_losses.real is not None:
        groups, band = {"training images": usual_losses.real} | groups, None
        parts.append(f"{100 * share_above(usual_losses.real, seen.loss):.0f} % of its training images")
    figure = distribution(groups, seen.loss, "L(v)", "L, lower: better reconstructed", band)
    figure.update_layout(title_text="L(v) of this face among other faces")
    hint = "How L(v) is distributed over faces; the dashed line is this one. Further to the left: better reconstructed."
    titled_plot(figure, hint, "inside_losses", NO_BUTTONS)
    comparison = f"Better reconstructed than {' and '.join(parts)}. Training images: {mean:.3f} ± {deviation:.3f}"
    st.caption(f"{comparison}, as recorded during training.")


def download(name: str, seen: Reconstruction, description: str) -> None:
    pictures = np.stack([seen.image, seen.reconstruction, discriminator_view.error_heatmap(seen.error)])
    facts: dict[str, object] = {
        "model": name,
        "face": description,
        "loss": f"{seen.loss:.6f}",
        "realism": f"{seen.realism:.4f}",
    }
    facts["brightest"] = discriminator_view.BRIGHTEST
    st.download_button(
        "Pictures (PNG)",
        lambda: png(grid(pictures, 3), **facts, software="facedemo"),
        plain_file_name(f"{name}-inside.png"),
        "image/png",
        on_click="ignore",
        icon=":material/download:",
        help="The three pictures side by side. Model, L(v) and the score are written into the file.",
    )
