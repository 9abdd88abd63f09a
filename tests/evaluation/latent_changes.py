"""A change of latents, as a calibration makes one."""

import torch

from facedemo.evaluation.calibration import LatentChange


def change(width: int) -> LatentChange:
    values = torch.arange(1, width + 1, dtype=torch.float64)
    return LatentChange(torch.diag(values / width + 0.5) + 0.01, values / 10, before=1.0, after=0.5)
