"""Commands that prepare images to train on."""

from pathlib import Path
from typing import Annotated

import typer

from facedemo.cli.terminal import progress_bar
from facedemo.data.celeba import sort_people
from facedemo.data.preparation import prepare as prepare_images
from facedemo.data.splits import known

app = typer.Typer(help="Prepare images to train on.", no_args_is_help=True, add_completion=False)


@app.command()
def prepare(
    source: Annotated[str, typer.Argument(help="Folder of images, .zip or .tar of one, or CelebA folder.")],
    size: Annotated[int, typer.Option(help="Side of the images: 32, 64 or 128 pixels.")] = 64,
    crop: Annotated[str, typer.Option(help="auto, tight, wide or square.")] = "auto",
    skipped: Annotated[bool, typer.Option(help="List the files that were skipped, with the reason.")] = False,
) -> None:
    """Decode images once into the cache, so that trainings start at once."""
    with progress_bar("images") as progress:
        faces = prepare_images(source, size, crop, progress)
    typer.echo(faces.summary())
    typer.echo(known(faces.names, source).basis)
    if skipped:
        for name, reason in faces.skipped:
            typer.echo(f"{name}: {reason}")


@app.command()
def people(
    celeba: Annotated[Path, typer.Argument(help="CelebA's folder or archive, with identity_CelebA.txt.")],
    out: Annotated[Path, typer.Argument(help="Folder to write the CSV files and one folder a person into.")],
) -> None:
    """Prepare CelebA as the paper does: its lists as CSV, its images in one folder a person."""
    with progress_bar("images") as progress:
        report = sort_people(celeba, out, progress)
    typer.echo(report.summary())
