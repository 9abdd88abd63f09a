"""What an earlier version wrote goes on working: see make.py in the folders of `tests/earlier_versions`."""

import gzip
import runpy
import shutil
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file
from typer.testing import CliRunner

from facedemo.cli import app
from facedemo.config.schema import Budget
from facedemo.pretrained import archive, sampling
from facedemo.pretrained.model import load_model
from facedemo.runs import summary
from facedemo.runs.run import Run, list_runs
from facedemo.training.worker import execute
from tests import forked

FILES = Path(__file__).parents[1] / "earlier_versions" / "55d8366"
GREY_LEVELS = 2  # by which another processor or torch may draw a face differently


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with the images that the stored run was trained on."""
    for name in ("CHECKPOINTS", "RUNS", "CACHE"):
        monkeypatch.setenv(f"FACEDEMO_{name}", str(tmp_path / name.lower()))
    monkeypatch.chdir(tmp_path)
    random = np.random.RandomState(0)
    (tmp_path / "images").mkdir()
    for number in range(64):
        squares = random.randint(0, 256, (5, 5, 3)).astype(np.uint8)
        Image.fromarray(squares.repeat(8, 0).repeat(8, 1)).save(tmp_path / "images" / f"{number:02}.png")
    return tmp_path


@pytest.fixture
def run(home: Path) -> Run:
    """The stored run: 20 iterations, with other settings from the 12th on."""
    with zipfile.ZipFile(FILES / "run.zip") as stored:
        stored.extractall(home / "runs")
    (found,) = list_runs()
    (found.path / "checkpoints").mkdir()
    (packed,) = FILES.glob("*.ckpt.gz")
    (found.path / "checkpoints" / packed.stem).write_bytes(gzip.decompress(packed.read_bytes()))
    return found


@pytest.fixture
def bundle(home: Path) -> Path:
    with zipfile.ZipFile(FILES / "bundle.zip") as stored:
        stored.extractall(home / "checkpoints")
    return home / "checkpoints" / "squares"


def assert_drawn(path: Path, name: str) -> None:
    """That a model draws the faces that the earlier version drew with it."""
    stored = np.load(FILES / "faces.npz")
    drawn = sampling.generate(load_model(path), stored["seeds"].tolist())
    assert np.abs(drawn.astype(int) - stored[name]).max() <= GREY_LEVELS


def continued(run: Run, *iterations: int) -> dict[str, np.ndarray]:
    """The weights after training to each of the iterations, one start after the other."""
    for budget in iterations:
        run.extend(Budget(iterations=budget))
        assert execute(run).state == "finished"
    return {name: tensor.numpy() for name, tensor in load_file(run.path / "model.safetensors").items()}


def test_a_run_is_listed_with_what_it_reached_and_which_settings_were_changed(run: Run) -> None:
    facts = summary.run_facts(run)
    assert (facts.name, facts.family, facts.size, facts.gamma) == ("an earlier version's", "ours", 32, 0.5)
    assert (facts.status.state, facts.status.step, facts.status.images) == ("finished", 20, 80)
    assert facts.measure == "M 0.678"
    assert facts.notes == "Trained by an earlier version."
    assert run.config.model.gamma == 0.7, "the settings it began with"
    assert [(change.step, change.changes) for change in run.setting_changes()] == [
        (12, {"gamma": 0.5, "learning_rate_g": 2e-4})
    ]
    assert sorted(run.samples()) == [0, 12, 20]
    listed = CliRunner().invoke(app, ["runs"])
    assert listed.exit_code == 0
    assert "finished" in listed.output


def test_the_metrics_of_a_run_are_read_by_their_columns(run: Run) -> None:
    metrics = run.metrics()
    assert metrics["step"] == [4, 8, 12, 16, 20]
    assert metrics["images"] == [16, 32, 48, 64, 80]
    assert metrics["learning_rate_g"] == [3e-4, 3e-4, 3e-4, 2e-4, 2e-4]
    assert all(len(column) == 5 and np.isfinite(column).all() for column in metrics.values())


def test_a_run_resumes_to_the_bit_and_reaches_the_weights_of_the_earlier_version(run: Run, home: Path) -> None:
    again = Run(Path(shutil.copytree(run.path, home / "runs" / f"{run.id}-again")))
    at_once, in_two_parts = continued(run, 30), continued(again, 23, 30)
    assert at_once.keys() == in_two_parts.keys()
    for name, weights in at_once.items():
        np.testing.assert_array_equal(weights, in_two_parts[name], err_msg=name)
    for name, weights in load_file(FILES / "after-30-iterations.safetensors").items():
        # stored in half precision; ten iterations change a weight by up to 0.002
        np.testing.assert_allclose(at_once[name], weights.float().numpy(), rtol=1e-3, atol=1e-4, err_msg=name)
    assert run.metrics()["step"] == [4, 8, 12, 16, 20, 24, 28]
    assert run.metrics()["learning_rate_g"][-1] == 2e-4
    assert len(run.setting_changes()) == 1, "what was asked for before is not taken for something new"


def test_the_worker_trains_a_run_on(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run.extend(Budget(iterations=22))
    monkeypatch.chdir(home)
    monkeypatch.setattr(sys, "argv", ["-m", str(run.path)])
    process = forked.start(runpy.run_module, "facedemo.worker", None, "__main__")
    process.join(120)
    assert process.exitcode == 0
    assert (run.status.state, run.status.step) == ("finished", 22)
    assert "resumed at iteration 20" in run.log_text()


def test_a_run_and_a_bundle_draw_the_same_faces(run: Run, bundle: Path) -> None:
    assert_drawn(run.path, "run")
    assert_drawn(bundle, "bundle")


@pytest.mark.parametrize("name", ["run", "bundle"])
def test_an_exported_zip_is_imported_and_draws_the_same_faces(home: Path, name: str) -> None:
    model = archive.import_zip(FILES / f"{name}.zip")
    assert_drawn(model, name)
