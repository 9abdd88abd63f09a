"""Commands that generate faces and export runs as models."""

from pathlib import Path
from typing import Annotated

import typer

from facedemo.cli.terminal import RUNS, RunName, RunsDir, check_folder, check_suffix, text_of
from facedemo.imaging import pictures
from facedemo.pretrained import archive, sampling
from facedemo.pretrained.bundles import export
from facedemo.pretrained.model import find_model, load_model
from facedemo.pretrained.seeds import face_seeds
from facedemo.runs.run import find_run
from facedemo.storage.atomic import replace_file

app = typer.Typer(add_completion=False)


@app.command()
def generate(
    model: Annotated[str, typer.Option(help="A bundled model's name, a bundle's folder, or a run.")] = "ours-64",
    seed: Annotated[int, typer.Option(help="Seed of the first face; the other faces' seeds are derived from it.")] = 0,
    count: Annotated[int, typer.Option(help="Number of faces.", min=1, max=100_000)] = 64,
    scale: Annotated[
        float, typer.Option(help="Factor on the latents: below 1, paler or more average faces; above 1, harsher ones.")
    ] = 1.0,
    out: Annotated[Path, typer.Option(help="Output file for the grid, .png or .jpg.")] = Path("faces.png"),
    each: Annotated[Path | None, typer.Option(help="Folder for one PNG per face, named after its seed.")] = None,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Generate faces; the same seed gives the same face on every machine."""
    check_suffix(out, pictures.PICTURES)
    if each is not None:
        check_folder(each)
    loaded = load_model(find_model(model, runs_dir))
    seeds = face_seeds(seed, count)
    faces = sampling.generate(loaded, seeds, scale)
    out.parent.mkdir(parents=True, exist_ok=True)
    facts = {"model": loaded.name, "seed": seed, "count": count, "scale": scale}
    replace_file(out, pictures.picture_file(pictures.grid(faces), out.suffix, **facts))
    typer.echo(out)
    if each is not None:
        each.mkdir(parents=True, exist_ok=True)
        for face, own in zip(faces, seeds, strict=True):
            replace_file(each / f"{own}.png", pictures.png(face, model=loaded.name, seed=own, scale=scale))
        typer.echo(each)


@app.command()
def bundle(
    run: RunName,
    out: Annotated[Path, typer.Option(help="Output folder, such as checkpoints/mine.")],
    about: Annotated[
        Path | None,
        typer.Option(help="Markdown file on the data, its licence and the model's limitations, for the model card."),
    ] = None,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Export a run as a shareable model: weights, settings, model card, curves and report."""
    typer.echo(export(find_run(run, runs_dir), out, text_of(about) if about else ""))


@app.command(name="export")
def export_zip(
    what: Annotated[str, typer.Argument(help="A run, a bundled model's name, or a bundle's folder.", metavar="MODEL")],
    out: Annotated[Path, typer.Option(help="Output ZIP file.")],
    checkpoints: Annotated[
        bool, typer.Option("--checkpoints", help="Include training checkpoints (large; pickle files).")
    ] = False,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Pack a run or a model into a ZIP: settings, metrics, samples, notes, log, TensorBoard events and weights."""
    check_suffix(out, (".zip",))
    typer.echo(archive.export_zip(find_model(what, runs_dir), out, checkpoints))


@app.command(name="import")
def import_model(
    file: Annotated[Path, typer.Argument(help="ZIP of a model or a run, made by `facedemo export`.")],
    name: Annotated[str, typer.Option(help="Name for the model; default: its own name.")] = "",
) -> None:
    """Import the model in a ZIP; weights must be safetensors, pickles are refused."""
    typer.echo(archive.import_zip(file, name))
