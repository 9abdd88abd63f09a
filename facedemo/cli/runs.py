"""Commands that list, steer and organise runs, and that export and import runs and models."""

from pathlib import Path
from typing import Annotated

import typer

from facedemo.cli.terminal import RUNS, RunName, RunOrRace, RunsDir, parse_numbers, show_rows, state_and_place
from facedemo.comparison import race
from facedemo.comparison.race import deleted_races
from facedemo.evaluation.report import percent
from facedemo.runs import queue, trash
from facedemo.runs.differences import differences
from facedemo.runs.directory import find_one
from facedemo.runs.run import Run, find_run, list_runs

app = typer.Typer(add_completion=False)


@app.command()
def runs(runs_dir: RunsDir = RUNS) -> None:
    """List the runs with their status, newest first."""
    listed_runs = list_runs(runs_dir)
    if not listed_runs:
        typer.echo(f"No runs in {runs_dir}. `facedemo train --preset minute` trains a model in about a minute.")
        return
    rows, waits, races = [], queue.waits(), race.upcoming_entrants(runs_dir)
    for run in listed_runs:
        status = run.status
        state = "waiting for its race" if run.id in races else state_and_place(status, waits.get(run.path.resolve()))
        rows.append(
            [
                run.id,
                run.name if run.name != run.id else "",
                state,
                f"{status.step:,}",
                percent(status.progress, 0),
                f"{status.images_per_second:.0f}",
            ]
        )
    show_rows(["run", "name", "state", "iteration", "done", "images/s"], rows, ids=True)


@app.command()
def diff(
    runs: Annotated[
        list[str], typer.Argument(help="Two or more runs: the directory, or the end of its name.", metavar="RUN...")
    ],
    runs_dir: RunsDir = RUNS,
) -> None:
    """Show the settings in which runs differ, with the changes made while they trained."""
    chosen = [find_run(run, runs_dir) for run in runs]
    if len(chosen) < 2:
        raise ValueError("Name at least two runs to compare. `facedemo runs` lists them.")
    between = differences(chosen)
    if between.rows:
        show_rows(["setting", *(run.name for run in chosen)], [[row.title, *row.values] for row in between.rows])
    typer.echo(between.summary())


@app.command()
def steer(
    run: RunName,
    changes: Annotated[list[str], typer.Argument(help="Settings as name=value, such as gamma=0.6 decay=0.95.")],
    runs_dir: RunsDir = RUNS,
) -> None:
    """Change settings of a run while it trains: γ, λ_k, learning rates and their decay, or the sample interval."""
    chosen = find_run(run, runs_dir)
    chosen.steer(**parse_numbers(changes, "a setting with its value", "gamma=0.6"))
    if not chosen.status.active:
        typer.echo(f"“{chosen.name}” is not training; the change will be applied when it is resumed.")


def run_or_race(text: str, runs_dir: Path) -> Run | race.Race:
    """A run or a race by its path, or the end of its name.  Raises RunError if none or several match."""
    if Path(text).is_dir():
        return race.find_race(text) if (Path(text) / race.PLAN).is_file() else find_run(text)
    among = [*list_runs(runs_dir), *race.list_races(runs_dir)]
    return find_one(text, among, "run or race", "facedemo runs` or `facedemo races")


def active(text: str, runs_dir: Path) -> Run | race.Race:
    """A run or a race that trains or waits.  Raises ValueError if no process is listening."""
    directory = run_or_race(text, runs_dir)
    if not directory.status.active:
        raise ValueError(f"“{directory.name}” is not training; it is {directory.status.state}.")
    return directory


@app.command()
def pause(run: RunOrRace, runs_dir: RunsDir = RUNS) -> None:
    """Pause a run with a checkpoint, or a run or race that waits in the queue; `facedemo unpause` continues it."""
    active(run, runs_dir).pause()


@app.command()
def unpause(run: RunOrRace, runs_dir: RunsDir = RUNS) -> None:
    """Continue a paused run or race."""
    active(run, runs_dir).unpause()


@app.command()
def stop(run: RunOrRace, runs_dir: RunsDir = RUNS) -> None:
    """Stop a run or a race with a checkpoint; `facedemo resume` continues from there."""
    active(run, runs_dir).stop()


@app.command()
def note(
    run: RunName,
    text: Annotated[str | None, typer.Argument(help="Line to add; if omitted, the notes are printed.")] = None,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Add a line to the notes of a run (notes.md), or print them."""
    chosen = find_run(run, runs_dir)
    if text is None:
        typer.echo(chosen.notes.rstrip() or "This run has no notes.")
    elif not text.strip():
        raise ValueError("The line to add is empty.")
    else:
        before = chosen.notes.rstrip()
        chosen.write_notes(f"{before}\n{text}\n" if before else f"{text}\n")


@app.command()
def delete(run: RunOrRace, runs_dir: RunsDir = RUNS) -> None:
    """Move a run or a race into the trash (`.trash` beside the others); `facedemo restore` brings it back.

    The models that a race trained stay among the runs. A run or race that trains cannot be deleted; one that waits can.
    """
    typer.echo(trash.delete(run_or_race(run, runs_dir)).path)


@app.command()
def restore(
    run: Annotated[
        str | None,
        typer.Argument(help="Deleted run or race, or the end of its name; if omitted, the deleted ones are listed."),
    ] = None,
    runs_dir: RunsDir = RUNS,
) -> None:
    """Restore a deleted run or race."""
    deleted = [*trash.deleted_runs(runs_dir), *deleted_races(runs_dir)]
    if run is None:
        if not deleted:
            typer.echo(f"No deleted runs or races in {runs_dir}.")
        for deleted_item in deleted:
            typer.echo(
                f"{deleted_item.id}  {deleted_item.name if deleted_item.name != deleted_item.id else ''}".rstrip()
            )
        return
    typer.echo(trash.restore(find_one(Path(run).name, deleted, "deleted run or race", "facedemo restore")).path)
