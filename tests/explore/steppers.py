"""Steppers on random images, and their state."""

from pathlib import Path

import numpy as np
import torch

from facedemo.explore.single_step import TrainingStepper

IMAGES = np.random.RandomState(0).randint(0, 256, (16, 32, 32, 3), np.uint8)


def motion_of(path: Path) -> TrainingStepper:
    return TrainingStepper(path, IMAGES)


def state(stepper: TrainingStepper) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in stepper.family.state_dict().items()}


def assert_equal(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> None:
    assert left.keys() == right.keys()
    assert [name for name in left if not torch.equal(left[name], right[name])] == []
