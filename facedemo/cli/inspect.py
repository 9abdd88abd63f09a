"""Commands that look into a model's training."""

from pathlib import Path
from typing import Annotated

import typer

from facedemo.cli.terminal import RUNS, RunsDir, check_suffix, parse_numbers
from facedemo.explore import single_step
from facedemo.explore.single_step import Step
from facedemo.explore.step_pictures import fitting_gain, sheet
from facedemo.imaging.pictures import PICTURES, grid, picture_file
from facedemo.pretrained.model import find_model, load_model
from facedemo.storage.atomic import replace_file
from facedemo.training import dataset

app = typer.Typer(add_completion=False)

Name = Annotated[str, typer.Argument(help="A bundled model's name, a bundle's folder, or a run.", metavar="MODEL")]


@app.command()
def step(
    model: Name = "ours-64",
    steps: Annotated[int, typer.Option(help="Number of iterations to run.", min=1)] = 1,
    gamma: Annotated[float | None, typer.Option(help="γ; short for --set gamma=….")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", help="Setting to change, as name=value, such as lambda_k=0.1 (repeatable)."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Output file for the last step's pictures, .png or .jpg.")] = None,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Train a model a few steps further and print each step's equations; the saved model is not modified."""
    if out is not None:
        check_suffix(out, PICTURES)
    words = [] if gamma is None else [f"gamma={gamma}"]
    changes = parse_numbers([*words, *(set_ or [])], "a setting with its value", "gamma=0.6")
    path = find_model(model, runs_dir)
    examples = dataset.for_model(load_model(path).config)
    stepper = single_step.TrainingStepper(path, examples.images)
    typer.echo(f"Real images: {examples.description}.")
    if changes:
        stepper.steer(**changes)
    for _ in range(steps):
        print_step(stepper.forward(), stepper.family.metrics)
    if out is not None:
        write_pictures(out, model, stepper.steps[-1])


def print_step(step: Step, labels: dict[str, str]) -> None:
    settings = ", ".join(f"{name} = {value:g}" for name, value in step.settings.items())
    typer.echo(f"\niteration {step.number + 1:,}" + (f", {settings}" if settings else ""))
    for equation in step.equations:
        numbers = f" = {equation.numbers}" if equation.numbers else ""
        typer.echo(f"  {equation.symbol:<8} = {equation.formula}{numbers} = {equation.value:.6f}")
    for name in step.before.keys() & step.row.keys():
        before, after = step.before[name], step.row[name]
        way = "stays" if before == after else "rises" if after > before else "falls"
        typer.echo(f"  {labels[name]} {way}: {before:.6f} → {after:.6f} ({after - before:+.2e})")


def write_pictures(out: Path, name: str, step: Step) -> None:
    gain = fitting_gain(step.changes)
    facts = {"model": name, "iteration": step.number + 1, **step.settings, "amplified": gain, **step.row}
    pictures = sheet(step.pictures, step.changes, gain)
    out.parent.mkdir(parents=True, exist_ok=True)
    replace_file(out, picture_file(grid(pictures, len(step.pictures[0].images)), out.suffix, **facts))
    typer.echo(out)
