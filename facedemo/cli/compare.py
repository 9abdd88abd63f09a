"""Commands that compare models: races, which train new ones, and reports on existing ones."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from facedemo.cli.options import given, with_settings
from facedemo.cli.terminal import (
    RUNS,
    Now,
    RunsDir,
    Split,
    bars,
    check_new,
    fail,
    refuse_unused,
    show_rows,
    show_table,
    state_and_place,
)
from facedemo.comparison import commands, entrants, gather, race
from facedemo.comparison.gather import Comparison
from facedemo.comparison.race import Race, find_race, list_races
from facedemo.comparison.report import write
from facedemo.comparison.worker import execute
from facedemo.config.schema import BUILTIN_SOURCE
from facedemo.data.scan import check_enough
from facedemo.evaluation.report import percent
from facedemo.evaluation.request import EvaluationRequest
from facedemo.gans.registry import name_family
from facedemo.pretrained.model import find_model
from facedemo.runs import queue
from facedemo.runs.directory import RunError
from facedemo.runs.waiting import wait_for_turn
from facedemo.storage.process_status import Status

app = typer.Typer(add_completion=False)
SET_BY_THE_RACE = ("name", "gamma", "start")  # no options of `compare`
REPORTS = Path("comparison")
OF_RESUMING = ("resume", "out", "now", "runs_dir")
OF_REPORTING = ("models", "source", "seed", "count", "split", "copies", "out", "runs_dir")


Sources = Annotated[
    list[str] | None,
    typer.Option("--data", help="Images for training and for evaluation (repeatable).", metavar="SOURCE"),
]
Families = Annotated[
    list[str] | None, typer.Option("--family", help="GAN family to train, or FILE:CLASS (repeatable).")
]
Models = Annotated[list[str] | None, typer.Option(help="Bundle or run to report on without training (repeatable).")]
Gammas = Annotated[list[float] | None, typer.Option("--gamma", help="γ of ours; repeat it for a sweep.")]
Preset = Annotated[str | None, typer.Option(help="Preset of `facedemo train` to start from.")]
Seed = Annotated[int, typer.Option(help="Seed of the initial weights, the data order and the evaluated faces.", min=0)]
Count = Annotated[
    int, typer.Option(help="Number of faces to evaluate per model; 0: no evaluation.", min=0, max=100_000)
]
Copies = Annotated[
    bool, typer.Option("--copies/--no-copies", help="Also find the nearest training faces; slow the first time.")
]
Resume = Annotated[str | None, typer.Option(help="Resume this race instead of starting a new one.", metavar="RACE")]
Out = Annotated[
    Path | None,
    typer.Option(help=f"New folder for the report; default: report in the race's folder, or {REPORTS} with --models."),
]


@app.command()
@with_settings(*SET_BY_THE_RACE)
def compare(
    context: typer.Context,
    source: Sources = None,
    families: Families = None,
    models: Models = None,
    gammas: Gammas = None,
    preset: Preset = None,
    seed: Seed = 0,
    count: Count = 1000,
    split: Split = "test",
    copies: Copies = True,
    resume: Resume = None,
    out: Out = None,
    now: Now = False,
    runs_dir: RunsDir = RUNS,
    **settings: Any,
) -> None:
    """Train models on the same images under the same budget, evaluate them, and write a report.

    The models train one after another, all from the same seed. Ctrl-C saves a checkpoint, and --resume continues.
    Without --family, all families race; several --gamma make a sweep. --models compares existing models
    without training.
    """
    if models:
        refuse_unused(context, OF_REPORTING, "--models compares existing models and trains none")
    elif resume:
        refuse_unused(context, OF_RESUMING, "--resume continues a race with its own settings")
    if models or out:
        check_new(out or REPORTS)
    images = given({"source": source}).get("source")
    images = None if images == BUILTIN_SOURCE else images  # they have no held-out split to compare with
    copies = copies and split != "all"  # without a held-out split, nothing tells a copy from a likeness
    request = EvaluationRequest(count, seed, images, split, copies=copies and images is not None)
    if count and not resume:
        request.check()
    if models:
        report(evaluate_models(models, request, runs_dir), out or REPORTS)
    elif resume:
        run_race(find_race(resume, runs_dir), out, now)
    elif split == "all":
        raise ValueError(
            "A race trains on most of the images, so it compares with a held-out split: choose test or validation."
        )
    else:
        if images is not None:
            check_enough(images)
        options = given({"source": source, "seed": seed, **settings})
        evaluation = {"seed": seed, "count": count, "split": split, "copies": copies}
        named = [name_family(family) for family in families or []]
        run_race(create(options, named, gammas or [], preset, evaluation, runs_dir), out, now)


def run_race(race: Race, out: Path | None, now: bool) -> None:
    """Trains and evaluates the models of a race, and writes the report."""
    typer.echo(race.path)
    status = follow(race, now)
    if status.state == "stopped":
        typer.echo(f"Stopped. `facedemo compare --resume {race.id[-4:]}` continues the race.", err=True)
        return
    report(gather.gather_race(race), out or race.path / "report")
    if status.state == "failed":
        fail(f"{status.message} (details in {race.path / 'log.txt'})")


def create(
    options: dict[str, Any],
    families: list[str],
    gammas: list[float],
    preset: str | None,
    evaluation: dict[str, Any],
    runs_dir: Path,
) -> Race:
    configs = entrants.entrant_configs(entrants.race_options(options), families, gammas, preset)
    line = commands.race_command(options, families, gammas, preset, evaluation)
    return race.create_race(configs, runs_dir, entrants.kind_of(configs), command=line, **evaluation)


def evaluate_models(names: list[str], request: EvaluationRequest, runs_dir: Path) -> Comparison:
    """The comparison of existing models."""
    paths = {name: find_model(name, runs_dir) for name in dict.fromkeys(names)}
    reports = {}
    with bars() as steps:
        for name, path in paths.items() if request.count else ():
            reports[name] = gather.evaluate(path, request, labelled(name, steps))
    command = commands.comparison_command((path.name for path in paths.values()), request)
    return gather.gather(paths, request.seed, command=command, evaluations=reports)


def labelled(name: str, steps: Callable[[str], Any]) -> Callable[[str], Any]:
    """Progress callbacks whose descriptions start with a model's name."""
    return lambda what: steps(what if name in what else f"{name}: {what}")


def report(comparison: Comparison, out: Path) -> None:
    show_table({model.name: model.evaluation for model in comparison.models})
    typer.echo(write(comparison, out))


def follow(race: Race, now: bool) -> Status:
    """Runs a race with a progress bar; Ctrl-C stops it with a checkpoint."""
    columns = BarColumn(), TaskProgressColumn(), TextColumn("{task.description}", markup=False)
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("starting", total=1.0)

        def show(status: Status) -> None:
            left = ""
            if status.seconds_left is not None:
                minutes, seconds = divmod(round(status.seconds_left), 60)
                left = f" · {minutes // 60}:{minutes % 60:02d}:{seconds:02d} left"
            bar.update(task, completed=status.progress, description=(status.text or status.state) + left)

        return execute(race, show) if wait_for_turn(race, now, show) else race.status


@app.command()
def races(
    stop: Annotated[str | None, typer.Option(help="Race to stop with a checkpoint.", metavar="RACE")] = None,
    runs_dir: RunsDir = RUNS,
) -> None:
    """List the races with their status, newest first."""
    if stop is not None:
        find_race(stop, runs_dir).stop()
        return
    rows, listed_races, waits = [], list_races(runs_dir), queue.waits()
    for listed in listed_races:
        status = listed.status
        try:
            title = listed.plan.title
        except RunError:
            title = "damaged"
        place = state_and_place(status, waits.get(listed.path.resolve()))
        rows.append([listed.id, title, place, percent(status.progress, 0), status.text])
    if rows:
        show_rows(["race", "of", "state", "done", ""], rows, ids=True)
    else:
        typer.echo(f"No races in {runs_dir}. `facedemo compare --data faces.zip` starts one.")
