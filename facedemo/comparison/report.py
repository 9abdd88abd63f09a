"""The report of a comparison: a self-contained HTML file, Markdown with pictures, and numbers as JSON."""

import base64
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from facedemo.comparison.gather import SIDE, ComparedModel, Comparison
from facedemo.comparison.race import pace_note
from facedemo.evaluation.table import MEASURES, NOTHING, table
from facedemo.gans.registry import config_class
from facedemo.imaging import pictures
from facedemo.pretrained import card
from facedemo.storage.atomic import replace_file

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HTML, MARKDOWN, NUMBERS = "report.html", "report.md", "report.json"
FIGURES = {64: "Fig. 3", 128: "Fig. 4"}  # of the paper, by the size of its model's images
COLOURS = ("#2b83c4", "#d9730d", "#2a9d6f", "#b565a7")
MINUTE = 60.0  # seconds


def files(comparison: Comparison) -> dict[str, bytes]:
    """The report as files by name: HTML, Markdown, JSON and the PNG pictures of the Markdown."""
    pictures = {**grids(comparison), **curves(comparison)}
    facts = context(comparison, pictures)
    html = template("report.html.jinja").render(**facts, image=lambda name: data_uri(pictures[name]))
    text = template("report.md.jinja").render(**facts)
    numbers = json.dumps(as_json(comparison), indent=1, ensure_ascii=False)
    return {HTML: html.encode(), MARKDOWN: text.encode(), NUMBERS: (numbers + "\n").encode(), **pictures}


def write(comparison: Comparison, out: Path) -> Path:
    """Writes the report into the folder `out`; returns its HTML file."""
    out.mkdir(parents=True, exist_ok=True)
    for name, content in files(comparison).items():
        replace_file(out / name, content)
    return out / HTML


def packed(comparison: Comparison) -> bytes:
    """The report as a ZIP with one folder."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files(comparison).items():
            archive.writestr(f"comparison/{name}", content)
    return buffer.getvalue()


@cache
def template(name: str) -> Template:
    environment = Environment(
        loader=PackageLoader("facedemo.comparison", "templates"),
        autoescape=name.endswith(".html.jinja"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["cell"] = lambda text: text.replace("|", r"\|")  # of a table in Markdown
    return environment.get_template(name)


def data_uri(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def grids(comparison: Comparison) -> dict[str, bytes]:
    """PNG pictures by name: all faces of each model, and its first SIDE faces for the side-by-side view."""
    sheets = {}
    for model, stem in zip(comparison.models, comparison.stems.values(), strict=True):
        facts = {"model": model.model, "seed": comparison.seed, "scale": 1.0}
        for name, faces in (("faces", model.faces), ("side", model.faces[:SIDE])):
            sheet = pictures.png(pictures.grid(faces), **facts, count=len(faces))
            sheets[f"{name}-{stem}.png"] = sheet
    return sheets


def curves(comparison: Comparison) -> dict[str, bytes]:
    """PNG charts by name: losses and balance of each model over its training, and charts that compare all models."""
    pictures = {}
    for model, stem in zip(comparison.models, comparison.stems.values(), strict=True):
        if model.training.curves.get("step"):
            labels = config_class(model.config.family).metrics
            pictures[f"curves-{stem}.png"] = card.draw_curves(model.training.curves, labels)
    if any(model.evaluations for model in comparison.models):
        pictures["detection.png"] = draw_detection(comparison)
    if comparison.kind == "sweep" and sum(model.evaluation is not None for model in comparison.models) > 1:
        pictures["sweep.png"] = draw_sweep(comparison)
    return pictures


def draw_detection(comparison: Comparison) -> bytes:
    """The detection rate of the models during training, over minutes and over images."""
    figure, panels = panes(2)
    for axes, (column, unit, axis_label) in zip(
        panels, (("seconds", MINUTE, "minutes of training"), ("images", 1.0, "real images seen")), strict=True
    ):
        for model, colour in zip(comparison.models, COLOURS * len(comparison.models), strict=False):
            rows = model.evaluations
            times = [getattr(row, column) / unit for row in rows]
            axes.plot(times, [100 * row.share for row in rows], label=model.name, color=colour, marker=".")
        axes.set(xlabel=axis_label, ylabel="faces detected, %", ylim=(-2, 102))
        axes.grid(alpha=0.3)
        axes.legend()
    return as_png(figure)


def draw_sweep(comparison: Comparison) -> bytes:
    """Quality against diversity: one point per γ, with its 95 % interval."""
    rows = {model.name: model.evaluation.rows[0] for model in comparison.models if model.evaluation}
    measures = {"distinct people": lambda row: row.people or None, "Fréchet face distance": lambda row: row.distance}
    panels_shown = {
        axis_label: of for axis_label, of in measures.items() if all(of(row) is not None for row in rows.values())
    }
    figure, panels = panes(len(panels_shown))
    for axes, (axis_label, of) in zip(panels, panels_shown.items(), strict=True):
        for name, row in rows.items():
            share = 100 * (1 - row.undetected.share)
            ends = [[share - 100 * (1 - row.undetected.high)], [100 * (1 - row.undetected.low) - share]]
            axes.errorbar(of(row), share, yerr=ends, fmt="o", color=COLOURS[0], capsize=3)
            axes.annotate(name, (of(row), share), xytext=(6, 4), textcoords="offset points")
        axes.set(xlabel=axis_label, ylabel="faces detected, %")
        axes.margins(x=0.15)
        axes.grid(alpha=0.3)
    return as_png(figure)


def panes(count: int) -> "tuple[Figure, list[Axes]]":
    from matplotlib.figure import Figure  # takes long to load, and only static charts need it

    figure = Figure(figsize=(5 * count, 3.4), layout="constrained")
    return figure, list(figure.subplots(1, count, squeeze=False)[0])


def as_png(figure: "Figure") -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=80)
    return buffer.getvalue()


def context(comparison: Comparison, pictures: Mapping[str, bytes]) -> dict[str, Any]:
    """The variables of the templates."""
    head, rows = table({model.name: model.evaluation for model in comparison.models})
    return {
        "comparison": comparison,
        "head": head,
        "rows": rows,
        "about": {title: meaning for title, (_, meaning) in MEASURES.items()},
        "evaluated": next((model.evaluation for model in comparison.models if model.evaluation), None),
        "trainings": trainings(comparison),
        "pace": pace_note({model.name: pace(model) for model in comparison.models}),
        "settings": settings(comparison),
        "figure": lambda model: FIGURES.get(model.config.model.size, ""),
        "file": comparison.stems.get,
        "pictures": pictures,
        "title_of": lambda model: config_class(model.config.family).title,
        "side": SIDE,
    }


def trainings(comparison: Comparison) -> list[list[str]]:
    """One row per model: the cost of its training and its last metrics."""
    return [training(model) for model in comparison.models]


def pace(model: ComparedModel) -> tuple[int, float]:
    """Real images seen in this training, and its seconds."""
    return model.training.images or 0, 60 * (model.training.minutes or 0.0)


def training(model: ComparedModel) -> list[str]:
    report, speed = model.training, model.images_per_second
    last, labels = report.last, config_class(model.config.family).metrics
    seen = [report.images_before, report.images]
    return [
        model.name,
        f"{report.iterations:,}" if report.iterations is not None else NOTHING,
        " + ".join(f"{count:,}" for count in seen if count) or NOTHING,
        f"{report.minutes:g}" if report.minutes is not None else NOTHING,
        f"{speed:,.0f}" if speed else NOTHING,
        " + ".join(f"{count:,}" for count in report.parameters.values()) or NOTHING,
        ", ".join(f"{label} {last[name]:.3g}" for name, label in labels.items() if name in last) or NOTHING,
    ]


def settings(comparison: Comparison) -> list[list[str]]:
    """One row per setting, with the value of each model; settings for a run's book-keeping are omitted."""
    columns = []
    for model in comparison.models:
        config = model.config.model_dump()
        columns.append(
            {"family": config["family"], **config["model"]}
            | {f"data {name}": value for name, value in config["data"].items()}
            | {f"budget {name}": value for name, value in config["budget"].items() if value is not None}
            | {name: value for name, value in config["training"].items() if value is not None}
        )
    names = dict.fromkeys(name for column in columns for name in column)
    return [[name, *(str(column.get(name, NOTHING)) for column in columns)] for name in names]


def as_json(comparison: Comparison) -> dict[str, Any]:
    """All numbers of the report."""
    return {
        "title": comparison.title,
        "kind": comparison.kind,
        "seed": comparison.seed,
        "commands": comparison.commands,
        "versions": dict(comparison.versions),
        "contenders": [
            {
                "name": model.name,
                "model": model.model,
                "config": model.config.model_dump(mode="json"),
                "images_per_second": model.images_per_second,
                "training": model.training.as_record(),
                "evaluations": [asdict(row) for row in model.evaluations],
                "evaluation": model.evaluation.as_json() if model.evaluation else None,
            }
            for model in comparison.models
        ],
    }
