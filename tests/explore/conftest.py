"""A short run, for the tests of single steps."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facedemo.config.schema import RunConfig
from facedemo.runs.run import Run, create_run
from facedemo.training.worker import execute


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run of 20 iterations with checkpoints at 10 and 20."""
    folder = tmp_path_factory.mktemp("slow")
    (folder / "pictures").mkdir()
    for number in range(70):
        Image.fromarray(np.random.RandomState(number).randint(0, 256, (40, 40, 3), np.uint8)).save(
            folder / "pictures" / f"{number}.png"
        )
    os.environ["FACEDEMO_CACHE"] = str(folder / "cache")
    config = {
        "model": {
            "size": 32,
            "width": 4,
            "latent": 8,
            "batch_size": 4,
            "decay_every": 7,
            "lambda_k": 0.05,
            "alpha": 0.0,
        },
        "data": {"source": str(folder / "pictures")},
        "budget": {"iterations": 20},
        "training": {"precision": "32-true", "threads": 1, "seed": 3, "log_every": 5, "checkpoint_every": 10},
    }
    run = create_run(RunConfig.model_validate(config), folder / "runs")
    assert execute(run).state == "finished"
    yield run
    del os.environ["FACEDEMO_CACHE"]


@pytest.fixture
def halfway(trained: Run, tmp_path: Path) -> Path:
    """The run as it was after 10 iterations."""
    path = Path(shutil.copytree(trained.path, tmp_path / trained.id))
    Run(path).checkpoints()[0].unlink()
    return path
