"""Commands that make something to show of a run."""

from pathlib import Path
from typing import Annotated

import typer

from facedemo.cli.terminal import RUNS, RunName, RunsDir, bars, check_suffix
from facedemo.comparison import run_report
from facedemo.explore import training_film
from facedemo.imaging.pictures import PICTURES
from facedemo.runs.run import find_run
from facedemo.storage.atomic import replace_file

app = typer.Typer(add_completion=False)


@app.command()
def film(
    run: RunName,
    out: Annotated[Path, typer.Option(help="Output file, .mp4 or .gif.")] = Path("film.mp4"),
    runs_dir: RunsDir = RUNS,
) -> None:
    """Make a film of a training: its sample grids one after another, with the iteration and, if there is one, γ."""
    check_suffix(out, (".mp4", ".gif"))
    with bars() as steps:
        content = training_film.film_file(find_run(run, runs_dir), out.suffix.lower(), steps)
    save(out, content)


@app.command()
def report(
    run: RunName,
    out: Annotated[Path, typer.Option(help="Output file, .html.")] = Path("report.html"),
    runs_dir: RunsDir = RUNS,
) -> None:
    """Write a one-page report of a run: samples, curves, settings, verdict and commands in one HTML file."""
    check_suffix(out, (".html",))
    save(out, run_report.page(find_run(run, runs_dir)))


@app.command()
def card(
    run: RunName,
    out: Annotated[Path, typer.Option(help="Output file, .png or .jpg.")] = Path("card.png"),
    runs_dir: RunsDir = RUNS,
) -> None:
    """Draw a card of a run, 1200×630 pixels: faces, settings and verdict, for a slide or a message."""
    check_suffix(out, PICTURES)
    save(out, run_report.card(find_run(run, runs_dir), out.suffix))


def save(out: Path, content: bytes) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    replace_file(out, content)
    typer.echo(out)
