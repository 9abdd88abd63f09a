"""Bundles: written from runs, or from other models whose weights were changed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import safetensors.torch

from facedemo.config.schedule import SettingsSchedule
from facedemo.config.schema import RunConfig
from facedemo.gans.registry import config_class
from facedemo.imaging import pictures
from facedemo.pretrained import card, provenance, sampling
from facedemo.pretrained.model import BundleError, FaceModel, load_model, weights_to_share
from facedemo.pretrained.seeds import face_seeds
from facedemo.runs.directory import LOG, RunError
from facedemo.runs.evaluations import Evaluation, read_evaluations
from facedemo.runs.model_report import ModelReport, read_report
from facedemo.runs.run import Run, is_run
from facedemo.storage.atomic import appearing, append_log, replace_file
from facedemo.storage.locations import BEST_WEIGHTS, CONFIG, REPORT, WEIGHTS
from facedemo.storage.versions import versions

CURVE_POINTS = 300


def export(run: Run, out: Path, about: str = "") -> Path:
    """Writes the bundle of a run into the folder `out`, which must be new or a bundle already; returns `out`.

    The weights are those with the best evaluation during training, or the newest if there was none.  about: Markdown
    on the data, its licence and the model's limitations, for the model card.  Raises RunError if the run has no model
    yet, or `out` contains something else.
    """
    check_has_model(run)
    if is_run(out):
        raise RunError(f"{out} is a run. Choose another folder.")
    if out.exists() and any(out.iterdir()) and not (out / WEIGHTS).exists():
        raise RunError(f"{out} is not empty and is not a bundle. Choose another folder.")
    model = best_model(run)
    out.mkdir(parents=True, exist_ok=True)
    return write_bundle(out, model, final_config(run), make_report(run, model), about)


@dataclass(frozen=True)
class Original:
    """A run or a bundle as it is now: its model, and what a bundle made of it will say of it."""

    model: FaceModel
    config: RunConfig
    report: ModelReport
    about: str


def original(path: Path) -> Original:
    """Reads a run or a bundle.  Raises RunError if a run has no model yet, and BundleError as `load_model` does."""
    if is_run(path):
        run = Run(path)
        check_has_model(run)
        model = best_model(run)
        return Original(model, final_config(run), make_report(run, model), "")
    model = load_model(path)
    return Original(model, model.config.without_paths(), read_report(path), card.about_of(path))


def export_changed(original: Original, command: str, options: Mapping[str, float | str], out: Path) -> Path:
    """Writes a bundle of a model whose weights were changed since it was read, into a new folder; returns it.

    command, options: what changed them, one of `model_report.CHANGES`.
    """
    report = replace(original.report, changes=[*original.report.changes, {"command": command, **options}])
    with appearing(out) as folder:
        write_bundle(folder, original.model, original.config, report, original.about)
    return out


def check_change(command: str, path: Path, out: Path) -> None:
    """Raises ValueError if the same command changed the model of a run or bundle last, or `out` exists.

    Mending changes how a model's faces are distributed, so it can be calibrated once more, and then mended once more.
    """
    changes = read_report(path).changes
    if changes and changes[-1]["command"] == command:
        raise ValueError(
            f"`facedemo {command}` was the last to change “{path.name}”. Choose the run that it was made from, or a "
            "model that was changed in another way since."
        )
    if out.exists():
        raise ValueError(f"{out} exists already. Choose a new folder.")


def check_has_model(run: Run) -> None:
    if not run.has_model:
        raise RunError(f"“{run.name}” has no checkpoint yet. Let it train a little longer.")


def write_bundle(out: Path, model: FaceModel, config: RunConfig, report: ModelReport, about: str = "") -> Path:
    """Writes all files of a bundle into an existing folder; returns the folder."""
    config = config.model_copy(update={"name": out.name})
    weights = weights_to_share(model.family)
    if not model.has_discriminator:
        weights = {name: tensor for name, tensor in weights.items() if not name.startswith("discriminator.")}
    metadata = model.trained.as_metadata() if model.trained else None
    replace_file(out / WEIGHTS, safetensors.torch.save(weights, metadata))
    replace_file(out / CONFIG, config.model_dump_json(indent=2) + "\n")
    model = load_model(out)  # the exported weights, as recipients will load them
    replace_file(out / REPORT, json.dumps(report.as_record(), indent=1) + "\n")
    replace_file(out / "curves.png", card.draw_curves(report.curves, config_class(config.family).metrics))
    faces = pictures.grid(sampling.generate(model, face_seeds(0, 64)))
    replace_file(out / "samples.png", pictures.png(faces, model=out.name, seed=0, count=64, scale=1.0))
    replace_file(out / "README.md", card.write_card(out, config, report, about.strip() or card.NO_ABOUT))
    return out


def best_model(run: Run) -> FaceModel:
    """The model with the best weights of a run, or with the newest if there are none or they are damaged."""
    best = run.path / BEST_WEIGHTS
    try:
        return load_model(run.path, best if best.exists() else None)
    except BundleError as error:
        if not best.exists():
            raise
        append_log(run.path / LOG, f"The newest weights are exported. {error}")
        return load_model(run.path)


def final_config(run: Run) -> RunConfig:
    """The run's settings including all changes made while it trained, with file names instead of paths."""
    schedule = SettingsSchedule(run.config, run.setting_changes())
    schedule.replay()
    return schedule.config.without_paths()


def make_report(run: Run, model: FaceModel) -> ModelReport:
    metrics, status, steering = run.metrics(), run.status, run.setting_changes()
    changed = {name for change in steering for name in change.changes}
    every = max(1, len(metrics.get("step", [])) // CURVE_POINTS)
    return ModelReport(
        # of the weights, if their file says so: a run in training may be ahead of them
        iterations=model.trained.iterations if model.trained else status.step,
        images=model.trained.images if model.trained else status.images,
        chosen_by=evaluation_of(run, model),
        images_before=provenance.images_before(run.path),
        minutes=round(status.seconds / 60, 1),
        parameters={
            network: sum(p.numel() for p in getattr(model.family, network).parameters())
            for network in ("generator", "discriminator")
        },
        steering=steering,
        started_with={name: value for name, value in run.config.model.model_dump().items() if name in changed},
        versions=versions("facedemo", "torch"),
        last={name: values[-1] for name, values in metrics.items() if values},
        curves={name: thinned(values, every) for name, values in metrics.items()},
    )


def evaluation_of(run: Run, model: FaceModel) -> Evaluation | None:
    """The evaluation of these very weights during training, if there was one."""
    step = model.trained.iterations if model.trained else -1
    return next((evaluation for evaluation in read_evaluations(run.path) if evaluation.step == step), None)


def thinned(values: Sequence[float], every: int) -> list[float]:
    """The means of `every` consecutive values, with four significant digits."""
    stretches = (values[start : start + every] for start in range(0, len(values), every))
    return [float(f"{sum(stretch) / len(stretch):.4g}") for stretch in stretches]
