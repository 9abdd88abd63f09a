"""Options and terminal output shared by all commands."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich import progress as rich
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from facedemo.progress import Progress, Steps
from facedemo.runs.queue import Wait
from facedemo.storage.process_status import Status

if TYPE_CHECKING:  # for types only, so that `--help` stays quick
    from facedemo.evaluation.report import Report

RunsDir = Annotated[Path, typer.Option(help="Folder that holds the runs.", envvar="FACEDEMO_RUNS")]
RunName = Annotated[str, typer.Argument(help="Run: its directory, or the end of its directory's name.", metavar="RUN")]
RunOrRace = Annotated[
    str, typer.Argument(help="Run or race: its directory, or the end of its directory's name.", metavar="RUN")
]
Now = Annotated[bool, typer.Option("--now", help="Start at once instead of waiting in the queue of trainings.")]
Split = Annotated[
    str,
    typer.Option(
        help="Real images to compare with: a held-out split, which is validation (for tuning) or test (for reporting), "
        "or all, for images that no model was trained on."
    ),
]
RUNS = Path("runs")


def fail(message: str) -> NoReturn:
    typer.secho(f"Error: {message}", fg="red", err=True)
    raise SystemExit(1)


def refuse_unused(context: typer.Context, used: Collection[str], because: str) -> None:
    """Raises ValueError if options were given that have no effect.

    used: the names of the parameters that have one.  because: why the others have none, as a clause.
    """
    unused = [
        item.opts[0]
        for item in context.command.params
        if item.name and item.name not in used and is_given(context, item.name)
    ]
    if unused:
        raise ValueError(f"{because}. Omit {', '.join(unused)}.")


def is_given(context: typer.Context, parameter: str) -> bool:
    """Whether a parameter was given on the command line, and is not a default or from the environment."""
    source = context.get_parameter_source(parameter)
    return source is not None and source.name == "COMMANDLINE"


def finite(number: float) -> float:
    """A callback for options of type float, whose lower limit lets “inf” pass."""
    if not math.isfinite(number):
        raise typer.BadParameter(f"{number} is not a finite number.")
    return number


def parse_numbers(words: Sequence[str], kind: str, example: str) -> dict[str, float]:
    """The numbers in words such as gamma=0.6, by their names.  Raises ValueError, naming `kind` and the example."""
    numbers = {}
    for word in words:
        name, _, text = word.partition("=")
        if name in numbers:
            raise ValueError(f"“{name}” is given twice. Give it once.")
        try:
            numbers[name] = float(text)
        except ValueError:
            raise ValueError(f"“{word}” is not {kind}. Write name=number, such as {example}.") from None
    return numbers


def state_and_place(status: Status, wait: Wait | None) -> str:
    """ "waiting, number 2, about 5 min"."""
    if status.state != "waiting" or wait is None:
        return status.state
    expected = "" if wait.seconds is None else f", about {max(1, round(wait.seconds / 60))} min"
    return f"waiting, number {wait.position}{expected}"


def check_suffix(out: Path, suffixes: Sequence[str]) -> None:
    """Raises ValueError, before any long computation, if a file's name does not end in one of `suffixes`."""
    if out.suffix.lower() not in suffixes:
        raise ValueError(f"The file name must end in {' or '.join(suffixes)}; “{out}” does not.")


def check_new(folder: Path) -> None:
    """Raises ValueError, before any long computation, if a folder to be written holds something already."""
    check_folder(folder)
    if folder.exists() and any(folder.iterdir()):
        raise ValueError(f"{folder} is not empty. Choose a new folder with --out.")


def check_folder(folder: Path) -> None:
    """Raises ValueError if there is a file in the place of a folder to write into."""
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file, not a folder.")


def text_of(file: Path) -> str:
    """The content of a text file.  Raises ValueError if it is missing or is not text."""
    try:
        return file.read_text("utf8")
    except OSError as error:
        raise ValueError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{file} is not a text file in UTF-8. Save it as one.") from error


def columns() -> tuple[rich.ProgressColumn, ...]:
    description = rich.TextColumn("{task.description}", markup=False)  # it may hold a name
    return description, rich.BarColumn(), rich.MofNCompleteColumn(), rich.TimeRemainingColumn()


@contextmanager
def progress_bar(what: str) -> Iterator[Progress]:
    """A progress bar on the terminal for work on images."""
    with rich.Progress(*columns(), console=Console(stderr=True)) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def show_table(reports: "Mapping[str, Report | None]", title: str = "") -> None:
    """Prints Table 1 and the further metrics, one column per model; nothing if no model has been evaluated."""
    from facedemo.evaluation.table import table  # imports NumPy, which `facedemo --help` need not wait for

    head, rows = table(reports)
    if rows:
        show_rows(head, rows, title)


def show_rows(head: Sequence[str], rows: Sequence[Sequence[str]], title: str = "", ids: bool = False) -> None:
    """Prints a table of texts as they are.  ids: the first column is never shortened, as commands need its end."""
    table = Table(*(Column(Text(name)) for name in head), title=Text(title) if title else None)
    if ids:
        table.columns[0].min_width = max(len(row[0]) for row in rows)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


@contextmanager
def bars() -> Iterator[Steps]:
    """A progress bar on the terminal for each step."""
    with rich.Progress(*columns(), console=Console(stderr=True)) as progress_bars:

        def step(what: str) -> Progress:
            tasks: list[rich.TaskID] = []  # no bar until there is something to wait for

            def progress(done: int, total: int | None) -> None:
                if not tasks:
                    tasks.append(progress_bars.add_task(what, total=total))
                progress_bars.update(tasks[0], completed=done, total=total)

            return progress

        yield step
