"""The script in docs/ that trains wider models piece by piece; here on the CPU, with a tiny one."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from facedemo.config.presets import configure
from facedemo.pretrained.model import FaceModel, load_model
from facedemo.runs.run import list_runs

SCRIPT = Path(__file__).parents[2] / "docs" / "train-on-a-gpu.sh"

pytestmark = pytest.mark.skipif(shutil.which("uv") is None, reason="no uv on this machine")


def call(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "FACEDEMO_RUNS": str(home / "runs"), "UV_OFFLINE": "1", "UV_NO_SYNC": "1"}
    command = ["bash", SCRIPT, *arguments]
    return subprocess.run(command, cwd=SCRIPT.parents[1], env=env, capture_output=True, text=True, timeout=240)


@pytest.mark.slow
def test_it_trains_the_model_of_the_last_call_on_and_puts_the_result_in_its_place(tmp_path: Path) -> None:
    config = configure({"family": "r3gan", "size": 64, "width": 4, "latent": 64, "iterations": 1})
    model = tmp_path / "models" / "r3gan-64"
    FaceModel(config.model_dump(mode="json")).save_pretrained(model)
    (model / "config.json").write_text(config.model_dump_json(), "utf8")
    before = load_model(model).draw([0])
    tiny = ["--data", "built-in", "--split", "all", "--width", "4", "--batch-size", "4", "--iterations", "2"]
    done = call(tmp_path, "r3gan-64", str(tmp_path / "models"), *tiny, "--threads", "1", "--learning-rate", "0.1")
    assert done.returncode == 0, done.stderr
    (run,) = list_runs(tmp_path / "runs")
    assert run.config.training.start == str(model)
    assert run.config.model.augment == 0.3
    assert (load_model(model).draw([0]) != before).any()
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["r3gan-64"]


def test_it_refuses_a_model_that_it_has_no_settings_for(tmp_path: Path) -> None:
    done = call(tmp_path, "wgan-64", str(tmp_path / "models"))
    assert done.returncode == 2
    assert "not for wgan-64" in done.stderr
