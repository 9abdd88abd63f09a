"""Restores models for further training: the full state of a run's checkpoint, or only the weights of a bundle."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from facedemo.config.schedule import Mark, Steering
from facedemo.config.schema import RunConfig
from facedemo.pretrained.model import BundleError, load_model
from facedemo.runs import records
from facedemo.runs.run import Run

SAVED = ("step", "family", "optimizers")  # keys of a checkpoint, see `Trainer.checkpoint`


@dataclass(frozen=True)
class Saved:
    """A saved model.  optimizers: their states by network, {} if they were not saved."""

    steering: Steering
    number: int
    family: dict[str, Tensor]
    optimizers: dict[str, dict[str, Any]]


def open_saved(path: Path) -> Saved:
    """The newest readable checkpoint of a run; for a bundle, or a run without one, only the weights."""
    model = load_model(path)
    if not model.has_discriminator:
        raise BundleError(
            f"“{path.name}” contains only a generator and no discriminator to train it with. Choose another model."
        )
    config, run = model.config, Run(path)
    for checkpoint in run.checkpoints():
        try:
            state = torch.load(checkpoint, map_location="cpu", weights_only=True)
            saved = Saved(replayed(config, run.marks(), state["step"]), *(state[name] for name in SAVED))
            model.family.load_state_dict(saved.family)
            return saved
        # unpickling a damaged file raises many kinds of errors; the previous checkpoint is used instead
        except Exception:
            continue
    report = records.read_report(path / "report.json")
    number, marks = report.get("iterations", 0), report.get("steering", run.marks())
    return Saved(replayed(config, marks, number), number, model.family.state_dict(), {})


def replayed(config: RunConfig, marks: Sequence[dict[str, Any]], number: int) -> Steering:
    """The settings after `number` iterations."""
    steering = Steering(config)
    for mark in (Mark(**mark) for mark in records.marks(list(marks))):
        if mark.step <= number and steering.fits(mark):
            steering.apply(mark)
    return steering
