"""Bundles: a trained model as a folder that can be shared.

    checkpoints/ours-64/
        config.json          RunConfig, as the run ended          README.md    model card
        model.safetensors    its weights, see `weights_to_share`   report.json  the run in numbers

A run directory has the first and the third as well, its weights as they are in training, so `load_model` takes both.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.torch
import torch
from huggingface_hub import PyTorchModelHubMixin
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from facedemo.config.messages import error_message
from facedemo.config.schema import RunConfig
from facedemo.gans.base import create
from facedemo.pretrained import sampling
from facedemo.pretrained.provenance import Trained
from facedemo.pretrained.seeds import checked_seed
from facedemo.runs.directory import RunError
from facedemo.runs.run import find_run, is_run
from facedemo.storage.locations import CONFIG, WEIGHTS, all_models


class BundleError(ValueError):
    """A folder cannot be used as a model; the message is for users."""


class FaceModel(nn.Module, PyTorchModelHubMixin, library_name="facedemo", license="other", tags=["gan", "faces"]):
    """A trained model that generates faces; `save_pretrained`, `from_pretrained` and `push_to_hub` work on it."""

    def __init__(self, config: dict[str, Any], name: str = "") -> None:
        """config: a `RunConfig` as a JSON-ready dict. Weights are randomly initialised."""
        super().__init__()
        self.config = RunConfig.model_validate(config)
        self._hub_mixin_config = self.config.model_dump(mode="json")  # `save_pretrained` writes everything
        self.name = name or self.config.name
        self.family = create(self.config.family, self.config.model)
        self.has_discriminator = True
        self.trained: Trained | None = None  # how long, if the file of the weights says so
        self.eval()

    @property
    def size(self) -> int:
        return self.config.model.size

    def draw(self, seeds: Iterable[int], scale: float = 1.0) -> np.ndarray:
        """Faces as uint8 (n, size, size, 3), one for each seed: the same seed gives the same face on every machine.

        seeds: whole numbers from 0 to 2**32 − 1.  scale: of the latents, in (0, 2]; below 1, faces are more alike.
        Raises ValueError if there is no seed, or one of them or the scale is out of range.
        """
        return sampling.generate(self, [checked_seed(seed) for seed in seeds], scale)

    @torch.inference_mode()
    def generate(self, latents: Tensor) -> Tensor:
        """latents (n, h) → images (n, 3, size, size) float32 in [−1, 1], by the generator's moving average."""
        return self.family.average(latents).float().clamp(-1.0, 1.0)

    def restore(self, weights: dict[str, Tensor]) -> None:
        """Loads the weights of a file; `weights_to_share` says what may be missing.

        Raises RuntimeError if weights do not fit, and BundleError if some are not finite.
        """
        if not all(torch.isfinite(weight).all() for weight in weights.values() if weight.is_floating_point()):
            raise BundleError(
                f"The weights of “{self.name}” are not all finite numbers, so it cannot generate faces. Its training "
                "diverged or its file is damaged. Choose another model, or an earlier checkpoint of this one."
            )
        self.has_discriminator = any(name.startswith("discriminator.") for name in weights)
        if not self.has_discriminator:  # omitted when the model was shared, as generating faces does not need it
            weights = weights | self.family.discriminator.state_dict(prefix="discriminator.")
        if not any(name.startswith("generator.") for name in weights):
            averages = {name: weight for name, weight in weights.items() if name.startswith("average.")}
            weights = weights | {
                f"generator.{name.removeprefix('average.')}": average for name, average in averages.items()
            }
        self.family.load_state_dict(weights)

    def _save_pretrained(self, save_directory: Path) -> None:
        safetensors.torch.save_file(contiguous(self.family.state_dict()), save_directory / WEIGHTS)

    @classmethod
    def _load_as_safetensor(cls, model: Any, model_file: str, map_location: str, strict: bool) -> Any:
        model.restore(safetensors.torch.load_file(model_file, device=map_location))
        return model.eval()

    @classmethod
    def _load_as_pickle(cls, model: Any, model_file: str, map_location: str, strict: bool) -> Any:
        raise BundleError(
            f"{model_file} is a pickle, which could run code on this computer. Only safetensors files can be loaded."
        )


def contiguous(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}


def weights_to_share(family: nn.Module) -> dict[str, Tensor]:
    """The state dict to share, a third to a half of the training state's size.

    The weights are rounded to half precision, which changes some pixels by a grey level, and only the moving average of
    the generator is included, because it generates the faces. Other state, such as k_t, is unchanged.
    """
    parameters = dict(family.named_parameters())
    state = contiguous(family.state_dict())
    return {
        name: tensor.half() if name in parameters else tensor
        for name, tensor in state.items()
        if not name.startswith("generator.")
    }


def load_model(path: str | Path, weights: Path | None = None) -> FaceModel:
    """The model of a bundle or of a run directory.  Raises BundleError if there is none or it is damaged.

    weights: a file to read instead of the newest weights.
    """
    path = Path(path)
    weights = weights or path / WEIGHTS
    missing = [file.name for file in (path / CONFIG, weights) if not file.is_file()]
    if missing:
        raise BundleError(f"“{path.name}” is not a model: it has no {' and no '.join(missing)}.")
    try:
        config = json.loads((path / CONFIG).read_text("utf8"))
        model = FaceModel(config, name=(is_run(path) and config.get("name")) or path.name)
        with safe_open(weights, "pt") as file:  # opened once, because a training may replace it
            model.restore({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118 - it is no dict
            model.trained = Trained.of_metadata(file.metadata())
    except BundleError:
        raise
    except (ValueError, AttributeError, RecursionError) as error:
        raise BundleError(
            f"The config.json of “{path.name}” is damaged or from another version: {error_message(error)}"
        ) from error
    except (SafetensorError, RuntimeError, OSError) as error:
        message = f"The weights of “{path.name}” are damaged or do not fit its config.json ({weights.name})."
        resume = " Resume the run: its next checkpoint writes them again." if is_run(path) else ""
        raise BundleError(message + resume) from error
    return model.eval()


def find_model(text: str, runs_root: Path | None = None) -> Path:
    """A model's folder by its path, the name of a bundled model, or a run as accepted by `find_run`.

    Raises BundleError if nothing matches.
    """
    for path in (Path(text), *(path for path in all_models() if path.name == text)):
        if (path / CONFIG).is_file():
            return path
    try:
        return find_run(text, runs_root).path
    except RunError:
        names = ", ".join(path.name for path in all_models()) or "none"
        raise BundleError(f"No model or run matches “{text}”. Models: {names}.") from None
