"""A disk that is full while a checkpoint is written: a small one, mounted for the test."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from facedemo.config.schema import RunConfig
from facedemo.pretrained.provenance import Trained
from facedemo.runs.run import Run, create_run
from facedemo.training import worker
from facedemo.training.recorder import Recorder
from tests.conftest import fill


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunConfig:
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "pictures").mkdir()
    rng = np.random.default_rng(0)
    for number in range(64):
        Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(tmp_path / f"pictures/{number}.png")
    settings = {
        "model": {"size": 32, "width": 4, "latent": 8, "batch_size": 4},
        "data": {"source": str(tmp_path / "pictures")},
        "budget": {"iterations": 20},
        "training": {"precision": "32-true", "threads": 1, "log_every": 5, "sample_every": 10, "checkpoint_every": 10},
    }
    return RunConfig.model_validate(settings)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # that of TensorBoard
@pytest.mark.parametrize("spare", [0, 100_000])
def test_a_full_disk_is_named_in_the_status_and_after_space_is_made_resume_is_exact(
    config: RunConfig, disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spare: int
) -> None:
    whole, run = create_run(config, tmp_path / "whole"), create_run(config, disk)
    assert worker.execute(whole).state == "finished"
    save: Callable[..., None] = Recorder.save_checkpoint

    def save_on_a_full_disk(recorder: Recorder, trained: Trained, *rest: object) -> None:
        if trained.iterations == 20:
            fill(disk / "ballast", spare)
        save(recorder, trained, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(Recorder, "save_checkpoint", save_on_a_full_disk)
        worker.execute(run)
    assert Run(run.path).status.state == "failed"
    assert "No space left on device" in run.status.message
    assert [path.stem for path in run.checkpoints()] == ["00000010"]
    assert not list(run.path.rglob("*.tmp"))
    (disk / "ballast").unlink()
    assert worker.execute(run).state == "finished"
    ours, theirs = (load_file(directory.path / "model.safetensors") for directory in (run, whole))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert run.metrics()["loss_real"] == whole.metrics()["loss_real"]
