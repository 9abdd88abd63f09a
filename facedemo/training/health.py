"""Notices when a training goes wrong, and says so in words that help."""

import math
from collections import deque

import torch
from torch import Tensor

from facedemo.gans.settings import MetricBounds

PATIENCE = 100  # rows of metrics that a bounded value may stay at a bound
SETTLED = 1000  # iterations before a flat sample batch counts as collapsed
COLLAPSED = 0.35  # of the real images' spread


class DivergedError(RuntimeError):
    """A loss or a weight is no longer a finite number."""


def spread(images: Tensor) -> float:
    """Mean pairwise distance of images (n, ...), as the root mean square over pixels."""
    flat = images.float().flatten(1).cpu()  # Apple's GPUs have no pdist
    return float(torch.pdist(flat).mean()) / math.sqrt(flat.shape[1])


class Guard:
    """Watches metrics, weights and samples; `advice` holds what it has to say at the moment."""

    def __init__(self, bounded: tuple[MetricBounds, ...], real_spread: float) -> None:
        self.bounded = bounded
        self.real_spread = real_spread
        self.recent: dict[str, deque[float]] = {item.metric: deque(maxlen=PATIENCE) for item in bounded}
        self.collapse = ""

    def check_metrics(self, row: dict[str, float]) -> None:
        """Takes one row of metrics.  Raises DivergedError where one is not finite."""
        for name, value in row.items():
            if not math.isfinite(value):
                raise DivergedError(
                    f"{name} is no longer a finite number at iteration {row['step']:.0f}. The last good checkpoint is "
                    "kept: resume from it with a lower learning rate, or start a new run with precision 32-true."
                )
        for name, values in self.recent.items():
            values.append(row[name])

    def check_weights(self, state: dict[str, Tensor]) -> None:
        """Raises DivergedError where a weight is not finite."""
        for name, tensor in state.items():
            if tensor.is_floating_point() and not torch.isfinite(tensor).all():
                raise DivergedError(
                    f"The weights {name} are no longer finite numbers. The last good checkpoint is kept: resume from "
                    "it with a lower learning rate."
                )

    def check_samples(self, images: Tensor, step: int) -> None:
        """Takes a sample batch (n, 3, s, s) in [−1, 1]."""
        ratio = spread(images) / max(self.real_spread, 1e-8)
        self.collapse = (
            f"The samples look alike: they differ {ratio:.0%} as much as real images do. This is mode collapse: raise "
            "γ or lower the learning rates, or resume from before it began."
            if step >= SETTLED and ratio < COLLAPSED
            else ""
        )

    @property
    def advice(self) -> list[str]:
        words = [self.collapse] if self.collapse else []
        for item in self.bounded:
            values = self.recent[item.metric]
            if len(values) == PATIENCE and max(values) <= item.low:
                words.append(item.stuck_low)
            if len(values) == PATIENCE and min(values) >= item.high:
                words.append(item.stuck_high)
        return words
