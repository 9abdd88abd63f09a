"""A plane in the latent space along which a model's faces change most, found from its first layer alone.

SeFa: Shen & Zhou 2021, "Closed-Form Factorization of Latent Semantics in GANs", arXiv:2007.06600.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from facedemo.gans.blocks import first_layer
from facedemo.pretrained import sampling
from facedemo.pretrained.model import FaceModel

SAMPLES = 256  # latents from which the standard deviation of z is estimated


def directions(model: FaceModel, count: int = 2) -> Tensor:
    """The first right singular vectors of the generator's first linear layer, (count, h), as steps of one standard
    deviation of z. Their signs are such that the largest entry is positive.
    """
    weight = first_layer(model.family.average).weight.detach()
    vectors = torch.linalg.svd(weight.double(), full_matrices=False).Vh[:count]
    largest = vectors.gather(1, vectors.abs().argmax(1, keepdim=True))
    return (vectors * largest.sign() * sampling.latents(model, range(SAMPLES)).std()).float()


def faces(model: FaceModel, places: Sequence[tuple[float, float]], seed: int, opposite: bool = False) -> np.ndarray:
    """Faces at places (x, y) of the plane of `directions`, uint8 (n, s, s, 3), around the latent of `seed`.

    opposite: around its opposite, −z.
    """
    origin = sampling.latents(model, [seed]) * (-1 if opposite else 1)
    return sampling.draw(model, origin + torch.tensor(places) @ directions(model))
