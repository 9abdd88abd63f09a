"""Commands that train a model."""

from pathlib import Path
from typing import Annotated, Any

import typer

from facedemo.cli.options import given, with_settings
from facedemo.cli.terminal import RUNS, Now, RunName, RunsDir, fail, text_of
from facedemo.config.presets import PRESETS, configure, default_name
from facedemo.config.schema import BUILTIN_SOURCE, Budget, RunConfig
from facedemo.data.scan import check_enough
from facedemo.data.source_files import existing
from facedemo.gans.registry import FAMILIES, name_family
from facedemo.runs.run import Run, find_run
from facedemo.training import speed, warm_start
from facedemo.training.console import train_with_progress
from facedemo.training.warm_start import new_run

app = typer.Typer(add_completion=False)

Family = Annotated[
    str | None, typer.Option(help=f"GAN family: {', '.join(FAMILIES)}, or FILE:CLASS for one of your own.")
]


@app.command()
@with_settings()
def train(
    preset: Annotated[str | None, typer.Option(help=f"Starting point: {', '.join(PRESETS)}.")] = None,
    family: Family = None,
    config: Annotated[Path | None, typer.Option(help="A run's config.json to start from instead of a preset.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Learning rate of both networks.")] = None,
    only_create: Annotated[
        bool,
        typer.Option(
            "--only-create", help="Only create the run's directory; train it later with resume, torchrun or srun."
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the config and the estimated time, and train nothing.")
    ] = False,
    now: Now = False,
    runs_dir: RunsDir = RUNS,
    **settings: Any,
) -> None:
    """Train a model; prints the run directory last.

    Omitted options fall back to the preset, then to the model to start from, then to the defaults. Ctrl-C saves a
    checkpoint, and `facedemo resume` continues from there.
    """
    settings = given(settings | {"family": name_family(family) if family else None})
    if learning_rate is not None:
        settings = {"learning_rate_g": learning_rate, "learning_rate_d": learning_rate, **settings}
    if settings.get("source", BUILTIN_SOURCE) != BUILTIN_SOURCE:
        settings["source"] = existing(settings["source"])
        check_enough(settings["source"], settings.get("crop", "auto"))
    if settings.get("num_nodes", 1) > 1 and not (only_create or dry_run):
        raise ValueError(
            "Several machines need a worker started on each: add --only-create, then start them with torchrun or srun "
            "on the run's directory, as docs/scaling.md shows."
        )
    chosen = with_config(settings, preset, config) if config else warm_start.configured(settings, preset, runs_dir)
    if dry_run:
        show_plan(chosen)
        return
    run = new_run(chosen.model_copy(update={"name": chosen.name or default_name(preset, chosen)}), runs_dir)
    typer.echo(run.path) if only_create else follow(run, now)


def with_config(settings: dict[str, Any], preset: str | None, config: Path) -> RunConfig:
    """The settings over those of a config.json."""
    if preset or settings.get("start"):
        raise ValueError("--config goes with neither --preset nor --start-from: it holds all settings itself.")
    return configure(settings, base=RunConfig.model_validate_json(text_of(config)).model_dump(mode="json"))


def show_plan(config: RunConfig) -> None:
    """The config as JSON, and on standard error how long it takes here, which is measured first if need be."""
    typer.echo(config.model_dump_json(indent=2))
    if speed.known_speed(config) is None:
        speed.measure_and_store(config)
    seconds = speed.estimated_seconds(config)
    if seconds is not None:
        time = f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
        typer.echo(f"About {time} on this computer, without preparing the images.", err=True)


@app.command()
def resume(
    run: RunName,
    iterations: Annotated[int | None, typer.Option(help="New total budget in iterations.")] = None,
    images: Annotated[int | None, typer.Option(help="New total budget in real images.")] = None,
    minutes: Annotated[float | None, typer.Option(help="New total budget in minutes of training.")] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(help="New path of the run's images, if they have moved (repeatable).", metavar="SOURCE"),
    ] = None,
    data_changed: Annotated[
        bool, typer.Option("--data-changed", help="Resume although the images have changed since the run started.")
    ] = False,
    now: Now = False,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Resume a run from its last checkpoint, exactly as if it had not been interrupted."""
    chosen = find_run(run, runs_dir)
    if budget := given({"iterations": iterations, "images": images, "minutes": minutes}):
        chosen.extend(Budget(**budget))
    elif chosen.status.state == "finished":
        typer.echo(
            "The run has used its budget. To train it further, add a larger --iterations, --images or --minutes.",
            err=True,
        )
    if data or data_changed:
        chosen.use_images(existing("\n".join(data)) if data else None, data_changed)
    follow(chosen, now)


def follow(run: Run, now: bool) -> None:
    """Trains `run` with a progress bar; prints the run directory last."""
    status = train_with_progress(run, now)
    typer.echo(run.path)
    if status.state == "failed":
        fail(f"{status.message} (details in {run.path / 'log.txt'})")
