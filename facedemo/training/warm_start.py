"""Fine-tuning: starting a run from a trained model's weights, on other images, at a higher resolution or another γ.

The run keeps a copy of the weights in `start/`, so that it can be trained on any machine.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from facedemo.config.presets import configure, family_of, start_of
from facedemo.config.schema import RunConfig
from facedemo.gans.base import create
from facedemo.gans.registry import config_class
from facedemo.pretrained.model import FaceModel, find_model, load_model
from facedemo.pretrained.provenance import START, images_seen
from facedemo.runs.model_report import ModelReport
from facedemo.runs.run import Run, create_run
from facedemo.storage.atomic import flush_folder
from facedemo.storage.locations import CONFIG, REPORT, WEIGHTS


def settings(start: str, runs_root: Path | None = None) -> dict[str, Any]:
    """The settings that a run must share with its start model: family, network settings and crop.

    start: as for `find_model`.  Raises BundleError if there is no such model or it cannot be read.
    """
    config = load(start, runs_root)[1].config.model_dump(mode="json")
    return {"family": config["family"], "model": config["model"], "data": {"crop": config["data"]["crop"]}}


def configured(options: dict[str, Any], preset: str | None = None, runs_root: Path | None = None) -> RunConfig:
    """As `presets.configure`, over the settings of the model that the options, or else the preset, start from.

    Raises BundleError if there is no such model, and ValueError if it is of another family than the preset, or as
    `configure` does.
    """
    start = options.get("start", start_of(preset))
    base = settings(start, runs_root) if start else {}
    family = family_of(preset)
    if base and family and family != base["family"] and "family" not in options:
        raise ValueError(
            f"The preset {preset} is for models of {config_class(family).title}, and “{start}” is of "
            f"{config_class(base['family']).title}. Choose a start model of that family, or no preset."
        )
    return configure(options, preset, base)


def load(start: str, runs_root: Path | None = None) -> tuple[Path, FaceModel]:
    path = find_model(start, runs_root)
    return path, load_model(path)


def new_run(config: RunConfig, root: Path | None = None) -> Run:
    """A new run directory with its config and, if it fine-tunes a model, that model's weights.

    Raises ValueError, without creating a run, if that model does not exist or its weights do not fit.
    """
    run = create_run(config, root)
    if config.training.start:
        try:
            copy_start(config, run.path)
        except (ValueError, OSError):
            shutil.rmtree(run.path)
            raise
    return run


def copy_start(config: RunConfig, run: Path) -> None:
    """Copies the start model's weights into a new run directory.

    Raises ValueError if there is no such model, it has no discriminator, or its weights do not fit.
    """
    path, model = load(config.training.start, run.parent)
    if not model.has_discriminator:
        raise ValueError(f"“{model.name}” has no discriminator, so it cannot be trained further.")
    create(config.family, config.model).start_from(model.family)
    (run / START).mkdir()
    shutil.copyfile(path / WEIGHTS, run / START / WEIGHTS)
    seen = images_seen(path, weights=run / START)
    (run / START / CONFIG).write_text(model.config.without_paths().model_dump_json(indent=2), "utf8")
    (run / START / REPORT).write_text(json.dumps(ModelReport(images=seen).as_record()), "utf8")
    flush_folder(run / START)


def is_needed(run: Run) -> bool:
    """Whether the training begins now, with the weights of a start model."""
    return (run.path / START).is_dir() and not run.checkpoints()


def model_of(run: Path) -> FaceModel:
    """The start model of a run.  Raises BundleError if it has none, or it is damaged."""
    return load_model(run / START)
