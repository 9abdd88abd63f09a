"""A learned prior: latents z are mapped to where the codes of real faces lie, before the generator sees them.

An auto-encoder discriminator has a code E(x) for every real face x, and with α its codes are latents: E(G(z)) ≈ z. The
codes of real faces are distributed less evenly than z, though. After training, this network learns their distribution
(“ex-post density estimation”, Ghosh et al. 2020, arXiv:1903.12436) by flow matching (Lipman et al. 2023,
arXiv:2210.02747): a velocity field whose flow moves z to the codes.
"""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STEPS = 30  # of Euler's method, from z to a code
DEVIATION = 1 / math.sqrt(3)  # of each entry of z ~ U[−1, 1]^h
TIMES = 32  # frequencies in which the network sees the time
DROPOUT = 0.1


class Block(nn.Module):
    """A residual block whose scale and shift depend on the time; it computes 0 at first."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.time = nn.Linear(2 * TIMES, 2 * width)
        self.first, self.second = nn.Linear(width, width), nn.Linear(width, width)
        self.dropout = nn.Dropout(DROPOUT)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        scale, shift = self.time(time).chunk(2, 1)
        return x + self.second(self.dropout(F.silu(self.first(self.norm(x) * (1 + scale) + shift))))


class LatentPrior(nn.Module):
    """Latents z (n, h) ~ U[−1, 1]^h → latents (n, h) with the same mean and covariance, distributed as the codes are.

    Codes are standardised beforehand, see `standardised`, so the generator sees nothing unlike its training.
    """

    frequencies: Tensor

    def __init__(self, latent: int, width: int = 384, blocks: int = 2) -> None:
        super().__init__()
        self.enter, self.leave = nn.Linear(latent, width), nn.Linear(width, latent)
        self.blocks = nn.ModuleList(Block(width) for _ in range(blocks))
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)
        self.register_buffer("frequencies", torch.logspace(0, 2, TIMES), persistent=False)

    @classmethod
    def of_weights(cls, weights: Mapping[str, Tensor]) -> "LatentPrior":
        """The prior with these weights.  Raises RuntimeError or KeyError if they are not those of one."""
        width, latent = weights["enter.weight"].shape
        blocks = len({name.split(".")[1] for name in weights if name.startswith("blocks.")})
        prior = cls(latent, width, blocks)
        prior.load_state_dict(dict(weights))
        return prior.eval()

    def velocity(self, x: Tensor, time: Tensor) -> Tensor:
        """dx/dt at places x (n, h) in units of standard deviations, at times (n,) from 0 (z) to 1 (codes).

        Its first summand would be exact if the codes were normally distributed.
        """
        angles = time[:, None] * self.frequencies
        waves = torch.cat([angles.sin(), angles.cos()], 1)
        variance = (time.square() + (1 - time).square())[:, None]
        hidden = self.enter(x / variance.sqrt())
        for block in self.blocks:
            hidden = block(hidden, waves)
        return (2 * time - 1)[:, None] / variance * x + self.leave(hidden) / variance.sqrt()

    def matching_loss(self, start: Tensor, end: Tensor, time: Tensor) -> Tensor:
        """The flow-matching loss: mean |velocity − (end − start)|² on the straight lines from start to end, (n, h)."""
        places = torch.lerp(start, end, time[:, None])
        return (self.velocity(places, time) - (end - start)).square().mean()

    def forward(self, latents: Tensor) -> Tensor:
        x = latents / DEVIATION
        for step in range(STEPS):
            x = x + self.velocity(x, torch.full((len(x),), step / STEPS, device=x.device)) / STEPS
        return x * DEVIATION


def standardised(codes: Tensor) -> Tensor:
    """Codes (n, h) as float32, transformed linearly to a mean of 0 and a covariance of the identity (ZCA)."""
    centred = codes.double() - codes.double().mean(0)
    values, vectors = torch.linalg.eigh(centred.T @ centred / len(codes))
    return (centred @ (vectors * values.clamp_min(1e-9).rsqrt()) @ vectors.T).float()
