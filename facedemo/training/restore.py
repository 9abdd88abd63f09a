"""Restores models for further training: the full state of a run's checkpoint, or only the weights of a bundle."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from facedemo.config.schedule import SettingChange, SettingsSchedule
from facedemo.config.schema import RunConfig
from facedemo.pretrained.model import BundleError, load_model
from facedemo.runs.model_report import read_report
from facedemo.runs.run import Run

CHECKPOINT_KEYS = ("step", "family", "optimizers")  # keys of a checkpoint, see `Trainer.checkpoint`


@dataclass(frozen=True)
class TrainingState:
    """A saved model.  optimizers: their states by network, {} if they were not saved."""

    schedule: SettingsSchedule
    number: int
    family: dict[str, Tensor]
    optimizers: dict[str, dict[str, Any]]


def load_training_state(path: Path) -> TrainingState:
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
            saved = TrainingState(
                replayed(config, run.setting_changes(), state["step"]), *(state[name] for name in CHECKPOINT_KEYS)
            )
            model.family.load_state_dict(saved.family)
            return saved
        # unpickling a damaged file raises many kinds of errors; the previous checkpoint is used instead
        except Exception:
            continue
    report = read_report(path)
    number, changes = report.iterations or 0, report.steering or run.setting_changes()
    return TrainingState(replayed(config, changes, number), number, model.family.state_dict(), {})


def replayed(config: RunConfig, changes: Sequence[SettingChange], number: int) -> SettingsSchedule:
    """The settings after `number` iterations."""
    schedule = SettingsSchedule(config)
    for change in sorted(changes, key=lambda change: change.step):
        if change.step <= number and schedule.fits(change):
            schedule.apply(change)
    return schedule
