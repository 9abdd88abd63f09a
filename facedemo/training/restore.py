"""Restores models for further training: the full state of a run's checkpoint, or only the weights of a bundle."""

import logging
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
    """The newest readable checkpoint of a run; for a bundle, or a run without one, only the weights.

    Raises BundleError if there is no model, it has no discriminator, or its weights do not fit its settings.
    """
    model = load_model(path)
    if not model.has_discriminator:
        raise BundleError(
            f"“{path.name}” contains only a generator and no discriminator to train it with. Choose another model."
        )
    config, run = model.config, Run(path)
    for checkpoint in run.checkpoints():
        try:
            state = torch.load(checkpoint, map_location="cpu", weights_only=True)
            number, family, optimizers = (state[name] for name in CHECKPOINT_KEYS)
        # unpickling a damaged file raises many kinds of errors; the previous checkpoint is used instead
        except Exception as error:
            logging.getLogger(__name__).warning("%s cannot be read (%s); trying the previous one", checkpoint, error)
            continue
        try:
            model.family.load_state_dict(family)
        except RuntimeError as error:
            raise BundleError(f"The weights in {checkpoint.name} do not fit the settings of “{path.name}”.") from error
        return TrainingState(replayed(config, run.setting_changes(), number), number, family, optimizers)
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
