"""Training in the foreground, with a progress bar in the terminal."""

import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from facedemo.runs import queue
from facedemo.runs.run import Run
from facedemo.runs.waiting import wait_for_turn
from facedemo.storage.process_status import Status
from facedemo.training.worker import execute

WORTH_SAYING = 5.0  # seconds in the queue, from which on a log says so


def train_with_progress(run: Run, now: bool = False) -> Status:
    """Trains `run` with a progress bar on standard error, in this process or in several others.

    now: do not wait in the queue.  Returns its final status.  Raises RunError if another process trains it.
    """
    detail = TextColumn("{task.fields[detail]}", markup=False)  # it may hold a run's name
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), detail
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("starting", total=1.0, detail="")
        printed: list[str] = []
        began = time.monotonic()

        def show(status: Status) -> None:
            waits = status.state == "waiting"
            text = waiting_text(run.path) if waits else describe(status)
            late = time.monotonic() - began > WORTH_SAYING
            if waits and late and not printed and not bar.console.is_terminal:  # a log shows the bar only at the end
                printed.append(text)
                bar.console.print(f"{text}; --now starts it at once", markup=False)
            bar.update(task, description=status.state, completed=status.progress, detail=text)
            for warning in status.warnings:
                if warning not in printed:
                    printed.append(warning)
                    bar.console.print(warning, style="yellow", markup=False)

        settings = run.config.training
        if settings.devices * settings.num_nodes > 1:
            return watch(run, show, now)
        return execute(run, show) if wait_for_turn(run, now, show) else run.status


def watch(run: Run, show: Callable[[Status], None], now: bool) -> Status:
    """Trains `run` in separate processes; Ctrl-C stops them.  Returns the final status."""
    run.launch(now)
    while True:
        try:
            while (status := run.status).active:
                show(status)
                time.sleep(0.5)
            return status
        except KeyboardInterrupt:
            run.stop()


def waiting_text(folder: Path) -> str:
    """The place of a waiting training and its expected wait."""
    if (wait := queue.waits().get(folder.resolve())) is None:
        return "waits in the queue"
    text = f"number {wait.position} in the queue"
    return text if wait.seconds is None else f"{text}, starts in about {max(1, round(wait.seconds / 60))} min"


def describe(status: Status) -> str:
    if status.text:
        return status.text
    text = f"iteration {status.step:,} · {status.images_per_second:.0f} images/s"
    if status.seconds_left is not None:
        minutes, seconds = divmod(round(status.seconds_left), 60)
        text += f" · {minutes // 60}:{minutes % 60:02d}:{seconds:02d} left"
    return text
