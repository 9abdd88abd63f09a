"""Detects failing training runs and suggests a fix."""

import math
from collections import deque
from collections.abc import Callable

import torch
from torch import Tensor

from facedemo.gans.settings import MetricBounds

PATIENCE = 100  # rows of metrics for which a bounded value may stay at a bound
SETTLED = 1000  # iterations before similar samples count as mode collapse
COLLAPSED = 0.35  # relative to the spread of real images


class DivergedError(RuntimeError):
    """A loss or a weight is no longer a finite number."""


def pairwise_spread(images: Tensor) -> float:
    """Mean pairwise distance of images (n, ...), as the root mean square over pixels."""
    flat = images.float().flatten(1).cpu()  # Apple's GPUs have no pdist
    return float(torch.pdist(flat).mean()) / math.sqrt(flat.shape[1])


class HealthMonitor:
    """Checks metrics, weights and samples; `warnings` holds the current warnings."""

    def __init__(self, bounded: tuple[MetricBounds, ...], real_spread: float) -> None:
        self.bounded = bounded
        self.real_spread = real_spread
        self.recent: dict[str, deque[float]] = {item.metric: deque(maxlen=PATIENCE) for item in bounded}
        self.collapse = self.recovered = ""

    def check_metrics(self, row: dict[str, float]) -> None:
        """Checks one row of metrics.  Raises DivergedError if a value is not finite."""
        for name, value in row.items():
            if not math.isfinite(value):
                raise DivergedError(
                    f"{name} is no longer a finite number at iteration {row['step']:.0f}. The last good checkpoint was "
                    "kept: resume from it with a lower learning rate, or start a new run with precision 32-true."
                )
        for name, values in self.recent.items():
            values.append(row[name])

    def check_weights(self, state: dict[str, Tensor], agree: Callable[[str], str]) -> None:
        """Raises DivergedError if a weight is not finite.

        agree: called with the name of such a weight, or ""; returns the name that all processes of the run go by.
        """
        floating = ((name, tensor) for name, tensor in state.items() if tensor.is_floating_point())
        if name := agree(next((name for name, tensor in floating if not torch.isfinite(tensor).all()), "")):
            raise DivergedError(
                f"The weights {name} are no longer finite numbers. The last good checkpoint was kept: resume from "
                "it with a lower learning rate."
            )

    def check_samples(self, images: Tensor, step: int) -> None:
        """Checks a batch of samples (n, 3, s, s) in [−1, 1]."""
        ratio = pairwise_spread(images) / max(self.real_spread, 1e-8)
        self.collapse = (
            f"The samples look alike: their spread is {100 * ratio:.0f} % of that of real images. This is mode "
            "collapse: raise γ or lower the learning rates, or resume from an earlier checkpoint."
            if step >= SETTLED and ratio < COLLAPSED
            else ""
        )

    @property
    def warnings(self) -> list[str]:
        texts = [text for text in (self.recovered, self.collapse) if text]
        for item in self.bounded:
            values = self.recent[item.metric]
            if len(values) == PATIENCE and max(values) <= item.low:
                texts.append(item.stuck_low)
            if len(values) == PATIENCE and min(values) >= item.high:
                texts.append(item.stuck_high)
        return texts
