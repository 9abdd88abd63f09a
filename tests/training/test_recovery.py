"""A training that diverges goes back to its last checkpoint, with half the learning rates."""

from pathlib import Path

import pytest
import torch

from facedemo.config.schema import RunConfig
from facedemo.gans.registry import VARIABLE
from facedemo.runs.run import Run, create_run
from facedemo.training.worker import execute

FRAGILE = '''
import torch
from facedemo.gans.dcgan.model import DCGAN


class Fragile(DCGAN):
    """Has no finite loss after 12 iterations, unless its learning rate is low enough."""

    def __init__(self, config):
        super().__init__(config)
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))

    def step(self, real, noise, updates):
        self.steps += 1
        row = super().step(real, noise, updates)
        if self.steps > 12 and self.config.learning_rate_g > LIMIT:
            row["loss_generator"] = row["loss_generator"] * float("nan")
        return row
'''


def run_with_limit(limit: float, root: Path, monkeypatch: pytest.MonkeyPatch, **training: object) -> Run:
    """A run whose rates are 3e-4 at first and that diverges while they are above `limit`."""
    file = root / "fragile.py"
    file.write_text(FRAGILE.replace("LIMIT", str(limit)), "utf8")
    monkeypatch.setenv(VARIABLE, f"{file}:Fragile")
    rates = {"learning_rate_g": 3e-4, "learning_rate_d": 3e-4}
    config = {
        "family": "fragile",
        "model": {"size": 32, "width": 4, "latent": 8, "batch_size": 4, **rates},
        "budget": {"iterations": 20},
        "training": {"precision": "32-true", "threads": 1, "log_every": 5, "checkpoint_every": 10, **training},
    }
    return create_run(RunConfig.model_validate(config), root / "runs")


def test_it_halves_the_rates_until_the_training_goes_on_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_with_limit(1e-4, tmp_path, monkeypatch)
    status = execute(run)
    assert (status.state, status.step) == ("finished", 20)
    changes = run.setting_changes()
    assert [(change.step, change.command) for change in changes] == [(10, "recovery"), (10, "recovery")]
    assert [change.changes["learning_rate_g"] for change in changes] == [1.5e-4, 0.75e-4]
    assert run.metrics()["step"] == [5, 10, 15, 20]
    assert run.metrics()["learning_rate_d"] == pytest.approx([3e-4, 3e-4, 0.75e-4, 0.75e-4])
    (warning_text,) = [warning for warning in status.warnings if "diverged" in warning]
    assert warning_text.startswith("The training diverged at iteration 15 and went back to iteration 10")
    assert "(2 of at most 3 times)" in warning_text


def test_after_three_times_it_fails_with_the_advice_that_it_gave_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = run_with_limit(1e-6, tmp_path, monkeypatch)
    status = execute(run)
    assert status.state == "failed"
    assert "loss_generator is no longer a finite number at iteration 15" in status.message
    assert len(run.setting_changes()) == 3
    assert [path.stem for path in run.checkpoints()] == ["00000010"]


def test_without_recovery_or_without_a_checkpoint_it_fails_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for training in ({"recover": False}, {"checkpoint_every": 1000}):
        run = run_with_limit(1e-4, tmp_path, monkeypatch, **training)
        assert execute(run).state == "failed"
        assert run.setting_changes() == []


def test_it_continues_from_the_checkpoint_as_a_resumed_run_with_these_rates_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recovered = run_with_limit(2e-4, tmp_path, monkeypatch)
    assert execute(recovered).state == "finished"
    steered = run_with_limit(2e-4, tmp_path, monkeypatch, recover=False)
    assert execute(steered).state == "failed"  # it keeps its checkpoint of iteration 10
    steered.steer(learning_rate_g=1.5e-4, learning_rate_d=1.5e-4)
    assert execute(steered).state == "finished"
    ours, theirs = (torch.load(run.checkpoints()[0], weights_only=True)["family"] for run in (recovered, steered))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
