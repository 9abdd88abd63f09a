"""Commands that prepare images to train on."""

from pathlib import Path
from typing import Annotated

import typer

from facedemo.cli.options import Size
from facedemo.cli.terminal import check_suffix, finite, progress_bar
from facedemo.config.presets import fitting_preset
from facedemo.data import personal
from facedemo.data.celeba import sort_people
from facedemo.data.findings import GRID_COLUMNS, SHOWN, examine
from facedemo.data.preparation import Crop
from facedemo.data.preparation import prepare as prepare_images
from facedemo.data.splits import known_people
from facedemo.imaging.pictures import PICTURES, grid, picture_file
from facedemo.storage.atomic import replace_file

app = typer.Typer(help="Prepare images to train on.", no_args_is_help=True, add_completion=False)


Source = Annotated[str, typer.Argument(help="Images: a folder, a .zip or .tar of one, or a CelebA folder.")]
Cropping = Annotated[Crop, typer.Option(help="How to crop images; face finds every face in a photo.")]
PAIRS = 5  # near-copies that are named


@app.command()
def prepare(
    source: Source,
    size: Size = 64,
    crop: Cropping = "auto",
    skipped: Annotated[bool, typer.Option(help="List the skipped files with the reasons.")] = False,
) -> None:
    """Decode images into the cache once, so that runs start immediately."""
    with progress_bar("images") as progress:
        faces = prepare_images(source, size, crop, progress)
    typer.echo(faces.summary())
    typer.echo(known_people(faces.names, source).basis)
    if skipped:
        for name, reason in faces.skipped:
            typer.echo(f"{name}: {reason}")


@app.command()
def check(
    source: Source,
    size: Size = 64,
    crop: Cropping = "auto",
    out: Annotated[
        Path | None, typer.Option(help=f"Write {SHOWN} of the images, as the networks see them, to this PNG or JPEG.")
    ] = None,
) -> None:
    """Check images before a training: count, blur, near-copies, and the preset that fits.

    The images are prepared first, as `data prepare` does it; nothing else is stored.
    """
    if out:
        check_suffix(out, PICTURES)
    with progress_bar("images") as progress:
        faces = prepare_images(source, size, crop, progress)
    findings = examine(faces)
    typer.echo(f"{faces.summary()}\n{findings.summary()}")
    for row, earlier in findings.copies[:PAIRS]:
        typer.echo(f"  {faces.names[row]} looks like {faces.names[earlier]}")
    for warning in findings.warnings:
        typer.echo(f"Warning: {warning}")
    preset, why = fitting_preset(findings.count)
    typer.echo(f"Preset: {preset}. {why}")
    if out:
        image = grid(faces.images[findings.shown], GRID_COLUMNS)
        replace_file(out, picture_file(image, out.suffix, images=len(findings.shown), size=size, crop=crop))
        typer.echo(out)


@app.command()
def purge(
    older_than: Annotated[
        float, typer.Option(help="Remove only what is at least this many days old.", min=0.0, callback=finite)
    ] = 0.0,
) -> None:
    """Remove uploaded images and face embeddings from this computer.

    The app removes what is older than 30 days by itself; FACEDEMO_KEEP_DAYS sets another number.
    """
    typer.echo(f"Removed: {personal.purge(older_than).summary()}.")


@app.command()
def people(
    celeba: Annotated[Path, typer.Argument(help="CelebA's folder or archive, with identity_CelebA.txt.")],
    out: Annotated[Path, typer.Argument(help="Output folder for the CSV files and one folder per person.")],
) -> None:
    """Prepare CelebA as in the paper: its lists as CSV, and its images in one folder per person."""
    with progress_bar("images") as progress:
        report = sort_people(celeba, out, progress)
    typer.echo(report.summary())
