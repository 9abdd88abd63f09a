"""Exports a run as a bundle: weights, settings and a model card."""

import io
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import safetensors.torch

from facedemo.config.schedule import SettingsSchedule
from facedemo.config.schema import RunConfig
from facedemo.gans.registry import config_class
from facedemo.imaging import pictures
from facedemo.pretrained import provenance, sampling
from facedemo.pretrained.model import BundleError, FaceModel, load_model, weights_to_share
from facedemo.pretrained.seeds import face_seeds
from facedemo.runs.directory import LOG, RunError
from facedemo.runs.evaluations import Evaluation, read_evaluations
from facedemo.runs.model_report import CHANGES, ModelReport, read_report
from facedemo.runs.run import Run, is_run
from facedemo.storage.atomic import appearing, append_log, replace_file
from facedemo.storage.locations import BEST_WEIGHTS, CONFIG, REPORT, WEIGHTS
from facedemo.storage.versions import versions

CURVE_POINTS = 300
COLUMNS = 4  # settings per row of the card's table
ABOUT, MEASURED = "## Data, licence, limits", "## How good it is"
NO_ABOUT = "The author of this model did not describe its data, licence and limitations."


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
    return Original(model, model.config.without_paths(), read_report(path), about_of(path))


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
            f"`facedemo {command}` was the last to change “{path.name}” already. Use the model that it was made from."
        )
    if out.exists():
        raise ValueError(f"{out} exists already. Choose a new folder.")


def check_has_model(run: Run) -> None:
    if not run.has_model:
        raise RunError(f"“{run.name}” has no checkpoint yet. Let it train a little longer.")


def about_of(folder: Path) -> str:
    """The text on data and limitations on a bundle's card; "" if there is none."""
    with suppress(OSError, UnicodeDecodeError):
        section = re.search(
            f"{re.escape(ABOUT)}\n\n(.*?)\n\n({MEASURED}|## Training)\n",
            (folder / "README.md").read_text("utf8"),
            re.DOTALL,
        )
        return section[1] if section else ""
    return ""


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
    replace_file(out / "curves.png", draw_curves(report.curves, config_class(config.family).metrics))
    faces = pictures.grid(sampling.generate(model, face_seeds(0, 64)))
    replace_file(out / "samples.png", pictures.png(faces, model=out.name, seed=0, count=64, scale=1.0))
    replace_file(out / "README.md", write_card(out, config, report, about.strip() or NO_ABOUT))
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


def refresh(folder: Path, measured: str) -> None:
    """Rewrites a bundle's card with a new evaluation; the text on data and limitations stays unchanged.

    measured: Markdown, as made by `evaluation.narrative.card_section`.  Raises BundleError or ValueError if the bundle
    is damaged, or its card was not written by `export`.
    """
    about, report = about_of(folder), read_report(folder)
    if not about:
        raise ValueError(f"The model card of “{folder.name}” was not written by facedemo, so it was not changed.")
    replace_file(folder / "README.md", write_card(folder, load_model(folder).config, report, about, measured))


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


def chosen_because(report: ModelReport) -> str:
    """A sentence on the evaluation by which the weights were chosen; "" if there was none."""
    evaluation = report.chosen_by
    if evaluation is None or evaluation.distance is None:
        return ""
    return (
        "These are the weights with the smallest Fréchet face distance during training: "
        f"{evaluation.distance:.3f}, with {evaluation.detected} of {evaluation.faces} faces detected and "
        f"{evaluation.people} distinct people (on equally many real images: {evaluation.real_people}). "
    )


def changed_later(report: ModelReport) -> str:
    """A sentence on what changed the weights after the training; "" if nothing did."""
    parts = []
    for change in report.changes:
        options = "; ".join(f"{name}: {value}" for name, value in change.items() if name != "command")
        parts.append(f"`facedemo {change['command']}` {CHANGES[str(change['command'])]} ({options})")
    return f"After the training, {', then '.join(parts)}. " if parts else ""


def thinned(values: Sequence[float], every: int) -> list[float]:
    """The means of `every` consecutive values, with four significant digits."""
    stretches = (values[start : start + every] for start in range(0, len(values), every))
    return [float(f"{sum(stretch) / len(stretch):.4g}") for stretch in stretches]


def draw_curves(curves: dict[str, list[float]], labels: dict[str, str]) -> bytes:
    """A PNG with one chart of all losses (the paper's Fig. 6) and one chart per other metric, over iterations.

    Only metrics that the run has recorded are plotted.
    """
    from matplotlib.figure import Figure  # takes long to load, and only static charts need it

    recorded = [name for name in labels if curves.get(name)] or list(labels)[:1]  # a metric may be newer than the run
    losses = [name for name in recorded if name.startswith("loss_")]
    panels = [*([losses] if losses else []), *([name] for name in recorded if name not in losses)]
    figure = Figure(figsize=(4 * len(panels), 3), layout="constrained")
    for axes, names in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        for name in names:
            axes.plot(curves.get("step", []), curves.get(name, []), label=labels[name], linewidth=1)
        axes.set(xlabel="iteration", title=", ".join(labels[name] for name in names), ylim=(0, None))
        axes.grid(alpha=0.3)
        if len(names) > 1:
            axes.legend()
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=80)
    return buffer.getvalue()


def write_card(folder: Path, config: RunConfig, report: ModelReport, about: str, measured: str = "") -> str:
    name, family = folder.name, config_class(config.family)
    settings = config.model_dump()
    cells = [f"{key} | {value}" for part in ("model", "training") for key, value in settings[part].items()]
    cells += [f"data {key} | {str(value).replace(chr(10), ', ')}" for key, value in settings["data"].items()]
    cells += [" | "] * (-len(cells) % COLUMNS)
    rows = [f"| {' | '.join(cells[at : at + COLUMNS])} |" for at in range(0, len(cells), COLUMNS)]
    section = f"{MEASURED}\n\n{measured}\n\n" if measured else ""
    return f"""---
library_name: facedemo
license: other
tags: [gan, faces, {config.family}]
---

# {name}

{family.title}: faces of {config.model.size}×{config.model.size} pixels. {family.paper}.

![64 faces of seed 0](samples.png)

`facedemo generate --model {name} --seed 0 --count 64 --out samples.png` generates this image.

{ABOUT}

{about.strip()}

{section}## Training

{training_facts(report)}

![Curves over the training](curves.png)

{chosen_because(report)}{changed_later(report)}The data of the curves is in `report.json`. {changed_settings(report)}

{"| setting | value " * COLUMNS}|
{"| --- | --- " * COLUMNS}|
{chr(10).join(rows)}
"""


def training_facts(report: ModelReport) -> str:
    if report.iterations is None:
        return "It is not known how long this model was trained."
    before, networks = report.images_before, report.parameters
    after = f", after the {before:,} images of the model that it started from" if before else ""
    return (
        f"{report.iterations:,} iterations, {report.images or 0:,} real images seen, {report.minutes or 0:g} minutes"
        f"{after}.\n{networks.get('generator', 0):,} parameters in the generator, "
        f"{networks.get('discriminator', 0):,} in the discriminator."
    )


def changed_settings(report: ModelReport) -> str:
    """Markdown on the settings that were changed during training."""
    if not report.steering:
        return "No settings were changed during training."
    began = f" It began with {listed(report.started_with)}." if report.started_with else ""
    steps = [f"- iteration {change.step:,}: {listed(change.changes)}" for change in report.steering]
    return "\n".join([f"Settings were changed during training; the table shows the last ones.{began}", "", *steps])


def listed(settings: Mapping[str, float]) -> str:
    """ "gamma = 0.7, decay = 0.9"."""
    return ", ".join(f"{name} = {value:g}" for name, value in settings.items())
