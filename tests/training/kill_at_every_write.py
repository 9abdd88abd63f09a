"""Trains a tiny run in child processes, each of which is killed before another one of its writes, and resumes it.

    python -m tests.training.kill_at_every_write FOLDER

Prints one line of JSON for each point: the write, and what differs from an uninterrupted run, which should be nothing.
One process imports torch for all of them; each run is a fork of it.
"""

import json
import os
import shutil
import signal
import sys
import traceback
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


def train(run: Run, kill_at: int, report: Path) -> None:
    """Trains in this process, which is killed before write number `kill_at`; 0: never."""
    torch.set_num_threads(1)
    folder, count = f"{run.path}/", 0

    def hook(event: str, args: tuple) -> None:
        nonlocal count
        if name := written(event, args, folder):
            count += 1
            if count == kill_at:
                report.write_text(name, "utf8")
                os.kill(os.getpid(), signal.SIGKILL)

    if kill_at:
        sys.addaudithook(hook)
    execute(run)


def forked(run: Run, kill_at: int, report: Path) -> int:
    """The exit status of a process that trains."""
    if (pid := os.fork()) == 0:
        try:
            train(run, kill_at, report)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    return os.waitpid(pid, 0)[1]


def metrics(run: Run) -> dict[str, list[float]]:
    return {name: values for name, values in run.metrics().items() if name not in TIMES}


def differences(run: Run, reference: Run) -> list[str]:
    problems = [] if run.status.state == "finished" else [f"it is {run.status.state}: {run.status.message}"]
    names = ["model.safetensors", *(f"samples/{path.name}" for path in reference.samples().values())]
    different = (name for name in names if (run.path / name).read_bytes() != (reference.path / name).read_bytes())
    problems += [f"{name} differs" for name in different]
    if metrics(run) != metrics(reference):
        problems.append("metrics.csv differs")
    marks = [(change.step, change.changes) for change in run.setting_changes()]
    if marks != [(change.step, change.changes) for change in reference.setting_changes()]:
        problems.append(f"marks.jsonl differs: {marks}")
    expected, own = (files(directory) for directory in (reference, run))
    return problems + [f"{name} is left over" for name in own - expected] + [f"no {name}" for name in expected - own]


def files(run: Run) -> set[str]:
    return {str(path.relative_to(run.path)) for path in run.path.rglob("*") if "tensorboard" not in path.parts}


def kill_and_resume(new: Run, reference: Run, lane: int) -> None:
    """Kills and resumes copies of a run at every LANES-th write, until one finishes before it is killed."""
    copy, report = Run(new.path.parent / f"killed-{lane}"), new.path.parent / f"point-{lane}.txt"
    for point in range(lane, 10_000, LANES):
        shutil.rmtree(copy.path, ignore_errors=True)
        shutil.copytree(new.path, copy.path)
        if forked(copy, point, report) == 0:
            return
        forked(copy, 0, report)
        line = {"point": point, "write": report.read_text("utf8"), "differences": differences(copy, reference)}
        os.write(1, f"{json.dumps(line)}\n".encode())


def main() -> None:
    root = Path(sys.argv[1])
    new, reference = create_run(RunConfig.model_validate(CONFIG), root), Run(root / "reference")
    new.steer(gamma=0.5)
    shutil.copytree(new.path, reference.path)
    assert forked(reference, 0, root / "none") == 0
    for lane in range(1, LANES + 1):
        if os.fork() == 0:
            kill_and_resume(new, reference, lane)
            os._exit(0)
    for _ in range(LANES):
        assert os.wait()[1] == 0


if __name__ == "__main__":
    main()
