"""FID and KID, measured with the optional package `torch-fidelity`.

They compare features of the Inception network, whose weights are downloaded when they are first needed. Both are biased
or noisy for few images: compare only values for the same number of images, and with those of real images.
"""

from types import ModuleType

import numpy as np
import torch
from torch.utils.data import Dataset

from facedemo.data.images import Images

FEWEST = 64  # images on each side
SUBSET = 1000  # size of KID's subsets, if there are that many images
NO_PACKAGE = "FID and KID need the package torch-fidelity. Install it with `uv sync --extra fid`."


class FidelityError(ValueError):
    """FID and KID cannot be measured; the message is for users."""


class Pictures(Dataset):
    """Images, uint8 (height, width, 3) each, in the form that torch-fidelity expects."""

    def __init__(self, images: Images, count: int) -> None:
        self.images, self.count = images, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, row: int) -> torch.Tensor:
        return torch.from_numpy(np.array(self.images[row])).permute(2, 0, 1)


def package() -> ModuleType:
    """torch-fidelity, ready to use.  Raises FidelityError if the package or its weights are missing."""
    try:
        import torch_fidelity  # of the extra “fid”, which may be missing
        from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3
    except ImportError as error:
        raise FidelityError(NO_PACKAGE) from error
    try:
        # as torch-fidelity itself does if they are missing
        torch.hub.load_state_dict_from_url(URL_INCEPTION_V3, progress=False)
    except (OSError, RuntimeError) as error:
        folder = torch.hub.get_dir()
        raise FidelityError(
            f"FID and KID need Inception's weights, which could not be downloaded ({error}). Check the connection, or "
            f"put {URL_INCEPTION_V3} into {folder}/checkpoints yourself."
        ) from error
    return torch_fidelity


def fid_and_kid(images: Images, real: Images, count: int) -> tuple[float, float]:
    """FID and KID between the first `count` images of each set, uint8 (height, width, 3).

    Raises FidelityError as `package` does, and for fewer than FEWEST images.
    """
    if count < FEWEST:
        raise FidelityError(f"{count} images are too few for FID and KID: {FEWEST} are needed on each side.")
    metrics = package().calculate_metrics(
        input1=Pictures(images, count),
        input2=Pictures(real, count),
        cuda=torch.cuda.is_available(),
        fid=True,
        kid=True,
        kid_subset_size=min(SUBSET, count),
        cache=False,
        save_cpu_ram=True,  # otherwise it forks this process to read images that are already in memory
        verbose=False,
    )
    return float(metrics["frechet_inception_distance"]), float(metrics["kernel_inception_distance_mean"])
