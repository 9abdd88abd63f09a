"""The process that trains a run: `python -m facedemo.worker RUN_DIRECTORY`."""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from facedemo.runs import Run, RunError, Status, replace_file

if TYPE_CHECKING:
    from facedemo.config import RunConfig
    from facedemo.data import Faces
    from facedemo.recorder import Recorder

LOW_PRIORITY = 10  # niceness of a training beside the app

Show = Callable[[Status], None]


@contextmanager
def termination_as_interrupt() -> Iterator[None]:
    """Lets a polite kill end like Ctrl-C: with a checkpoint."""
    before = signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def open_faces(config: "RunConfig", recorder: "Recorder", show: Show) -> "Faces":
    """The run's images, decoded now or taken from the cache, with progress in the status."""
    from facedemo.config import BUILT_IN
    from facedemo.data import prepare
    from facedemo.data.synthetic import draw_faces

    def progress(done: int, total: int | None) -> None:
        of = f" of {total:,}" if total else ""
        recorder.write_status(state="starting", message=f"Preparing images: {done:,}{of}")
        show(recorder.status)

    if config.data.source == BUILT_IN:
        faces = draw_faces(config.model.size, progress)
    else:
        faces = prepare(config.data.source, config.model.size, config.data.crop, progress)
    recorder.log(faces.summary())
    return faces


def execute(run: Run, show: Show = lambda status: None) -> Status:
    """Trains a run to its end in this process; returns its last status, which says how it ended.

    `show` is handed the status whenever it changes.  Raises RunError where another process trains the run.
    """
    lock = FileLock(run.path / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RunError(f"“{run.name}” is being trained by another process.") from None
    with lock, termination_as_interrupt():
        from facedemo.recorder import Recorder

        recorder = Recorder(run)
        try:
            state, message = train(run, recorder, show), ""
        except KeyboardInterrupt:
            state, message = "stopped", ""
        except Exception as error:
            state, message = "failed", str(error) or type(error).__name__
            recorder.log(traceback.format_exc())
        recorder.close()
        recorder.log(f"{state} at iteration {recorder.status.step}. {message}")
        recorder.write_status(state=state, message=message, seconds_left=None)
        show(recorder.status)
        return recorder.status


def settle(run: Run) -> "RunConfig":
    """The run's config with what was "auto" decided, for good: a resumed run must compute as it began."""
    from facedemo import precision

    config = run.config
    chosen = precision.resolve(config.training.precision)
    config = config.model_copy(update={"training": config.training.model_copy(update={"precision": chosen})})
    replace_file(run.path / "config.json", config.model_dump_json(indent=2))
    return config


def train(run: Run, recorder: "Recorder", show: Show) -> str:
    recorder.write_status(state="starting", message="Loading…")
    from facedemo.training import Trainer

    config = settle(run)
    faces = open_faces(config, recorder, show)
    recorder.write_status(state="running", message="")
    trainer = Trainer(recorder, config, faces.images, show)
    try:
        return trainer.train()
    except KeyboardInterrupt:
        recorder.log("interrupted: saving a checkpoint")
        trainer.checkpoint()
        trainer.write_status("stopped")
        return "stopped"


def main() -> None:
    with suppress(AttributeError, OSError):  # Windows has no niceness
        os.nice(LOW_PRIORITY)
    try:
        status = execute(Run(Path(sys.argv[1])))
    except RunError as error:
        sys.exit(str(error))
    sys.exit(1 if status.state == "failed" else 0)


if __name__ == "__main__":
    main()
