"""The command that mends a model's faces."""

from pathlib import Path
from typing import Annotated

import typer

from facedemo.cli.terminal import RUNS, RunsDir, bars
from facedemo.evaluation import mending
from facedemo.pretrained import bundles
from facedemo.pretrained.model import find_model
from facedemo.training import device

app = typer.Typer(add_completion=False)


@app.command()
def mend(
    model: Annotated[
        str,
        typer.Argument(
            help="A run, or a bundle's name or folder, unless mending was the last change to it.", metavar="MODEL"
        ),
    ],
    out: Annotated[Path, typer.Option(help="Output folder for the mended model, such as checkpoints/mine.")],
    images: Annotated[
        int,
        typer.Option(help="Number of its own images that the generator is trained on.", min=1),
    ] = mending.IMAGES,
    strength: Annotated[
        float,
        typer.Option(
            help="Share of the way to the trained weights: lower values keep more of the faces' variety, and leave "
            "more of them broken."
        ),
    ] = 1.0,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Train a generator on its own faces, so that fewer of them are broken.

    Needs no images: a judge, which learned from faces that were graded by eye, says how broken each face looks, and the
    generator learns to draw a better face of a latent nearby. Good faces hardly change. Directions learned from labels
    are not taken over: learn them again for the new model.
    """
    folder = find_model(model, runs_dir)
    bundles.check_change("mend", folder, out)
    original = bundles.original(folder)
    with bars() as steps:
        half = device.precision("auto") == device.BF16
        mended = mending.mend(original.model, images, strength, half, steps)
    typer.echo(bundles.export_changed(original, "mend", {"images": images, "strength": strength}, out))
    typer.echo(
        f"The judge's mean grade of its faces, from 0 (convincing) to 2 (broken): {mended.before:.2f} before, "
        f"{mended.after:.2f} after. Look at samples.png of both.",
        err=True,
    )
