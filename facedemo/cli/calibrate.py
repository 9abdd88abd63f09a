"""The command that calibrates a model's latents."""

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from facedemo.cli.terminal import RUNS, RunsDir, bars
from facedemo.data import personal
from facedemo.data.source_files import file_names
from facedemo.evaluation.calibration import CalibrationOptions, LatentChange, calibration
from facedemo.pretrained import bundles
from facedemo.pretrained.model import find_model

app = typer.Typer(add_completion=False)
DEFAULT = CalibrationOptions()
Model = Annotated[
    str,
    typer.Argument(
        help="A run, or a bundle's name or folder, unless calibrating was the last change to it.", metavar="MODEL"
    ),
]


@app.command()
def calibrate(
    model: Model,
    data: Annotated[
        list[str],
        typer.Option(
            help="Real images, whose train split is used: ideally the model's own training data (repeatable).",
            metavar="SOURCE",
        ),
    ],
    out: Annotated[Path, typer.Option(help="Output folder for the calibrated model, such as checkpoints/mine.")],
    penalty: Annotated[
        float,
        typer.Option(
            help="Penalty on the change of the latents: lower values bring the distribution of the faces closer to "
            "that of real ones, higher ones change the faces less."
        ),
    ] = DEFAULT.penalty,
    clarity: Annotated[
        float,
        typer.Option(
            help="Weight of clear faces, as a judge grades them that learned from grades by eye: higher values leave "
            "fewer broken ones, and faces vary less. 0: none."
        ),
    ] = DEFAULT.clarity,
    shift: Annotated[
        bool, typer.Option(help="Also shift the latents' mean; otherwise, only change how much they vary.")
    ] = DEFAULT.shift,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Change a trained model's latents linearly, so that its faces vary more like real ones and fewer are broken.

    Trains nothing: the change is found from twice 3,000 generated faces and from the training images, whose analysis
    takes about a minute per 1,000 images the first time. Directions learned from labels are not taken over: learn
    them again for the new model.
    """
    personal.expire()
    options = CalibrationOptions(penalty, clarity, shift)
    folder = find_model(model, runs_dir)
    bundles.check_change("calibrate", folder, out)
    original = bundles.original(folder)
    source = "\n".join(data)
    with bars() as steps:
        change = calibration(original.model, source, options, steps)
    change.put_into(original.model.family.average)
    told = asdict(options) | {"data": file_names(source), "shift": "yes" if shift else "no"}
    typer.echo(bundles.export_changed(original, "calibrate", told, out))
    sources = [part for path in data for part in ("--data", path)]
    evaluation = shlex.join(["facedemo", "verify", "--model", str(out), *sources])
    typer.echo(f"{outcome(change)} `{evaluation}` measures the distance to held-out images.", err=True)


def outcome(change: LatentChange) -> str:
    """The predicted distances, and why the second may be higher."""
    told = (
        f"Predicted Fréchet face distance to the training images: {change.before:.3f} before, {change.after:.3f} after."
    )
    if change.after <= change.before:
        return told
    return (
        f"{told} It rises because clear faces count, too: with a lower --clarity, it rises less or falls. It also "
        "rises if the images are cropped differently from the model's faces."
    )
