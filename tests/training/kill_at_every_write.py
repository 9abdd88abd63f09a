"""Trains a tiny run, copies its directory before each of its writes, and resumes every copy.

    python -m tests.training.kill_at_every_write FOLDER

A copy is what a process leaves that is killed at that moment. Prints one line of JSON for each: the write, and what
differs from an uninterrupted run, which should be nothing. One process imports torch; each training is a fork of it.
"""

import json
import os
import shutil
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from facedemo.config.schema import RunConfig
from facedemo.runs.run import Run, create_run
from facedemo.training.worker import execute

TIMES = ("seconds", "images_per_second")  # columns that no two runs share
LANES = 4  # processes side by side, which mostly wait for the disk
WRITING = os.O_WRONLY | os.O_RDWR
CONFIG = {
    "model": {"size": 32, "width": 4, "latent": 8, "batch_size": 4},
    "budget": {"iterations": 3},
    "training": {
        **{"precision": "32-true", "threads": 1, "seed": 3, "log_every": 1, "sample_every": 2, "checkpoint_every": 1},
    },
}


def written(event: str, args: tuple, folder: str) -> str:
    """The file in `folder` that an audit event is about to change; "" for other events."""
    writes = event == "open" and isinstance(args[2], int) and args[2] & WRITING
    if not writes and event not in ("os.rename", "os.remove"):
        return ""
    path = Path(args[0]) if isinstance(args[0], str) else Path()
    # TensorBoard writes in a thread of its own, and its events are read tolerantly
    own = path.is_relative_to(folder) and "tensorboard" not in path.parts and path.name != ".lock"
    return f"{event} {path.relative_to(folder)}" if own and (writes or path.exists()) else ""


def copied_at_every_write(run: Run, copies: Path) -> None:
    """Trains in this process, and copies the run's directory to `copies` before each write, which it names there."""
    folder, lock, threads = f"{run.path}/", threading.Lock(), threading.local()

    def hook(event: str, args: tuple) -> None:
        name = "" if getattr(threads, "copying", False) else written(event, args, folder)
        if name:
            threads.copying = True
            with lock:
                copy = copies / f"{len(list(copies.iterdir())):04d}"
                shutil.copytree(run.path, copy / "run")
                target = copy / "run" / name.partition(" ")[2]
                if event == "open" and args[2] & os.O_TRUNC and target.exists():
                    target.write_bytes(b"")  # what is left if the process is killed right after it opened the file
                (copy / "write.txt").write_text(name, "utf8")
            threads.copying = False

    copies.mkdir()
    sys.addaudithook(hook)
    execute(run)


def forked(function: Callable[..., object], *args: object) -> None:
    """Calls a function in a fork of this process.  Raises ChildProcessError if it fails."""
    if (pid := os.fork()) == 0:
        try:
            torch.set_num_threads(1)
            function(*args)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    if os.waitpid(pid, 0)[1]:
        raise ChildProcessError


def metrics(run: Run) -> dict[str, list[float]]:
    return {name: values for name, values in run.metrics().items() if name not in TIMES}


def differences(run: Run, reference: Run) -> list[str]:
    found = [] if run.status.state == "finished" else [f"it is {run.status.state}: {run.status.message}"]
    names = ["model.safetensors", *(f"samples/{path.name}" for path in reference.samples().values())]
    different = (name for name in names if (run.path / name).read_bytes() != (reference.path / name).read_bytes())
    found += [f"{name} differs" for name in different]
    if metrics(run) != metrics(reference):
        found.append("metrics.csv differs")
    marks = [(change.step, change.changes) for change in run.setting_changes()]
    if marks != [(change.step, change.changes) for change in reference.setting_changes()]:
        found.append(f"marks.jsonl differs: {marks}")
    expected, own = (files(one) for one in (reference, run))
    return found + [f"{name} is left over" for name in own - expected] + [f"no {name}" for name in expected - own]


def files(run: Run) -> set[str]:
    return {str(path.relative_to(run.path)) for path in run.path.rglob("*") if "tensorboard" not in path.parts}


def resume(copy: Path, reference: Run) -> None:
    run = Run(copy / "run")
    execute(run)
    line = {"write": (copy / "write.txt").read_text("utf8"), "differences": differences(run, reference)}
    os.write(1, f"{json.dumps(line)}\n".encode())


def resume_each(copies: Sequence[Path], reference: Run) -> None:
    for copy in copies:
        forked(resume, copy, reference)
        shutil.rmtree(copy)


def main() -> None:
    root = Path(sys.argv[1])
    run, copies = create_run(RunConfig.model_validate(CONFIG), root), root / "copies"
    run.steer(gamma=0.5)
    forked(copied_at_every_write, run, copies)
    found = sorted(copies.iterdir())
    for lane in range(LANES):
        if os.fork() == 0:
            resume_each(found[lane::LANES], run)
            os._exit(0)
    for _ in range(LANES):
        assert os.wait()[1] == 0


if __name__ == "__main__":
    main()
