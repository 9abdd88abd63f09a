"""Images to show to a model's discriminator as real ones: those it was trained on where they are at hand."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from facedemo.config.schema import BUILT_IN, RunConfig
from facedemo.data.builtin import builtin_faces
from facedemo.data.preparation import prepared
from facedemo.data.source_files import DataError
from facedemo.data.splits import split_rows

SUBSTITUTES = 256  # built-in faces that stand in for a model's own data


@dataclass(frozen=True)
class Examples:
    """images: n of uint8 (s, s, 3).  own: the model was trained on them.  words: what they are, for people."""

    images: Sequence[np.ndarray]
    own: bool
    words: str


def own_images(config: RunConfig) -> Sequence[np.ndarray] | None:
    """The images that a model was trained on, n of uint8 (s, s, 3), if they lie prepared in the cache; else None."""
    from torch.utils.data import Subset

    settings, size = config.data, config.model.size
    try:
        faces = builtin_faces(size) if settings.source == BUILT_IN else prepared(settings.source, size, settings.crop)
        return faces and Subset(faces.images, split_rows(faces, settings.source, settings.split))
    except (DataError, OSError):
        return None


def for_model(config: RunConfig) -> Examples:
    """The model's own images, or if they are not at hand SUBSTITUTES of the built-in faces.

    Raises DataError if these cannot be read either.
    """
    images = own_images(config)
    if images is not None:
        return Examples(images, True, f"the {len(images):,} images that it was trained on")
    faces = builtin_faces(config.model.size)
    return Examples(faces.images[:SUBSTITUTES], False, f"{SUBSTITUTES} faces drawn by a bundled model")
