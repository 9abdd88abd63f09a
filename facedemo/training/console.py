"""Training in the foreground, with a progress bar in the terminal."""

import time
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from facedemo.runs.run import Run
from facedemo.storage.process_status import Status
from facedemo.training.worker import execute


def train_with_progress(run: Run) -> Status:
    """Trains `run` with a progress bar on standard error, in this process or in several others.

    Returns its final status.  Raises RunError if another process trains it.
    """
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[words]}")
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("starting", total=1.0, words="")
        said: list[str] = []

        def show(status: Status) -> None:
            bar.update(task, description=status.state, completed=status.progress, words=describe(status))
            for words in status.warnings:
                if words not in said:
                    said.append(words)
                    bar.console.print(f"[yellow]{words}")

        settings = run.config.training
        return execute(run, show) if settings.devices * settings.num_nodes == 1 else watch(run, show)


def watch(run: Run, show: Callable[[Status], None]) -> Status:
    """Trains `run` in separate processes; Ctrl-C stops them.  Returns the final status."""
    run.launch()
    while True:
        try:
            while (status := run.status).active:
                show(status)
                time.sleep(0.5)
            return status
        except KeyboardInterrupt:
            run.stop()


def describe(status: Status) -> str:
    if status.message:
        return status.message
    words = f"iteration {status.step:,} · {status.images_per_second:.0f} images/s"
    if status.seconds_left is not None:
        minutes, seconds = divmod(round(status.seconds_left), 60)
        words += f" · {minutes // 60}:{minutes % 60:02d}:{seconds:02d} left"
    return words
