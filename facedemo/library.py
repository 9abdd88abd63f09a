"""The library's public interface: `import facedemo`, then `load`, `train` and `verify`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from facedemo.config.schema import BUILTIN_SOURCE
from facedemo.data.scan import check_enough
from facedemo.data.source_files import existing
from facedemo.evaluation.report import Report
from facedemo.evaluation.request import EvaluationRequest
from facedemo.evaluation.verify import verify as verify_model
from facedemo.pretrained.model import FaceModel, find_model, load_model
from facedemo.runs.directory import RunError
from facedemo.runs.run import Run
from facedemo.training import warm_start
from facedemo.training.console import train_with_progress

__all__ = ["FaceModel", "Report", "Run", "RunError", "load", "train", "verify"]


def load(model: str | Path | Run) -> FaceModel:
    """A trained model.

    model: the name of a bundled model, such as "ours-64"; the folder of a model or a run; or a `Run`.  Raises
    ValueError if there is no such model or its files are damaged.
    """
    return load_model(model.path if isinstance(model, Run) else find_model(str(model)))


def train(
    data: str | Path | Sequence[str | Path] = BUILTIN_SOURCE,
    preset: str | None = None,
    start_from: str | Path | Run | None = None,
    now: bool = False,
    **settings: Any,
) -> Run:
    """Trains a model in this process, with a progress bar on standard error, and returns its run.

    data: a folder of images, a .zip or .tar of one, a CelebA folder, a list of these, or "built-in" faces.  preset: a
    name such as "minute".  start_from: a trained model to fine-tune.  now: do not wait for other trainings on this
    computer.  settings: any other settings of a run, such as size=64, minutes=5, gamma=0.6 or family="dcgan"; `facedemo
    train --help` lists them.  Raises ValueError for invalid settings, and RunError if the training failed.
    """
    start = str(start_from.path if isinstance(start_from, Run) else start_from) if start_from else ""
    source = data if isinstance(data, str | Path) else "\n".join(map(str, data))
    if source != BUILTIN_SOURCE:
        source = existing(str(source))
        check_enough(source, settings.get("crop", "auto"))
    settings |= {"source": source, **({"start": start} if start else {})}
    run = warm_start.new_run(warm_start.configured(settings, preset))
    status = train_with_progress(run, now)
    if status.state == "failed":
        raise RunError(f"{status.message} (details in {run.path / 'log.txt'})")
    return run


def verify(
    model: str | Path | Run | FaceModel,
    count: int = 1000,
    data: str | Path | None = None,
    seed: int = 0,
    **request_fields: Any,
) -> Report:
    """Evaluates `count` faces of a model: detection, distinct people, and distance to real faces.

    model: as for `load`, or a loaded model.  data: real images to compare with, of which the test split is used.
    request_fields: further fields of `facedemo.evaluation.request.EvaluationRequest`, such as split="all", to compare
    with all of these images, or copies=True.  Raises ValueError if these fields contradict each other or the images
    cannot be used.
    """
    loaded = model if isinstance(model, FaceModel) else load(model)
    source = str(data) if data is not None else None
    return verify_model(loaded, EvaluationRequest(count, seed, source, **request_fields))[0]
