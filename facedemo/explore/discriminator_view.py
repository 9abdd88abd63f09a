"""Inside an auto-encoder discriminator: how it rebuilds a face, what it gets wrong, and what it concludes from that."""

from dataclasses import dataclass

import matplotlib
import numpy as np
from torch import Tensor

from facedemo.gans.base import Reconstructing
from facedemo.imaging import pictures
from facedemo.pretrained import sampling
from facedemo.pretrained.model import FaceModel
from facedemo.pretrained.sampling import from_uint8
from facedemo.training import dataset

COUNT = 256  # faces of each kind that a loss is compared with
FIRST_SEED = 2_000_000
BATCH = 16
BRIGHTEST = 0.5  # the error that a heat map draws brightest, and all larger ones
COLOURS = "inferno"


@dataclass(frozen=True)
class Look:
    """What a discriminator makes of an image v.

    image, reconstruction: v and D(v), uint8 (s, s, 3).  error: |v − D(v)|, mean of the colours, float32 (s, s) in
    [0, 2] for D(v) within the range of images.  loss: L(v).  realism: the score in (0, 1).
    """

    image: np.ndarray
    reconstruction: np.ndarray
    error: np.ndarray
    loss: float
    realism: float


@dataclass(frozen=True)
class Losses:
    """L(v) of many faces.

    generated: (COUNT,).  real: of up to COUNT images that the model was trained on, None where they are not at hand.
    remembered: mean and deviation of L(x) over training images, as the model remembers them.
    """

    generated: np.ndarray
    real: np.ndarray | None
    remembered: tuple[float, float]


def why_not(model: "FaceModel") -> str:
    """Why one cannot look inside this model's discriminator, in words for people; "" where one can."""
    if not model.has_discriminator:
        return f"“{model.name}” holds a generator only; its discriminator was left out when it was saved."
    if not isinstance(model.family, Reconstructing):
        return (
            f"The discriminator of {model.config.model.title} answers with a single number: it reconstructs no faces, "
            "so there is nothing to see inside."
        )
    return ""


def family_of(model: "FaceModel") -> Reconstructing:
    if reason := why_not(model):
        raise ValueError(reason)
    return model.family  # type: ignore[return-value]


def look(model: "FaceModel", image: np.ndarray) -> Look:
    """An image as the discriminator sees it.

    image: uint8 (s, s, 3), s the model's size.  Raises ValueError for another size, and for models that `why_not`
    has a word about.
    """
    if image.shape != (model.size, model.size, 3):
        raise ValueError(f"The image is {image.shape[1]}×{image.shape[0]} pixels; this model's are {model.size}.")
    family, v = family_of(model), from_uint8(image[None])
    rebuilt = family.reconstruct(v)
    error = (v - rebuilt).abs().mean(1)[0].numpy()
    loss, realism = float(family.reconstruction_loss(v, rebuilt)), float(family.realism(v))
    return Look(image, pictures.to_uint8(rebuilt)[0], error, loss, realism)


def heat(error: np.ndarray) -> np.ndarray:
    """An error map as a picture, uint8 (s, s, 3): black for 0, over red to yellow for BRIGHTEST and more."""
    return np.uint8(np.rint(matplotlib.colormaps[COLOURS](error / BRIGHTEST)[..., :3] * 255))


def losses(model: "FaceModel", progress: sampling.Progress | None = None) -> Losses:
    """L(v) of COUNT generated faces and of the model's own training images.  Raises ValueError as `look` does."""
    family, own = family_of(model), dataset.own_images(model.config)
    count = 0 if own is None else min(COUNT, len(own))
    done, total = 0, COUNT + count

    def of(images: Tensor) -> np.ndarray:
        nonlocal done
        found = family.reconstruction_loss(images, family.reconstruct(images)).numpy()
        done += len(images)
        if progress:
            progress(done, total)
        return found

    z = sampling.latents(model, range(FIRST_SEED, FIRST_SEED + COUNT))
    generated = np.concatenate([of(model.generate(part)) for part in z.split(BATCH)])
    real = None
    if count:
        rows = np.random.RandomState(0).choice(len(own), count, replace=False)
        parts = np.array_split(rows, -(-count // BATCH))
        real = np.concatenate([of(from_uint8(np.stack([own[int(row)] for row in part]))) for part in parts])
    return Losses(generated, real, family.remembered_loss())


def share_above(losses: np.ndarray, loss: float) -> float:
    """Which part of faces is rebuilt worse than one with this loss, in [0, 1]."""
    return float((losses > loss).mean())
