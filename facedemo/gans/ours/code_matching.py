"""The coordinates of the code, chosen anew for a trained model, so that real faces spread in them as z does.

Training asks of E that E(G(z)) is near z, and nothing of E(x): the codes of real faces may spread further than z in
some directions, which G is then asked for too seldom.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

FEWEST = 10  # images for each number of the code: their covariance is known well enough then
NARROWEST = 1e-4  # of z's variance: codes that spread less than that in a direction cannot be spread as z is


def coordinates(codes: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """Origin μ (h,) and axes A (h, h), symmetric, of new coordinates u of the code: code = μ + A u.

    codes: E(x) of real images, (n, h).  share: 1 gives their u the mean 0 and the covariance I/3 of z ~ U[−1, 1]^h, 0
    changes nothing; between them μ and A Aᵀ go the straight way.
    Raises ValueError for fewer than FEWEST · h codes, and where they hardly differ in some direction.
    """
    n, h = codes.shape
    if n < FEWEST * h:
        raise ValueError(f"Matching codes of {h} numbers takes {FEWEST * h:,} images; these are {n:,}.")
    codes = codes.double()
    square = share * 3 * torch.cov(codes.T) + (1 - share) * torch.eye(h, dtype=codes.dtype, device=codes.device)
    values, vectors = torch.linalg.eigh(square)
    if values[0] < NARROWEST:
        raise ValueError("The images' codes hardly differ in some direction. Match them by less, or use other images.")
    return share * codes.mean(0), vectors * values.sqrt() @ vectors.T


def recode(origin: Tensor, axes: Tensor, code: nn.Linear, maps: Iterable[nn.Linear]) -> None:
    """Folds new coordinates into the layer that gives the code and those that take it or z.

    Decoders of codes compute as before; G(z) becomes what G(origin + axes z) was.
    """
    code.weight.copy_(torch.linalg.solve(axes, code.weight.double()))
    code.bias.copy_(torch.linalg.solve(axes, code.bias.double() - origin))
    for layer in maps:
        weight = layer.weight.double()
        layer.bias.add_(weight @ origin)
        layer.weight.copy_(weight @ axes)
