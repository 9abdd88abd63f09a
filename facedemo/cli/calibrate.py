"""The command that calibrates a model's latents."""

from pathlib import Path
from typing import Annotated

import typer

from facedemo.cli.terminal import RUNS, RunsDir, bars
from facedemo.data import personal
from facedemo.data.source_files import file_names
from facedemo.evaluation.calibration import PENALTY, calibration
from facedemo.pretrained import card
from facedemo.pretrained.model import find_model, load_model
from facedemo.runs.run import Run, is_run

app = typer.Typer(add_completion=False)


@app.command()
def calibrate(
    model: Annotated[str, typer.Argument(help="A bundled model's name, a bundle's folder, or a run.", metavar="MODEL")],
    data: Annotated[
        list[str],
        typer.Option(
            help="Real images, whose train split is used: ideally the model's own training data (repeatable)."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Output folder for the calibrated model, such as checkpoints/mine.")],
    penalty: Annotated[
        float,
        typer.Option(
            help="The lower, the closer to the real faces' distribution; the higher, the fewer distorted faces."
        ),
    ] = PENALTY,
    shift: Annotated[
        bool, typer.Option(help="Also shift the latents' mean; otherwise, only change how much they vary.")
    ] = True,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Change a trained model's latents linearly, so that its faces vary more like real ones.

    Needs no training: the first layer of the generator is adapted to the face embeddings of 3,000 generated faces and
    of the training images, whose analysis takes about a minute per 1,000 images the first time.
    """
    personal.expire()
    folder = find_model(model, runs_dir)
    card.check_calibration(folder, out)
    loaded = card.best_model(Run(folder)) if is_run(folder) else load_model(folder)
    source = "\n".join(data)
    with bars() as steps:
        change = calibration(loaded, source, penalty, shift, steps)
    change.put_into(loaded.family.average)
    options = {"data": file_names(source), "penalty": penalty, "shift": "yes" if shift else "no"}
    typer.echo(card.export_calibrated(folder, loaded, options, out))
    typer.echo(
        f"Predicted Fréchet face distance to the training images: {change.before:.3f} before, {change.after:.3f} "
        f"after. Measure it with `facedemo verify --model {out}`.",
        err=True,
    )
