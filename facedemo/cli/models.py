"""Commands that draw from models and make bundles of them."""

from pathlib import Path
from typing import Annotated

import typer

from facedemo.cli.terminal import RUNS, RunName, RunsDir
from facedemo.imaging import pictures
from facedemo.pretrained import archive, sampling
from facedemo.pretrained.card import export
from facedemo.pretrained.model import find_model, load_model
from facedemo.pretrained.seeds import face_seeds
from facedemo.runs.run import find_run
from facedemo.storage.atomic import replace_file

app = typer.Typer()


@app.command()
def generate(
    model: Annotated[str, typer.Option(help="A bundled model's name, a bundle's folder, or a run.")] = "ours-64",
    seed: Annotated[int, typer.Option(help="Seed of the first face; the others' seeds are drawn from it.")] = 0,
    count: Annotated[int, typer.Option(help="How many faces.", min=1, max=100_000)] = 64,
    scale: Annotated[float, typer.Option(help="Latent scale: below 1 more average, above 1 more extreme.")] = 1.0,
    out: Annotated[Path, typer.Option(help="Where the grid is written (PNG).")] = Path("faces.png"),
    each: Annotated[Path | None, typer.Option(help="Folder for one PNG a face, named by its seed.")] = None,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Draw faces: the same seed gives the same face on every machine."""
    drawn = load_model(find_model(model, runs_dir))
    seeds = face_seeds(seed, count)
    faces = sampling.generate(drawn, seeds, scale)
    out.parent.mkdir(parents=True, exist_ok=True)
    replace_file(out, pictures.png(pictures.grid(faces), model=drawn.name, seed=seed, count=count, scale=scale))
    typer.echo(out)
    if each is not None:
        each.mkdir(parents=True, exist_ok=True)
        for face, own in zip(faces, seeds, strict=True):
            replace_file(each / f"{own}.png", pictures.png(face, model=drawn.name, seed=own, scale=scale))
        typer.echo(each)


@app.command()
def bundle(
    run: RunName,
    out: Annotated[Path, typer.Option(help="Folder to write, such as checkpoints/mine.")],
    about: Annotated[Path | None, typer.Option(help="Markdown file on the data, its licence and the limits.")] = None,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Make a model to share out of a run: weights, settings, model card, curves and report."""
    typer.echo(export(find_run(run, runs_dir), out, about.read_text("utf8") if about else ""))


@app.command(name="export")
def export_zip(
    what: Annotated[str, typer.Argument(help="A run, a bundled model's name, or a bundle's folder.", metavar="MODEL")],
    out: Annotated[Path, typer.Option(help="ZIP file to write.")],
    checkpoints: Annotated[
        bool, typer.Option("--checkpoints", help="With what training goes on from: large, and pickles.")
    ] = False,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Pack a run or a model into a ZIP: settings, metrics, samples, notes, log, TensorBoard events and weights."""
    typer.echo(archive.write(find_model(what, runs_dir), out, checkpoints))


@app.command(name="import")
def import_model(
    file: Annotated[Path, typer.Argument(help="ZIP of a model or a run, as `facedemo export` makes them.")],
    name: Annotated[str, typer.Option(help="What to call the model; it keeps its own name without one.")] = "",
) -> None:
    """Take the model out of a ZIP and put it among the bundled ones; only safetensors, never a pickle."""
    typer.echo(archive.take(file, name))
