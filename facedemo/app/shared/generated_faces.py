"""Faces of seeds, cached for all visitors in batches: whoever asks for more faces waits for the new ones only."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import streamlit as st

from facedemo.app.shared import cached_work, model_picker
from facedemo.pretrained import sampling


@st.cache_data(max_entries=512, show_spinner=False)
def batch_of_faces(path: Path, version: str, seeds: Sequence[int], scale: float) -> np.ndarray:
    return sampling.generate(model_picker.load(path, version), seeds, scale)


def generated_faces(path: Path, version: str, seeds: Sequence[int], scale: float = 1.0) -> np.ndarray:
    """Faces as `sampling.generate` returns them, with a progress bar for those that are not cached.

    path, version: the model's, as from `model_picker`.  seeds: at least one.  Raises `cached_work.CancelledError` if
    this visitor has cancelled just these faces.
    """
    faces = []
    with cached_work.cancellable_progress("Generating faces", path, version, tuple(seeds), scale) as show:
        for start in range(0, len(seeds), sampling.BATCH):
            show(start, len(seeds))
            faces.append(batch_of_faces(path, version, seeds[start : start + sampling.BATCH], scale))
    return np.concatenate(faces)
