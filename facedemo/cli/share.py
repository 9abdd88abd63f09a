"""Commands that make something to show of a run."""

from pathlib import Path
from typing import Annotated

import typer

from facedemo.cli.terminal import RUNS, RunName, RunsDir, check_suffix
from facedemo.explore import training_film
from facedemo.runs.run import find_run
from facedemo.storage.atomic import replace_file

app = typer.Typer()


@app.command()
def film(
    run: RunName,
    out: Annotated[Path, typer.Option(help="Output file, .mp4 or .gif.")] = Path("film.mp4"),
    runs_dir: RunsDir = RUNS,
) -> None:
    """Make a film of a training: its sample grids one after another, with iteration and γ."""
    check_suffix(out, (".mp4", ".gif"))
    made = training_film.film_file(find_run(run, runs_dir), out.suffix.lower())
    out.parent.mkdir(parents=True, exist_ok=True)
    replace_file(out, made)
    typer.echo(out)
