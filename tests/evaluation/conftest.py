"""Images for the tests of evaluations."""

import numpy as np
import pytest

from facedemo.pretrained import sampling
from facedemo.pretrained.model import find_model, load_model
from facedemo.pretrained.seeds import face_seeds


def generated(count: int, seed: int = 5) -> np.ndarray:
    return sampling.generate(load_model(find_model("ours-64")), face_seeds(seed, count))


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """Six faces, and two pictures of nothing."""
    nothing = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    return np.concatenate([generated(6), nothing])
