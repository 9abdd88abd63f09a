"""A process that trains a run: `python -m facedemo.worker RUN_DIRECTORY`.

If a run has several processes, the first one starts the others, or torchrun or Slurm starts all of them; only the first
one writes.
"""

import errno
import hashlib
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from facedemo.config.messages import error_message
from facedemo.config.schema import BUILTIN_SOURCE, RunConfig
from facedemo.data.builtin import builtin_faces
from facedemo.data.images import Images, Selection
from facedemo.data.preparation import prepare
from facedemo.data.source_files import expanded, lines
from facedemo.data.splits import known_people, split_rows
from facedemo.runs.directory import LOG, RunError
from facedemo.runs.heartbeat import heartbeat
from facedemo.runs.run import Run
from facedemo.storage.atomic import append_log, replace_file
from facedemo.storage.locations import CONFIG
from facedemo.storage.output import protect_output
from facedemo.storage.process import lower_priority, termination_as_interrupt
from facedemo.storage.process_status import Status
from facedemo.training import device, speed, warm_start
from facedemo.training.recorder import AnyRecorder, NullRecorder, Recorder
from facedemo.training.trainer import Trainer

PATIENCE = 120  # seconds for which the other processes wait for the first one


def reporter(what: str, recorder: AnyRecorder) -> Callable[[int, int | None], None]:
    """Reports the progress of a preparation step in the run's status."""

    def report(done: int, total: int | None) -> None:
        recorder.write_status(state="starting", message="", phase=what, done=done, total=total)

    return report


def open_images(config: RunConfig, recorder: AnyRecorder) -> Images:
    """The run's images, decoded now or read from the cache, with progress in the status."""
    progress = reporter("Preparing images", recorder)
    if config.data.source == BUILTIN_SOURCE:
        faces = builtin_faces(config.model.size)
    else:
        check_place(config.data.source, resumed=bool(recorder.run.checkpoints()))
        faces = prepare(config.data.source, config.model.size, config.data.crop, progress)
    recorder.log(faces.summary())
    if config.data.split != "all":
        recorder.log(known_people(faces.names, config.data.source).basis)
    rows = split_rows(faces, config.data.source, config.data.split)
    recorder.check_images(len(rows), hashlib.blake2b(f"{faces.digest} {list(rows)}".encode()).hexdigest())
    return Selection(faces.images, rows)


def check_place(source: str, resumed: bool) -> None:
    """Raises RunError if a resumed run's images are no longer where they were."""
    missing = [line for line in lines(source) if not expanded(line).exists()]
    if resumed and missing:
        raise RunError(
            f"There is no file or folder {missing[0]} any more. If the images have moved, resume with their new path: "
            "--data on the command line, or “Images” beside Resume in the app."
        )


def reason(error: Exception) -> str:
    """The message for the status of a failed run or race."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{error.strerror}. Free some space, then resume: the training continues from its last checkpoint."
    return error_message(error) or type(error).__name__


def execute(run: Run, show: Callable[[Status], None] = lambda status: None) -> Status:
    """Trains a run to its end in this process; returns its final status.

    `show` is called with the status whenever it changes.  Raises RunError if another process trains the run.
    """
    with run.exclusive(f"“{run.name}” is being trained by another process.", to_train=True), termination_as_interrupt():
        recorder = Recorder(run, show)
        recorder.tidy()
        try:
            with heartbeat(recorder.write_status):
                state, message = train(run, recorder), ""
        except KeyboardInterrupt:
            state, message = "stopped", ""
        except Exception as error:
            state, message = "failed", reason(error)
            recorder.log(traceback.format_exc())
        recorder.log(f"{state} at iteration {recorder.status.step}. {message}")
        recorder.write_status(state=state, message=message, phase="", seconds_left=None)
        return recorder.status


def is_first_process() -> bool:
    """Whether this process has rank 0, according to the environment set by torchrun, Slurm or Fabric."""
    ranks = (os.environ.get(name) for name in ("RANK", "SLURM_PROCID", "LOCAL_RANK"))
    return int(next((rank for rank in ranks if rank), 0)) == 0


def run_secondary_rank(run: Run) -> None:
    """Trains as a rank other than 0, for as long as the first process does."""
    try:
        train(run, NullRecorder(run))
    except Exception:
        append_log(run.path / LOG, f"process {os.getpid()}: {traceback.format_exc()}")
        sys.exit(1)


def resolve_auto(run: Run) -> RunConfig:
    """The run's config with “auto” resolved permanently: a resumed run must compute as it started."""
    config = run.config
    chosen = device.precision(config.training.precision)
    config = config.model_copy(update={"training": config.training.model_copy(update={"precision": chosen})})
    replace_file(run.path / CONFIG, config.model_dump_json(indent=2))
    return config


def wait_for_resolved_config(run: Run) -> RunConfig:
    """The run's config, after waiting until the first process has resolved “auto”."""
    deadline = time.time() + PATIENCE
    while (config := run.config).training.precision == "auto":
        if time.time() > deadline:
            raise RunError("The first process of the training did not start.")
        time.sleep(0.1)
    return config


def train(run: Run, recorder: AnyRecorder) -> str:
    recorder.write_status(state="starting", message="Loading…")
    config = resolve_auto(run) if is_first_process() else wait_for_resolved_config(run)
    fabric = device.start_fabric(config.training)
    with fabric.rank_zero_first(local=True):
        images = open_images(config, recorder)
    recorder.write_status(state="running", message="", phase="")
    trainer = Trainer(fabric, recorder, config, images)
    # computers that share a folder may see different files for a while, so rank 0 decides for all
    if fabric.broadcast(warm_start.is_needed(run)):
        start = warm_start.model_of(run.path)
        recorder.log(f"starts from the weights of {config.training.start}")
        trainer.family.start_from(start.family)
    try:
        state = trainer.train()
        if state == "finished" and trainer.clock.seconds > speed.LEAST_SECONDS:
            speed.store_speed(run.config, trainer.images / trainer.clock.seconds)
        return state
    except KeyboardInterrupt:
        # several processes would have to synchronise for a checkpoint, but are at different points
        if fabric.world_size == 1:
            recorder.log("interrupted: saving a checkpoint")
            trainer.checkpoint()
        trainer.write_status("stopped")
        return "stopped"
    except RuntimeError as error:
        if fabric.world_size > 1 and "gloo" in str(error).lower():
            raise RunError("Another process of this run exited. Resume continues from the last checkpoint.") from error
        raise
    finally:
        trainer.metrics.close()


def main() -> None:
    protect_output()
    lower_priority()
    run = Run(Path(sys.argv[1]))
    if not is_first_process():
        run_secondary_rank(run)
        return
    try:
        status = execute(run)
    except RunError as error:
        sys.exit(str(error))
    sys.exit(1 if status.state == "failed" else 0)


if __name__ == "__main__":
    main()
