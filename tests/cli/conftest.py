"""A folder that commands work in."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to work in, with 70 pictures in `pictures`."""
    home = tmp_path_factory.mktemp("home")
    (home / "pictures").mkdir()
    rng = np.random.RandomState(1)
    for index in range(70):
        small = Image.fromarray(rng.randint(0, 256, (4, 4, 3), dtype=np.uint8))
        small.resize((36, 36)).save(home / "pictures" / f"{index}.png")
    return home
