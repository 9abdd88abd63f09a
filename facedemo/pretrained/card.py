"""The model card of a bundle, in Markdown, and its picture of curves."""

import io
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from facedemo.config.schema import RunConfig
from facedemo.gans.registry import config_class
from facedemo.pretrained.model import load_model
from facedemo.runs.model_report import CHANGES, ModelReport, read_report
from facedemo.storage.atomic import replace_file

COLUMNS = 4  # settings per row of the card's table
ABOUT, MEASURED = "## Data, licence, limits", "## How good it is"
NO_ABOUT = "The author of this model did not describe its data, licence and limitations."


def refresh(folder: Path, measured: str) -> None:
    """Rewrites a bundle's card with a new evaluation; the text on data and limitations stays unchanged.

    measured: Markdown, as made by `evaluation.narrative.card_section`.  Raises BundleError or ValueError if the bundle
    is damaged, or its card was not written by `export`.
    """
    about, report = about_of(folder), read_report(folder)
    if not about:
        raise ValueError(f"The model card of “{folder.name}” was not written by facedemo, so it was not changed.")
    replace_file(folder / "README.md", write_card(folder, load_model(folder).config, report, about, measured))


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
        values = {name: f"{value:,}" if isinstance(value, int) else value for name, value in change.items()}
        options = "; ".join(f"{name}: {value}" for name, value in values.items() if name != "command")
        parts.append(f"`facedemo {change['command']}` {CHANGES[str(change['command'])]} ({options})")
    return f"After the training, {', then '.join(parts)}. " if parts else ""


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
