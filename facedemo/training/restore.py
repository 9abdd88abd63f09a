"""Restores models for further training: the full state of a run's checkpoint, or only the weights of a bundle."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from facedemo.config.schedule import SettingsSchedule
from facedemo.pretrained.model import BundleError, load_model
from facedemo.runs.model_report import read_report
from facedemo.runs.run import Run
from facedemo.training.checkpoints import newest_checkpoint


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
    run = Run(path)
    if newest := newest_checkpoint(run, logging.getLogger(__name__).warning):
        file, checkpoint = newest
        try:
            model.family.load_state_dict(checkpoint.family)
        except RuntimeError as error:
            raise BundleError(f"The weights in {file.name} do not fit the settings of “{path.name}”.") from error
        step, family, optimizers = checkpoint.step, checkpoint.family, checkpoint.optimizers
        changes = run.setting_changes()
    else:
        report = read_report(path)
        step, family, optimizers = report.iterations or 0, model.family.state_dict(), {}
        changes = report.steering or run.setting_changes()
    schedule = SettingsSchedule(model.config, changes)
    schedule.replay(step)
    return TrainingState(schedule, step, family, optimizers)
