"""Muon: momentum whose matrices are orthogonalised before each step."""

from collections.abc import Iterable
from itertools import groupby

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

STEPS = 5
A, B, C = 3.4445, -4.7750, 2.0315  # coefficients with the steepest slope at 0 that converge near 1: Jordan et al. 2024


def orthogonalised(matrices: Tensor) -> Tensor:
    """Approximately the orthogonal factor U Vᵀ of each U S Vᵀ: singular values of about 0.7 to 1.2.

    matrices: (n, rows, columns). By Newton–Schulz iterations x ← (A + B x xᵀ + C (x xᵀ)²) x. All factors are
    polynomials of the initial x xᵀ, so they are multiplied first, and only their product is applied to the matrix.
    """
    if matrices.shape[1] > matrices.shape[2]:
        return orthogonalised(matrices.mT).mT
    x = matrices / matrices.norm(dim=(1, 2), keepdim=True).clamp_min(1e-12)
    if x.shape[1] == 1:
        return x
    square = x @ x.mT
    product = identity = torch.eye(x.shape[1], dtype=x.dtype, device=x.device)
    for _ in range(STEPS):
        factor = A * identity + B * square + C * square @ square
        square, product = factor @ factor @ square, factor @ product
    return product @ x


class Muon(Optimizer):
    """Keller Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks", with Nesterov's momentum.

    A convolution's weights count as a matrix with a row per output channel, a bias as a matrix with a single row. Every
    step is scaled so that its root mean square is the learning rate, about the length of Adam's steps.
    """

    def __init__(self, params: Iterable[nn.Parameter], lr: float, momentum: float = 0.95) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # pyright: ignore - no closures
        for group in self.param_groups:
            having = sorted((p for p in group["params"] if p.grad is not None), key=lambda p: p.shape)
            for shape, alike in groupby(having, key=lambda p: p.shape):
                self.move(list(alike), shape, group["lr"], group["momentum"])

    def move(self, parameters: list[nn.Parameter], shape: torch.Size, rate: float, momentum: float) -> None:
        """One step of parameters of the same shape, which are orthogonalised together."""
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        weights: list[Tensor] = list(parameters)
        means = [self.state[p].setdefault("momentum", torch.zeros_like(p)) for p in parameters]
        torch._foreach_lerp_(means, gradients, 1 - momentum)
        ahead = torch.stack(torch._foreach_lerp(gradients, means, momentum))
        rows = shape[0] if len(shape) > 1 else 1
        with torch.autocast(ahead.device.type, enabled=False):  # the polynomials need full float32 precision
            steps = orthogonalised(ahead.reshape(len(parameters), rows, -1))
        scale = max(steps.shape[1:]) ** 0.5
        torch._foreach_add_(weights, list(steps.reshape(ahead.shape)), alpha=-rate * scale)
