"""A folder that commands work in, and what they answer."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import Done


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


def facedemo_process(home: Path, *words: str) -> Done:
    """Runs a command in the folder `home` as a shell does."""
    done = subprocess.run(
        [sys.executable, "-c", "from facedemo.cli import main; main()", *words],
        cwd=home,
        env={**os.environ, "FACEDEMO_CACHE": str(home / "cache"), "COLUMNS": "120"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    return Done(done.returncode, done.stdout, done.stderr)
