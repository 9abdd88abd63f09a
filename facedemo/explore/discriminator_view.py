"""The view of an auto-encoder discriminator: its reconstruction of a face, the error, and the resulting loss."""

from dataclasses import dataclass

import matplotlib
import numpy as np
from torch import Tensor

from facedemo.gans.base import Reconstructing
from facedemo.imaging import pictures
from facedemo.pretrained import sampling
from facedemo.pretrained.model import FaceModel
from facedemo.pretrained.sampling import from_uint8
from facedemo.progress import Progress
from facedemo.training import dataset

COUNT = 256  # number of faces of each kind with which a loss is compared
FIRST_SEED = 2_000_000
BATCH = 16
BRIGHTEST = 0.5  # the error from which a heat map is brightest
COLOURS = "inferno"


@dataclass(frozen=True)
class Reconstruction:
    """A discriminator's reconstruction of an image v.

    image, reconstruction: v and D(v), uint8 (s, s, 3).  error: |v − D(v)|, mean of the colours, float32 (s, s) in [0,
    2] if D(v) is within the range of images.  loss: L(v).  realism: the score in (0, 1).
    """

    image: np.ndarray
    reconstruction: np.ndarray
    error: np.ndarray
    loss: float
    realism: float


@dataclass(frozen=True)
class Losses:
    """L(v) of many faces.

    generated: (COUNT,).  real: of up to COUNT training images, None if they are not available.  recorded: mean and
    standard deviation of L(x) over training images, as recorded during training.
    """

    generated: np.ndarray
    real: np.ndarray | None
    recorded: tuple[float, float]


def unsupported_reason(model: FaceModel) -> str:
    """The reason why this model's discriminator has no reconstruction to show, for users; "" if it has one."""
    if not model.has_discriminator:
        return f"“{model.name}” contains only a generator; it was saved without its discriminator."
    if not isinstance(model.family, Reconstructing):
        return (
            f"The discriminator of {model.config.model.title} outputs a single number: it does not reconstruct faces, "
            "so there is nothing to see inside."
        )
    return ""


def family_of(model: FaceModel) -> Reconstructing:
    if reason := unsupported_reason(model):
        raise ValueError(reason)
    assert isinstance(model.family, Reconstructing)
    return model.family


def reconstruct(model: FaceModel, image: np.ndarray) -> Reconstruction:
    """An image as the discriminator sees it.

    image: uint8 (s, s, 3), s the model's size.  Raises ValueError for another size, and for models without a
    reconstruction (see `unsupported_reason`).
    """
    if image.shape != (model.size, model.size, 3):
        raise ValueError(
            f"The image is {image.shape[1]}×{image.shape[0]} pixels, but this model's images are "
            f"{model.size}×{model.size}."
        )
    family, v = family_of(model), from_uint8(image[None])
    rebuilt = family.reconstruct(v)
    error = (v - rebuilt).abs().mean(1)[0].numpy()
    loss, realism = float(family.reconstruction_loss(v, rebuilt)), float(family.realism(v))
    return Reconstruction(image, pictures.to_uint8(rebuilt)[0], error, loss, realism)


def error_heatmap(error: np.ndarray) -> np.ndarray:
    """An error map as a picture, uint8 (s, s, 3): from black for 0 through red to yellow for BRIGHTEST and above."""
    return np.rint(matplotlib.colormaps[COLOURS](error / BRIGHTEST)[..., :3] * 255).astype(np.uint8)


def losses(model: FaceModel, progress: Progress | None = None) -> Losses:
    """L(v) of COUNT generated faces and of the model's own training images.

    Raises ValueError for models without a reconstruction.
    """
    family, own = family_of(model), dataset.own_images(model.config)
    count = 0 if own is None else min(COUNT, len(own))
    done, total = 0, COUNT + count

    def of(images: Tensor) -> np.ndarray:
        nonlocal done
        values = family.reconstruction_loss(images, family.reconstruct(images)).numpy()
        done += len(images)
        if progress:
            progress(done, total)
        return values

    z = sampling.latents(model, range(FIRST_SEED, FIRST_SEED + COUNT))
    generated = np.concatenate([of(model.generate(part)) for part in z.split(BATCH)])
    real = None
    if own is not None and count:
        rows = np.random.RandomState(0).choice(len(own), count, replace=False)
        parts = np.array_split(rows, -(-count // BATCH))
        real = np.concatenate([of(from_uint8(np.stack([own[int(row)] for row in part]))) for part in parts])
    return Losses(generated, real, family.loss_stats())


def share_above(losses: np.ndarray, loss: float) -> float:
    """The share of faces, in [0, 1], that are reconstructed worse than one with this loss."""
    return float((losses > loss).mean())
