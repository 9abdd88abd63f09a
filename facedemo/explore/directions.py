"""Directions in a model's latent space that each change one property of its faces.

Three kinds, all computed from the images of many random latents; the first two need no labels:

- *Principal directions*: where the images change most. The linear map that predicts images from latents best, by least
  squares, is the generator's average response; its left singular vectors are those directions. This is GANSpace
  (Härkönen et al. 2020, arXiv:2004.02546) with the image itself as the feature, or SeFa (Shen & Zhou 2021,
  arXiv:2007.06600) with the whole generator in place of its first layer.
- *Measured directions*: what can be measured in an image, such as its brightness, as a linear function of the latent.
  Each is the shortest step that changes one measure and, to first order, no other: the conditional manipulation of
  InterFaceGAN (Shen et al. 2020, arXiv:2005.09635) with measures in place of labels.
- *Labelled directions*: the same with age and gender, as predicted by an attribute model learned from a labelled data
  set. They also leave the measures unchanged: otherwise older would also mean blonder, and more feminine also brighter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import torch

from facedemo.evaluation.attributes import AttributeModel
from facedemo.evaluation.detector import detect_and_embed
from facedemo.pretrained import sampling
from facedemo.pretrained.model import FaceModel
from facedemo.pretrained.seeds import face_seeds
from facedemo.progress import Progress, Steps

FACES, SEED = 1024, 0
PRINCIPAL = 6
MAX_AMOUNT = 4.0
CELLS = 32  # maximum cells per side to which images are averaged down before they are compared
RED, GREEN, BLUE = 0.299, 0.587, 0.114  # luma, ITU-R BT.601

MEASURES = {
    "brightness": ("Brightness", "Brightness of the middle of the picture, where the face is."),
    "background": ("Background", "Brightness of the left, right and upper edges of the picture."),
    "warmth": ("Warmth", "Amount of red relative to blue."),
    "contrast": ("Contrast", "Difference between bright and dark areas."),
    "side": ("Light from the side", "Brightness of the right half of the picture relative to the left half."),
}
LABELLED = {
    "age": ("Age", "Towards an older look."),
    "gender": (
        "Gender",
        "Towards a more feminine look, according to the images' labels: looks, not identity.",
    ),
}


@dataclass(frozen=True)
class Direction:
    """A step in the latent space: one standard deviation of the latents, along a straight line."""

    name: str  # for addresses and the command line
    title: str
    about: str
    step: np.ndarray  # (h,) float32
    share: float  # explained share, in [0, 1], of the variance of the images (principal) or of the measure


def names(latent: int) -> list[str]:
    """The names of the directions that `find_directions` returns for a model with latents of size `latent`."""
    return [*MEASURES, *(f"main{number}" for number in range(1, min(PRINCIPAL, latent) + 1))]


def find_directions(model: FaceModel, faces: int = FACES, progress: Progress | None = None) -> list[Direction]:
    """The measured directions of a model, then its principal ones, strongest first.

    faces: number of random faces to analyse, more than twice the latent size h. The same model always gives the same
    directions.  Raises ValueError if there are too few faces.
    """
    seeds = face_seeds(SEED, faces)
    vectors = sampling.latents(model, seeds)
    if faces <= 2 * vectors.shape[1]:
        raise ValueError(f"{faces} faces are too few to find directions in {vectors.shape[1]} dimensions.")
    images = sampling.draw(model, vectors, progress=progress)
    z = vectors.numpy().astype(np.float64)
    return [*measured(z, images), *principal(z, images)]


def measured(z: np.ndarray, images: np.ndarray) -> list[Direction]:
    """Directions that each change one of `MEASURES`.  z: (n, h).  images: uint8 (n, size, size, 3)."""
    return answering(z, image_measures(images), MEASURES)


def labelled(
    model: FaceModel, attribute_model: AttributeModel, faces: int = FACES, steps: Steps = lambda what: None
) -> list[Direction]:
    """Directions that each change one label, as predicted by `attribute_model` for `faces` random faces of the model.

    They leave the other label and all `MEASURES` unchanged.  Raises ValueError if too few faces are detected: no more
    than twice the latent size h.
    """
    vectors = sampling.latents(model, face_seeds(SEED, faces))
    images = sampling.draw(model, vectors, progress=steps("generating faces"))
    detections = detect_and_embed(images, progress=steps("analysing generated faces"))
    z = vectors.numpy().astype(np.float64)[detections.detected]
    if len(z) <= 2 * z.shape[1]:
        raise ValueError(
            f"A face was detected in only {len(z)} of {faces} images that this model generates, which is too few to "
            "learn from. Choose a model that generates clearer faces."
        )
    values = attribute_model(detections.face_embeddings) | image_measures(images[detections.detected])
    return answering(z, values, LABELLED | MEASURES)[: len(LABELLED)]


def answering(
    z: np.ndarray, values: Mapping[str, np.ndarray], titles: Mapping[str, tuple[str, str]]
) -> list[Direction]:
    """Directions that each change one value and, to first order, none of the others.

    z: (n, h).  values: name → (n,).  titles: name → title and meaning, in display order.
    """
    response, shares = respond(z, np.stack([values[name] for name in titles], axis=1))
    steps = np.linalg.pinv(response)  # (values, h): each raises its own value and leaves the others unchanged
    return [
        Direction(name, title, about, one_deviation(step, z), float(share))
        for (name, (title, about)), step, share in zip(titles.items(), steps, shares, strict=True)
    ]


def principal(z: np.ndarray, images: np.ndarray, count: int = PRINCIPAL) -> list[Direction]:
    """The `count` orthogonal directions along which images change most, each towards the brighter image."""
    x = cells(images).reshape(len(images), -1)
    response, _ = respond(z, x)
    left, strength, right = np.linalg.svd(response, full_matrices=False)
    total = x.var(axis=0).sum()
    directions = []
    for index in range(min(count, len(strength))):
        brighter = 1.0 if right[index].sum() >= 0 else -1.0
        share = float(strength[index] ** 2 * (z @ left[:, index]).var() / total) if total else 0.0
        about = "A direction along which this model's faces differ most, found automatically; it has no name."
        step = one_deviation(brighter * left[:, index], z)
        directions.append(Direction(f"main{index + 1}", f"Main difference {index + 1}", about, step, share))
    return directions


def image_measures(images: np.ndarray) -> dict[str, np.ndarray]:
    """The `MEASURES` of images, uint8 (n, size, size, 3): (n,) each, in grey levels from 0 to 255."""
    pixels = images.astype(np.float32)
    luma, size = pixels @ np.array([RED, GREEN, BLUE], np.float32), images.shape[1]
    quarter, edge = size // 4, max(1, size // 10)
    sides = np.concatenate([luma[:, :, :edge], luma[:, :, -edge:]], axis=2).mean(axis=(1, 2))
    return {
        "brightness": luma[:, quarter:-quarter, quarter:-quarter].mean(axis=(1, 2)),
        "background": (2 * sides + luma[:, :edge].mean(axis=(1, 2))) / 3,
        "warmth": (pixels[..., 0] - pixels[..., 2]).mean(axis=(1, 2)),
        "contrast": luma.std(axis=(1, 2)),
        "side": luma[:, :, size // 2 :].mean(axis=(1, 2)) - luma[:, :, : size // 2].mean(axis=(1, 2)),
    }


def respond(z: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The linear response of y (n, d) to z (n, h), by least squares: (h, d); and the explained variance: (d,)."""
    centred_z, centred_y = z - z.mean(axis=0), y - y.mean(axis=0)
    response = np.linalg.pinv(centred_z.T @ centred_z, hermitian=True) @ (centred_z.T @ centred_y)
    left_over, total = (centred_y - centred_z @ response).var(axis=0), centred_y.var(axis=0)
    return response, np.where(total > 0, 1 - left_over / np.where(total > 0, total, 1), 0.0)


def cells(images: np.ndarray) -> np.ndarray:
    """Images averaged down to at most 32×32 cells: float64 (n, cells, cells, 3)."""
    count, size, _, _ = images.shape
    side = min(CELLS, size)
    return images.reshape(count, side, size // side, side, size // side, 3).mean(axis=(2, 4))


def one_deviation(direction: np.ndarray, z: np.ndarray) -> np.ndarray:
    """`direction`, scaled to one standard deviation of the latents, float32; zero stays zero."""
    length = np.linalg.norm(direction)
    return (direction * (z.std() / length if length else 0.0)).astype(np.float32)


def gradual(amounts: Mapping[str, float], frames: int) -> list[dict[str, float]]:
    """The amounts in `frames` equal steps from 0 to themselves, for the film of an edit.  frames: at least 2."""
    return [{name: amount * step / (frames - 1) for name, amount in amounts.items()} for step in range(frames)]


def check_amount(amount: float) -> None:
    """Raises ValueError if a face cannot be moved by `amount` standard deviations."""
    if not -MAX_AMOUNT <= amount <= MAX_AMOUNT:
        raise ValueError(f"The amount of a direction is from −{MAX_AMOUNT:g} to {MAX_AMOUNT:g}, not {amount}.")


def move_face(
    model: FaceModel,
    latent: np.ndarray,
    directions: Sequence[Direction],
    amounts: Sequence[Mapping[str, float]],
) -> np.ndarray:
    """A face moved along directions: uint8 (n, size, size, 3), one face per mapping of names to amounts.

    latent: of the face, (h,) float32.  amounts: in [−4, 4], in standard deviations of the latents; an empty mapping
    leaves the face unchanged.  Raises ValueError for an unknown name, an amount out of range, and without a mapping.
    """
    steps = {direction.name: torch.from_numpy(direction.step) for direction in directions}
    start = torch.from_numpy(latent)
    vectors = []
    for mapping in amounts:
        for name, amount in mapping.items():
            if name not in steps:
                nearest = "".join(f" Did you mean “{near}”?" for near in get_close_matches(name.lower(), steps, 1))
                raise ValueError(f"There is no direction “{name}”.{nearest} Directions: {', '.join(steps)}.")
            check_amount(amount)
        vectors.append(start + sum((amount * steps[name] for name, amount in mapping.items()), torch.zeros(len(start))))
    if not vectors:
        raise ValueError("Give at least one mapping of directions to amounts.")
    return sampling.draw(model, torch.stack(vectors))
