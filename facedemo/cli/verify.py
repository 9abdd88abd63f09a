"""The command that judges a model as the paper's Table 1 does."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from facedemo.cli.terminal import RUNS, RunsDir

if TYPE_CHECKING:
    from facedemo.data import Progress
    from facedemo.evaluation.faces import Rate, Report, Steps

app = typer.Typer()


@app.command()
def verify(
    model: Annotated[str, typer.Option(help="A bundled model's name, a bundle's folder, or a run.")] = "ours-64",
    count: Annotated[int, typer.Option(help="How many faces to draw and judge.", min=1, max=100_000)] = 1000,
    seed: Annotated[int, typer.Option(help="Seed of the first face; the others' are drawn from it.")] = 0,
    data: Annotated[
        str | None, typer.Option(help="Real images to compare with: those the model was trained on.", metavar="SOURCE")
    ] = None,
    split: Annotated[str, typer.Option(help="Part of them that is held out: validation (to choose) or test.")] = "test",
    gallery: Annotated[
        str | None, typer.Option(help="Images of people: which faces are recognised as one of them?", metavar="SOURCE")
    ] = None,
    cnn: Annotated[bool, typer.Option("--cnn", help="Ask a second detector; takes a minute per 1,000 faces.")] = False,
    copies: Annotated[
        bool, typer.Option("--copies", help="Look for the nearest training faces; slow once, for each of them.")
    ] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Only count the faces detected: a few seconds.")] = False,
    out: Annotated[Path | None, typer.Option("--json", help="Write the report here, too.")] = None,
    runs_dir: RunsDir = RUNS,
) -> None:
    """How many of a model's faces a face recogniser finds, and what that hides: variety, copies, distance to real."""
    from dataclasses import asdict

    from facedemo import bundle
    from facedemo.evaluation import faces
    from facedemo.runs import replace_file

    drawn = bundle.load(bundle.find(model, runs_dir))
    with bars() as steps:
        if quick:
            found = faces.detected(drawn, count, seed, steps(drawn.name))
        else:
            report, _ = faces.verify(drawn, count, seed, data, split, gallery, cnn, copies, steps)
    if quick:
        typer.echo(f"detected: {in_words(found)}")
    else:
        show(report)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        replace_file(out, json.dumps(asdict(found) if quick else report.as_json(), indent=1) + "\n")
        typer.echo(out)


@contextmanager
def bars() -> "Iterator[Steps]":
    """A bar on the terminal for each thing that is done."""
    from rich import progress as rich
    from rich.console import Console

    columns = rich.TextColumn("{task.description}"), rich.BarColumn(), rich.MofNCompleteColumn()
    with rich.Progress(*columns, rich.TimeRemainingColumn(), console=Console(stderr=True)) as shown:

        def step(what: str) -> "Progress":
            tasks: list[rich.TaskID] = []  # none as long as there is nothing to wait for

            def progress(done: int, total: int | None) -> None:
                if not tasks:
                    tasks.append(shown.add_task(what, total=total))
                shown.update(tasks[0], completed=done, total=total)

            return progress

        yield step


def show(report: "Report") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("", *(row.name for row in report.rows), title=f"{report.count:,} faces from seed {report.seed}")
    table.add_row("no face detected", *(in_words(row.undetected) for row in report.rows))
    table.add_row("detected", *(f"{1 - row.undetected.share:.1%}" for row in report.rows))
    table.add_row("no face, second detector", *(in_words(row.undetected_cnn) for row in report.rows))
    table.add_row("detected, nobody in the gallery", *(in_words(row.unknown) for row in report.rows))
    table.add_row("distinct people", *(f"{row.people:,}" for row in report.rows))
    table.add_row(f"… among the first {report.people_first:,}", *(f"{row.people_first:,}" for row in report.rows))
    about = f" ({report.compared:,} each)" if report.compared else ""
    table.add_row(f"Fréchet face distance{about}", *(number(row.distance) for row in report.rows))
    table.add_row("nearest training face, median", *(number(row.nearest) for row in report.rows))
    table.add_row("near-duplicates", *(f"{row.duplicates:.1%}" for row in report.rows))
    Console().print(table)


def in_words(found: "Rate | None") -> str:
    return f"{found.count:,} of {found.of:,} ({found.low:.1%}–{found.high:.1%})" if found else "–"


def number(value: float | None) -> str:
    return f"{value:.3f}" if value is not None else "–"
