"""Every file of a run, damaged in every way: nothing raises a traceback, and the run goes on or says what to do."""

import json
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from facedemo.config.schema import Budget, RunConfig
from facedemo.pretrained.model import BundleError, load_model
from facedemo.runs.directory import RunError
from facedemo.runs.run import Run, create_run
from facedemo.runs.summary import run_facts
from facedemo.training.worker import execute
from tests.damages import DAMAGES

FILES = (
    *("config.json", "status.json", "orders.jsonl", "marks.jsonl", "metrics.csv", "report.json", "notes.md", "log.txt"),
    *("samples/00000002.png", "model.safetensors", "checkpoints/00000004.ckpt", "checkpoints/00000006.ckpt"),
)
NEEDED = ("config.json",)  # without it, nothing is known about the run


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    settings = {
        "model": {"size": 32, "width": 4, "latent": 8, "batch_size": 4},
        "budget": {"iterations": 6},
        "training": {
            **{"precision": "32-true", "threads": 1, "log_every": 1, "sample_every": 2, "checkpoint_every": 2},
        },
    }
    run = create_run(RunConfig.model_validate(settings), tmp_path_factory.mktemp("trained"))
    run.steer(gamma=0.5)
    run.write_notes("My notes: γ = 0.5\n" * 3)
    (run.path / "report.json").write_text(json.dumps({"iterations": 6, "images": 24, "minutes": 1.5}), "utf8")
    assert execute(run).state == "finished"
    run.extend(Budget(iterations=8))
    return run


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_costs_at_most_itself(trained: Run, tmp_path: Path, name: str, damage: str) -> None:
    run = Run(tmp_path / trained.id)
    shutil.copytree(trained.path, run.path)
    path = run.path / name
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    assert run_facts(run).run == run
    assert isinstance(run.metrics(), dict)
    assert all(change.step >= 0 for change in run.setting_changes())
    with suppress(BundleError):
        load_model(run.path)
    try:
        status = execute(run)
    except RunError:
        status = run.status_on_disk()
    assert "Traceback" not in status.message
    if name not in NEEDED:
        assert (status.state, status.step, status.message) == ("finished", 8, "")
