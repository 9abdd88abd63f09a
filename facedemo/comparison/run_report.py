"""What a run leaves to show: a page with everything about it, and a card for a slide or a message."""

import io
import textwrap
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from facedemo.comparison import gather, report
from facedemo.comparison.commands import train_command
from facedemo.config.schema import BUILTIN_SOURCE, amount
from facedemo.data.source_files import file_names
from facedemo.evaluation.report import load_evaluation, percent
from facedemo.gans.registry import config_class
from facedemo.imaging.pictures import grid, picture_file
from facedemo.pretrained import sampling
from facedemo.pretrained.bundles import final_config
from facedemo.pretrained.model import load_model
from facedemo.pretrained.seeds import face_seeds
from facedemo.runs.directory import RunError
from facedemo.runs.evaluations import best, read_evaluations
from facedemo.runs.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT, DPI = 1200, 630, 100  # what social media and messengers show of a link
ROWS, COLUMNS, LEFT = 4, 5, 0.62  # faces; where the words begin, as a share of the width
BACKGROUND, TEXT, FAINT, LINE = "#101716", "#f0f4f3", "#a3b0ae", "#2b83c4"


def verdict(run: Run) -> str:
    """How good the run is, in a sentence: as evaluated after it, or at its best during it; "" if it was not."""
    if evaluation := load_evaluation(run.path):
        row, real = evaluation.generated, evaluation.real
        detected = f"{percent(1 - row.undetected.share)} of {amount(row.undetected.of, 'faces')} are detected"
        people = (row.people_matched_n, real.people_matched_n) if real and row.faces else (None, None)
        return in_a_sentence(detected, *people, row.distance)
    evaluations = read_evaluations(run.path)
    chosen = best(evaluations) or (evaluations[-1] if evaluations else None)
    if chosen is None:
        return ""
    detected = f"{percent(chosen.share)} of {amount(chosen.faces, 'faces')} were detected"
    return in_a_sentence(
        f"At iteration {chosen.step:,}, {detected}", chosen.people, chosen.real_people, chosen.distance
    )


def in_a_sentence(detected: str, people: int | None, real_people: int | None, distance: float | None) -> str:
    """What was detected, and how varied it is, because the detection rate alone says little."""
    parts = [detected]
    if people and real_people:
        share = percent(people / real_people, digits=0)
        parts.append(f"they show {share} as many different people as equally many real images")
    if distance is not None:
        parts.append(f"their Fréchet face distance to real faces is {distance:.3f}")
    return f"{'; '.join(parts)}."


def page(run: Run) -> bytes:
    """Samples, curves, settings, verdict and commands in one HTML file.  Raises RunError if there are no weights."""
    if not run.has_model:
        raise RunError(f"“{run.name}” has saved no weights yet. Let it train a little longer.")
    comparison = gather.gather(
        {run.name: run.path}, title=run.name, about=about(run), kind=gather.RUN, command=train_command(run.config)
    )
    return report.files(comparison)[report.HTML]


def about(run: Run) -> str:
    """What was trained, and the verdict."""
    config, size, images = run.config, run.config.model.size, run.status.images
    family, source = config_class(config.family).title, file_names(config.data.source)
    source = "the built-in faces" if config.data.source == BUILTIN_SOURCE else source
    told = verdict(run) or "It has not been evaluated yet; the page Verify does that."
    return f"{family}, trained on {source} at {size}×{size} for {amount(images, 'images')}. {told}"


def card(run: Run, suffix: str = ".png") -> bytes:
    """A picture of WIDTH × HEIGHT pixels: faces of the newest weights, name, training, verdict and a curve.

    suffix: as for `picture_file`.  Raises RunError if there are no weights.
    """
    from matplotlib.figure import Figure  # takes long to load, and only static charts need it

    if not run.has_model:
        raise RunError(f"“{run.name}” has saved no weights yet. Let it train a little longer.")
    faces = sampling.generate(load_model(run.path), face_seeds(0, ROWS * COLUMNS))
    figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI, facecolor=BACKGROUND)
    picture = figure.add_axes((0.03, 0.06, 0.56, 0.88))
    picture.imshow(np.asarray(grid(faces, COLUMNS, padding=0)), interpolation="bicubic")
    picture.set_axis_off()
    figure.text(LEFT, 0.93, shortened(run.name, 34), size=24, color=TEXT, va="top", parse_math=False)
    figure.text(LEFT, 0.83, "\n".join(card_facts(run)), size=15, color=FAINT, va="top", linespacing=1.5)
    figure.text(LEFT, 0.62, textwrap.fill(verdict(run), 44), size=14, color=TEXT, va="top", linespacing=1.5)
    draw_curve(figure.add_axes((LEFT, 0.15, 0.97 - LEFT, 0.2)), run)
    figure.text(LEFT, 0.05, "None of these people exist. Made with facedemo.", size=11, color=FAINT)
    file = io.BytesIO()
    figure.savefig(file, format="png", facecolor=BACKGROUND)
    return picture_file(Image.open(file).convert("RGB"), suffix, run=run.name)


def shortened(text: str, letters: int) -> str:
    return text if len(text) <= letters else f"{text[: letters - 1]}…"


def card_facts(run: Run) -> list[str]:
    config, status = final_config(run), run.status
    gamma = getattr(config.model, "gamma", None)
    lines = [
        f"{config_class(config.family).title}, {config.model.size}×{config.model.size}",
        f"γ = {gamma:g}" if gamma is not None else "",
        f"{amount(status.images, 'images')}, {status.seconds / 60:,.1f} minutes",
    ]
    return [line for line in lines if line]


def draw_curve(axes: "Axes", run: Run) -> None:
    """The family's first metric over the images seen."""
    metrics, labels = run.metrics(), config_class(run.config.family).metrics
    name = next((name for name in labels if metrics.get(name)), None)
    axes.set_axis_off()
    if name is not None:
        axes.plot(metrics["images"], metrics[name], color=LINE, linewidth=2)
        axes.set_title(f"{labels[name]} over the training", color=FAINT, size=11, loc="left")
