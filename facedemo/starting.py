"""Starting a run from the weights of a trained model instead of new ones: other images, a finer size, another γ.

The run keeps a copy of them in `start/`, so that it can begin on any machine.
"""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facedemo.checkpoints import CONFIG, WEIGHTS
from facedemo.files import read_object

if TYPE_CHECKING:
    from facedemo.bundle import FaceModel
    from facedemo.config import RunConfig

FOLDER = "start"


def settings(start: str, runs_root: Path | None = None) -> dict[str, Any]:
    """What a run has to share with the model it starts from: its family, its networks' settings and its crop.

    start: as `bundle.find` takes it.  Raises BundleError where there is no such model, or it cannot be read.
    """
    config = load(start, runs_root)[1].config.model_dump(mode="json")
    return {"family": config["family"], "model": config["model"], "data": {"crop": config["data"]["crop"]}}


def load(start: str, runs_root: Path | None = None) -> "tuple[Path, FaceModel]":
    from facedemo import bundle

    path = bundle.find(start, runs_root)
    return path, bundle.load(path)


def copy(config: "RunConfig", run: Path) -> None:
    """Gives a new run directory the weights that its config starts from.

    Raises ValueError where there is no such model, it was shared without its discriminator, or its weights do not fit.
    """
    from facedemo.families import create

    path, model = load(config.training.start, run.parent)
    if not model.has_discriminator:
        raise ValueError(f"“{model.name}” has no discriminator, so no training can start from it.")
    create(config.family, config.model).start_from(model.family)
    (run / FOLDER).mkdir()
    shutil.copyfile(path / WEIGHTS, run / FOLDER / WEIGHTS)
    (run / FOLDER / CONFIG).write_text(model.config.without_paths().model_dump_json(indent=2), "utf8")
    (run / FOLDER / "report.json").write_text(json.dumps({"images": images_seen(path)}), "utf8")


def model_of(run: Path) -> "FaceModel | None":
    """The model that a run starts from; None for new weights."""
    from facedemo import bundle

    return bundle.load(run / FOLDER) if (run / FOLDER).is_dir() else None


def images_seen(folder: Path) -> int:
    """Real images that training has shown to the model of a run or a bundle, from its first random weights on."""
    known = read_object(folder / "status.json") or read_object(folder / "report.json")
    return number(known.get("images")) + images_before(folder)


def images_before(folder: Path) -> int:
    """Those that the model had seen that a run or a bundle started from; 0 where it had new weights."""
    kept = read_object(folder / FOLDER / "report.json").get("images")
    return number(kept or read_object(folder / "report.json").get("images_before"))


def number(found: Any) -> int:
    return found if isinstance(found, int) else 0
