"""Starting a run from the weights of a trained model instead of new ones: other images, a finer size, another γ.

The run keeps a copy of them in `start/`, so that it can begin on any machine.
"""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facedemo.config.schema import RunConfig
from facedemo.gans.base import Family, create
from facedemo.pretrained.model import FaceModel, find_model, load_model
from facedemo.pretrained.provenance import START, images_seen
from facedemo.runs.run import Run, create_run
from facedemo.storage.atomic import flush_folder
from facedemo.storage.locations import CONFIG, WEIGHTS
from facedemo.training.batches import Batches

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from torch import Tensor


CODED, BATCH = 8192, 64  # images whose codes are matched, so many at a time


def settings(start: str, runs_root: Path | None = None) -> dict[str, Any]:
    """What a run has to share with the model it starts from: its family, its networks' settings and its crop.

    start: as `find_model` takes it.  Raises BundleError where there is no such model, or it cannot be read.
    """
    config = load(start, runs_root)[1].config.model_dump(mode="json")
    return {"family": config["family"], "model": config["model"], "data": {"crop": config["data"]["crop"]}}


def load(start: str, runs_root: Path | None = None) -> "tuple[Path, FaceModel]":
    path = find_model(start, runs_root)
    return path, load_model(path)


def new_run(config: "RunConfig", root: Path | None = None) -> Run:
    """A new run directory with its config and, if it fine-tunes a model, that model's weights.

    Raises ValueError if that model is not there or its weights do not fit; there is no run then.
    """
    run = create_run(config, root)
    if config.training.start:
        try:
            copy_start(config, run.path)
        except (ValueError, OSError):
            shutil.rmtree(run.path)
            raise
    return run


def copy_start(config: "RunConfig", run: Path) -> None:
    """Gives a new run directory the weights that its config starts from.

    Raises ValueError where there is no such model, it was shared without its discriminator, its weights do not fit, or
    its codes are to be matched and cannot be.
    """
    path, model = load(config.training.start, run.parent)
    if not model.has_discriminator:
        raise ValueError(f"“{model.name}” has no discriminator, so no training can start from it.")
    family = create(config.family, config.model)
    family.start_from(model.family)
    if config.training.match_codes and not family.matches_codes:
        raise ValueError("Matching codes takes an encoder and a generator like the decoder. This model has not both.")
    (run / START).mkdir()
    shutil.copyfile(path / WEIGHTS, run / START / WEIGHTS)
    (run / START / CONFIG).write_text(model.config.without_paths().model_dump_json(indent=2), "utf8")
    (run / START / "report.json").write_text(json.dumps({"images": images_seen(path)}), "utf8")
    flush_folder(run / START)


def model_of(run: Path) -> "FaceModel | None":
    """The model that a run starts from; None for new weights."""
    return load_model(run / START) if (run / START).is_dir() else None


def begin(
    family: "Family",
    model: "FaceModel",
    config: "RunConfig",
    images: "Sequence[np.ndarray]",
    progress: "Callable[[int, int], None]",
) -> None:
    """Gives a run's family the weights of its start, their codes matched to the images where its config asks for that.

    images: n of uint8 (s, s, 3), of which CODED are looked at.  progress: called with (looked at, of how many).
    Raises ValueError where that cannot be.
    """
    family.start_from(model.family)
    if config.training.match_codes:
        batches = Batches(images, BATCH, config.training.seed, config.data.flip)
        device, count = next(family.parameters()).device, min(len(images), CODED) // BATCH

        def seen() -> "Iterator[Tensor]":
            for i in range(count):
                progress(i * BATCH, count * BATCH)
                yield batches.load(i).to(device)

        family.match_codes(seen(), config.training.match_codes)
