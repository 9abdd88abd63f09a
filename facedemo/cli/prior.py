"""The command that learns a prior for a trained model."""

from pathlib import Path
from typing import Annotated

import typer

from facedemo.cli.terminal import RUNS, RunsDir, bars
from facedemo.pretrained.model import find_model
from facedemo.training import latent_prior

app = typer.Typer(add_completion=False)


@app.command()
def prior(
    model: Annotated[str, typer.Argument(help="A run, a bundled model's name, or a bundle's folder.", metavar="MODEL")],
    out: Annotated[Path, typer.Option(help="Output folder of the new bundle, such as checkpoints/mine.")],
    data: Annotated[
        list[str] | None,
        typer.Option(
            help="The model's training images (repeatable); by default, where its settings say that they are.",
            metavar="SOURCE",
        ),
    ] = None,
    steps: Annotated[int, typer.Option(help="Optimiser steps.", min=1)] = latent_prior.STEPS,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Learn where the codes of a model's training images lie, and write a bundle that draws its faces from there.

    For models of the paper's family, whose discriminator has an encoder; the networks themselves stay as they are.
    It takes about 15 minutes on two cores. The faces of all seeds change, so evaluate the new bundle with `verify`.
    """
    source = "\n".join(data) if data else None
    with bars() as report:
        path, fitted = latent_prior.with_prior(find_model(model, runs_dir), source, out, steps, report)
    typer.echo(
        f"Flow-matching loss of held-out codes: {fitted.loss:.4f} after {fitted.step:,} steps; "
        f"{fitted.start_loss:.4f} before, as for a normal distribution."
    )
    typer.echo(path)
