"""Checkpoints: the full state of a training, from which it resumes exactly as if it had not been interrupted."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from facedemo.runs.directory import RunError
from facedemo.runs.run import Run


@dataclass(frozen=True)
class Checkpoint:
    """step: iterations so far.  seconds: of training so far.  optimizers: their states by network."""

    step: int
    seconds: float
    family: dict[str, Tensor]
    optimizers: dict[str, dict[str, Any]]


def read_checkpoint(path: Path) -> Checkpoint:
    state = torch.load(path, map_location="cpu", weights_only=True)
    return Checkpoint(**{field.name: state[field.name] for field in fields(Checkpoint)})


def newest_checkpoint(run: Run, log: Callable[[str], None]) -> tuple[Path, Checkpoint] | None:
    """The newest checkpoint that can be read, and its file; `log` is called with a message for those that cannot."""
    for path in run.checkpoints():
        try:
            return path, read_checkpoint(path)
        # unpickling a damaged file raises many kinds of errors; the previous checkpoint is used instead
        except Exception as error:
            log(f"{path.name} cannot be read ({error}); trying the previous checkpoint")
    return None


def common_checkpoint(fabric: Fabric, run: Run, log: Callable[[str], None]) -> Checkpoint | None:
    """The newest readable checkpoint of rank 0, for all processes of a run; None if there are no checkpoints.

    Computers that share a folder may see different files for a while.  Raises RunError if none can be read.
    """
    newest = newest_checkpoint(run, log) if fabric.is_global_zero else None
    name, exist = fabric.broadcast((newest[0].name if newest else "", bool(run.checkpoints())))
    if exist and not name:
        raise RunError(
            "None of the run's checkpoints can be read, so it cannot be resumed. Delete the files in its "
            "folder “checkpoints” to train it again from the start."
        )
    if newest or not name:
        return newest[1] if newest else None
    return read_checkpoint(run.path / "checkpoints" / name)
