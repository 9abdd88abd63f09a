"""Matching the code distribution of real faces to the prior of z, by changing a trained model's code coordinates.

Training constrains E(G(z)) to be near z, but does not constrain E(x): the codes of real faces may have more variance
than z in some directions, which z then samples too rarely.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

FEWEST = 10  # images per code dimension, for a good estimate of their covariance
NARROWEST = 1e-4  # of z's variance: codes with less variance in some direction cannot be matched


def coordinates(codes: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """Origin μ (h,) and axes A (h, h), symmetric, of new coordinates u of the code: code = μ + A u.

    codes: E(x) of real images, (n, h).  share: 1 gives their u the mean 0 and the covariance I/3 of z ~ U[−1, 1]^h, 0
    changes nothing; between them, μ and A Aᵀ are interpolated linearly.  Raises ValueError for fewer than FEWEST · h
    codes, and if they hardly differ in some direction.
    """
    n, h = codes.shape
    if n < FEWEST * h:
        raise ValueError(
            f"Matching codes of {h} numbers takes at least {FEWEST * h:,} images, but there are only {n:,}."
        )
    codes = codes.double()
    square = share * 3 * torch.cov(codes.T) + (1 - share) * torch.eye(h, dtype=codes.dtype, device=codes.device)
    values, vectors = torch.linalg.eigh(square)
    if values[0] < NARROWEST:
        raise ValueError(
            "The images' codes hardly differ in some direction. Match them less strongly, or use other images."
        )
    return share * codes.mean(0), vectors * values.sqrt() @ vectors.T


def recode(origin: Tensor, axes: Tensor, code: nn.Linear, maps: Iterable[nn.Linear]) -> None:
    """Folds new coordinates into the layer that outputs the code and the layers that take a code or z.

    The reconstructions stay the same; G(z) becomes the previous G(origin + axes z).
    """
    code.weight.copy_(torch.linalg.solve(axes, code.weight.double()))
    code.bias.copy_(torch.linalg.solve(axes, code.bias.double() - origin))
    for layer in maps:
        weight = layer.weight.double()
        layer.bias.add_(weight @ origin)
        layer.weight.copy_(weight @ axes)
