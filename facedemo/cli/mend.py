"""The command that mends a model's faces."""

from pathlib import Path
from typing import Annotated

import typer

from facedemo.cli.terminal import RUNS, RunsDir, bars
from facedemo.evaluation import mending
from facedemo.pretrained import bundles
from facedemo.pretrained.model import find_model

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
        typer.Option(
            help="Number of its own images that the generator is trained on; measuring takes as long as 100,000.", min=1
        ),
    ] = mending.IMAGES,
    strength: Annotated[
        float,
        typer.Option(
            help="Share of the way to the trained weights: lower values keep more of the faces' variety, and leave "
            "more of them torn."
        ),
    ] = 1.0,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Train a generator on its own faces, so that fewer of them are torn.

    Needs no images: where a small change of the latent changes a face much, the generator learns to draw a steadier
    face of a latent nearby. Most faces hardly change, but they vary a little less, so calibrate the mended model.
    Directions learned from labels are not taken over: learn them again for the new model.
    """
    folder = find_model(model, runs_dir)
    bundles.check_change("mend", folder, out)
    original = bundles.original(folder)
    with bars() as steps:
        mended = mending.mend(original.model, images, strength, steps)
    typer.echo(bundles.export_changed(original, "mend", {"images": images, "strength": strength}, out))
    typer.echo(
        f"Steadiness of its faces: {mended.before:.2f} before, {mended.after:.2f} after. Look at samples.png of both.",
        err=True,
    )
