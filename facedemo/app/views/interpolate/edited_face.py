"""The face that the Directions view edits: from a seed, or one whose latent was found on the Inside page."""

import random
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import streamlit as st

from facedemo.app import navigation
from facedemo.app.shared import model_picker
from facedemo.app.views.interpolate import films
from facedemo.pretrained import sampling
from facedemo.pretrained.seeds import MAX_SEED

FOUND = "interpolate_found"  # the face from the Inside page, kept in this session alone


@dataclass(frozen=True)
class EditedFace:
    """latent: (h,) float32.  description: of the face.  facts: what its files say of it."""

    latent: np.ndarray
    description: str
    facts: dict[str, int] = field(default_factory=dict)


def edit(name: str, folder: Path, latent: np.ndarray, description: str) -> None:
    """Opens the Directions view with a face that was found for a photo or a generated face."""
    st.session_state[FOUND] = (folder, model_picker.version(folder), EditedFace(latent, description))
    st.switch_page(navigation.INTERPOLATE, query_params={"mode": "directions", "model": name})


def inverted_face(folder: Path) -> EditedFace | None:
    """The face from the Inside page, if it belongs to this model and its present weights."""
    model, version, face = st.session_state.get(FOUND, (None, "", None))
    return face if model == folder and version == model_picker.version(folder) else None


def of_seed(folder: Path, seed: int) -> EditedFace:
    model = model_picker.load(folder, model_picker.version(folder))
    return EditedFace(sampling.latents(model, [seed])[0].numpy(), f"seed {seed}", {"seed": seed})


def use_seeds() -> None:
    st.session_state.pop(FOUND, None)


def another_seed() -> None:
    st.session_state.interpolate_seed = random.randint(0, MAX_SEED)


def control(folder: Path) -> EditedFace:
    """The choice of the face, inside a horizontal container."""
    if face := inverted_face(folder):
        st.markdown(f"Editing the face found for **{face.description}**.", width="content")
        hint = "Edit faces from seeds again. The sliders keep their values."
        st.button("Use a seed instead", on_click=use_seeds, icon=":material/tag:", help=hint)
        return face
    seed = films.seed_input("Seed", "seed", "The random seed of the face to edit, as on the Generate page.")
    hint = "Choose another face from a random seed; the sliders keep their values."
    st.button("New face", on_click=another_seed, icon=":material/shuffle:", help=hint)
    return of_seed(folder, seed)
