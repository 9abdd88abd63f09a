"""Commands that train a model."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from facedemo.cli.terminal import RUNS, RunName, RunsDir, fail
from facedemo.config.presets import configure
from facedemo.config.schema import BUILT_IN, Budget
from facedemo.data.source_files import existing
from facedemo.gans.registry import name_family
from facedemo.runs.run import Run, find_run
from facedemo.training import warm_start
from facedemo.training.console import train_with_progress
from facedemo.training.warm_start import new_run

if TYPE_CHECKING:
    pass


app = typer.Typer()


@app.command()
def train(
    ctx: typer.Context,
    preset: Annotated[
        str | None, typer.Option(help="Start from: minute, quick-64, good-64, paper-64 or paper-128.")
    ] = None,
    family: Annotated[str | None, typer.Option(help="GAN family: ours, dcgan, wgan, or FILE:CLASS.")] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--start-from", help="Go on from a trained model's weights: a bundled model, its folder or a run."
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option("--data", help="Folder of images, .zip or .tar of one, CelebA folder, or “built-in”."),
    ] = None,
    size: Annotated[int | None, typer.Option(help="Side of the images: 32, 64 or 128 pixels.")] = None,
    iterations: Annotated[int | None, typer.Option(help="Stop after so many iterations.")] = None,
    images: Annotated[int | None, typer.Option(help="Stop after so many real images.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Stop after so many minutes of training.")] = None,
    gamma: Annotated[float | None, typer.Option(help="γ, the diversity ratio, 0 to 1.")] = None,
    alpha: Annotated[
        float | None, typer.Option(help="α, the weight of latent recovery; 0: the paper's losses.")
    ] = None,
    lambda_k: Annotated[float | None, typer.Option(help="λ_k, the gain of the balance.")] = None,
    width: Annotated[int | None, typer.Option(help="Channels of the first layers.")] = None,
    latent: Annotated[
        int | None,
        typer.Option(help="Length of the latent vector; ours may start from a model of a shorter one."),
    ] = None,
    batch_size: Annotated[int | None, typer.Option(help="Real images a step.")] = None,
    stem: Annotated[str | None, typer.Option(help="full (as in the paper), half or quarter (faster).")] = None,
    generator: Annotated[str | None, typer.Option(help="decoder or deconv.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Learning rate of both players.")] = None,
    learning_rate_g: Annotated[float | None, typer.Option(help="The generator's alone.")] = None,
    learning_rate_d: Annotated[float | None, typer.Option(help="The discriminator's alone.")] = None,
    optimizer_d: Annotated[str | None, typer.Option(help="Of the discriminator: adam (paper) or muon.")] = None,
    beta1: Annotated[float | None, typer.Option(help="β₁, the momentum of Adam.")] = None,
    decay: Annotated[float | None, typer.Option(help="Factor on the learning rates at every interval.")] = None,
    decay_every: Annotated[int | None, typer.Option(help="Iterations between decays.")] = None,
    rate_floor: Annotated[float | None, typer.Option(help="The learning rates do not decay below this.")] = None,
    crop: Annotated[str | None, typer.Option(help="auto, tight, wide or square.")] = None,
    split: Annotated[str | None, typer.Option(help="Part of the images: all, train, validation or test.")] = None,
    flip: Annotated[bool | None, typer.Option(help="Show images mirrored half of the time.")] = None,
    average: Annotated[float | None, typer.Option(help="Decay of the generator's moving average.")] = None,
    log_every: Annotated[int | None, typer.Option(help="Iterations between rows of metrics.")] = None,
    sample_every: Annotated[int | None, typer.Option(help="Iterations between sample grids.")] = None,
    checkpoint_every: Annotated[int | None, typer.Option(help="Iterations between checkpoints.")] = None,
    precision: Annotated[str | None, typer.Option(help="auto, 32-true or bf16-mixed.")] = None,
    threads: Annotated[int | None, typer.Option(help="Threads of each process; 0: its share of the cores.")] = None,
    devices: Annotated[int | None, typer.Option(help="Processes or GPUs on each machine; they share a batch.")] = None,
    num_nodes: Annotated[int | None, typer.Option(help="Machines that train together.")] = None,
    match_codes: Annotated[
        float | None,
        typer.Option(
            help="How far the codes of the images are made to spread as z does at the start, 0 to 1; takes ten images "
            "for each number of the latent vector."
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of weights, data order and noise.")] = None,
    name: Annotated[str | None, typer.Option(help="What to call the run.")] = None,
    only_create: Annotated[
        bool, typer.Option("--only-create", help="Make the run's directory, and train later: resume, torchrun, srun.")
    ] = False,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Train a model; prints the run directory last.

    What is not given keeps the preset's value, or else that of the model it starts from, or else the default. Ctrl-C
    saves a checkpoint, and `facedemo resume` goes on from there.
    """
    settings = given(
        {key: value for key, value in ctx.params.items() if key not in ("preset", "only_create", "runs_dir")}
    )
    if family is not None:
        settings["family"] = name_family(family)
    if "learning_rate" in settings:
        both = settings.pop("learning_rate")
        settings = {"learning_rate_g": both, "learning_rate_d": both, **settings}
    if source not in (None, BUILT_IN):
        settings["source"] = str(existing(source))
    if (num_nodes or 1) > 1 and not only_create:
        raise ValueError(
            "Several machines need a worker started on each: add --only-create, then start them with torchrun or srun "
            "on the run's directory, as the README shows."
        )
    base = warm_start.settings(start, runs_dir) if start else None
    run = new_run(configure(settings, preset, base), runs_dir)
    typer.echo(run.path) if only_create else follow(run)


@app.command()
def resume(
    run: RunName,
    iterations: Annotated[int | None, typer.Option(help="New budget: stop after so many iterations in all.")] = None,
    images: Annotated[int | None, typer.Option(help="New budget: so many real images in all.")] = None,
    minutes: Annotated[float | None, typer.Option(help="New budget: so many minutes of training in all.")] = None,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Go on with a run from its last checkpoint, exactly as if it had not been interrupted."""
    found = find_run(run, runs_dir)
    if budget := given({"iterations": iterations, "images": images, "minutes": minutes}):
        found.extend(Budget(**budget))
    follow(found)


def given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def follow(run: Run) -> None:
    """Trains `run` with a progress bar; prints the run directory last."""
    status = train_with_progress(run)
    typer.echo(run.path)
    if status.state == "failed":
        fail(f"{status.message} (details in {run.path / 'log.txt'})")
