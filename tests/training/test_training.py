"""Trainings from start to end: what they leave behind, kills, interruptions, damage and commands."""

import itertools
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from facedemo.config.schema import Budget, RunConfig
from facedemo.runs.run import Run, create_run
from facedemo.storage.atomic import append_line
from facedemo.training.updates import FabricUpdates
from facedemo.training.worker import execute
from tests import forked

SMALL = {"size": 32, "width": 4, "latent": 8, "batch_size": 4}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 80 smooth random pictures, each unlike the others."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.RandomState(0)
    for number in range(80):
        small = Image.fromarray(rng.randint(0, 256, (4, 4, 3), dtype=np.uint8))
        small.resize((40, 40), Image.Resampling.BICUBIC).save(folder / f"{number:02d}.png")
    return folder


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


def settings(pictures: Path, iterations: int = 20, model: dict | None = None, **training: object) -> RunConfig:
    return RunConfig.model_validate(
        {
            "model": {**SMALL, "decay_every": 7, **(model or {})},
            "data": {"source": str(pictures)},
            "budget": {"iterations": iterations},
            "training": {
                **{"precision": "32-true", "threads": 1, "seed": 3},
                **{"log_every": 5, "sample_every": 10, "checkpoint_every": 10},
                **training,
            },
        }
    )  # fmt: skip


def weights(run: Run) -> dict[str, torch.Tensor]:
    return load_file(run.path / "model.safetensors")


def full_state(run: Run) -> dict:
    return torch.load(run.checkpoints()[0], weights_only=True)


def assert_same(left: object, right: object) -> None:
    """Equal to the last bit, all the way down."""
    if isinstance(left, torch.Tensor):
        assert torch.equal(left, right)
    elif isinstance(left, dict):
        assert left.keys() == right.keys()
        for key in left:
            if key != "seconds":
                assert_same(left[key], right[key])
    elif isinstance(left, list | tuple):
        assert len(left) == len(right)
        for own, expected in zip(left, right, strict=True):
            assert_same(own, expected)
    else:
        assert left == right


def wait_until(condition: Callable[[], object], seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing happened in time"
        time.sleep(0.02)


def test_a_run_leaves_behind_all_that_its_directory_promises(pictures: Path, tmp_path: Path) -> None:
    run = create_run(settings(pictures), tmp_path)
    status = execute(run)
    assert (status.state, status.step, status.images, status.progress) == ("finished", 20, 80, 1.0)
    metrics = run.metrics()
    assert metrics["step"] == [5, 10, 15, 20]
    assert metrics["images"] == [20, 40, 60, 80]
    assert metrics["learning_rate_g"] == pytest.approx([3e-4, 2.7e-4, 2.43e-4, 2.43e-4])
    for name in ("loss_real", "loss_fake", "k", "convergence", "gradient_norm_g", "gradient_norm_d"):
        assert np.isfinite(metrics[name]).all()
    assert list(run.samples()) == [0, 10, 20]
    assert Image.open(run.samples()[20]).size == (8 * 34 + 2, 8 * 34 + 2)
    assert [path.name for path in run.checkpoints()] == ["00000020.ckpt", "00000010.ckpt"]
    assert list((run.path / "tensorboard").glob("events*"))
    assert "finished at iteration 20" in run.log_text()
    assert not list(run.path.rglob("*.tmp"))


def test_the_same_seed_trains_the_same_weights_and_another_seed_others(pictures: Path, tmp_path: Path) -> None:
    first, same, other = (create_run(settings(pictures, 5, seed=seed), tmp_path) for seed in (1, 1, 2))
    for run in (first, same, other):
        execute(run)
    assert_same(weights(first), weights(same))
    assert not torch.equal(weights(first)["generator.map.weight"], weights(other)["generator.map.weight"])


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is a thing of POSIX")
def test_a_killed_run_resumes_to_the_very_weights_of_an_uninterrupted_one(pictures: Path, tmp_path: Path) -> None:
    config = settings(pictures, 80, model={"generator": "deconv"}, sample_every=40)
    mark = {"step": 30, "changes": {"gamma": 0.3, "learning_rate_d": 1e-3}, "command": 0}
    whole, killed = create_run(config, tmp_path), create_run(config, tmp_path)
    for run in (whole, killed):
        append_line(run.path / "marks.jsonl", mark)
    execute(whole)
    for stage in (15, 45):  # once before the settings change and once after, between two checkpoints
        process = forked.start(execute, killed)
        wait_until(lambda stage=stage: killed.metrics().get("step", [0])[-1] >= stage)
        process.kill()
        process.join()
        assert killed.status.state == "crashed"
    assert execute(killed).state == "finished"
    assert "resumed at iteration" in killed.log_text()
    assert_same(full_state(whole), full_state(killed))
    assert_same(weights(whole), weights(killed))
    steps = killed.metrics()["step"]
    assert steps == whole.metrics()["step"]
    assert killed.metrics()["loss_real"][-1] == whole.metrics()["loss_real"][-1]


@pytest.mark.parametrize(("family", "update"), [("ours", 7), ("wgan", 20)])
def test_an_interrupted_run_resumes_to_the_very_weights_of_an_uninterrupted_one(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, family: str, update: int
) -> None:
    config = RunConfig.model_validate(settings(pictures, 10).model_dump(exclude={"model"}) | {"family": family})
    config = config.model_copy(update={"model": config.model.model_copy(update=SMALL)})
    whole, interrupted = create_run(config, tmp_path), create_run(config, tmp_path)
    execute(whole)
    apply, updates = FabricUpdates.apply, itertools.count(1)

    def apply_and_be_killed(self: FabricUpdates, *networks: str) -> None:
        apply(self, *networks)
        if next(updates) == update:  # in the middle of an iteration
            signal.raise_signal(signal.SIGTERM if family == "ours" else signal.SIGHUP)

    handler = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # a training ignores it if these tests do, below nohup
    try:
        with monkeypatch.context() as patched:
            patched.setattr(FabricUpdates, "apply", apply_and_be_killed)
            assert execute(interrupted).state == "stopped"
    finally:
        signal.signal(signal.SIGHUP, handler)
    assert execute(interrupted).state == "finished"
    assert_same(full_state(whole), full_state(interrupted))


def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before(pictures: Path, tmp_path: Path) -> None:
    run, whole = (create_run(settings(pictures, 20), tmp_path) for _ in range(2))
    execute(run)
    execute(whole)
    newest = run.checkpoints()[0]
    newest.write_bytes(newest.read_bytes()[:1000])
    assert execute(run).state == "finished"
    assert "resumed at iteration 10" in run.log_text()
    assert_same(weights(run), weights(whole))


def test_a_run_whose_checkpoints_are_all_damaged_is_not_started_over_in_silence(pictures: Path, tmp_path: Path) -> None:
    run = create_run(settings(pictures, 20), tmp_path)
    execute(run)
    before = run.metrics()
    for path in run.checkpoints():
        path.write_bytes(b"no checkpoint")
    status = execute(run)
    assert status.state == "failed"
    assert "None of the run's checkpoints can be read" in status.message
    assert run.metrics() == before


def test_a_run_older_than_a_metric_keeps_its_curves_when_it_goes_on(pictures: Path, tmp_path: Path) -> None:
    run = create_run(settings(pictures, 10), tmp_path)
    execute(run)
    header, *rows = [line.split(",") for line in (run.path / "metrics.csv").read_text().split()]
    column = header.index("recovery")
    older = [",".join(line[:column] + line[column + 1 :]) for line in (header, *rows)]
    (run.path / "metrics.csv").write_text("\r\n".join(older) + "\r\n")
    for iterations in (20, 30):
        run.extend(Budget(iterations=iterations))
        assert execute(run).state == "finished"
    metrics = run.metrics()
    assert "recovery" not in metrics
    assert metrics["step"] == sorted(set(metrics["step"]))
    assert metrics["step"][0] < 10
    assert metrics["step"][-1] == 30


@pytest.mark.slow
def test_a_running_run_gives_way_to_the_app_and_is_paused_steered_continued_and_stopped(
    pictures: Path, tmp_path: Path
) -> None:
    run = create_run(settings(pictures, 1_000_000, sample_every=100_000, checkpoint_every=100_000), tmp_path)
    before = os.nice(0) if hasattr(os, "nice") else None  # Windows has no niceness
    run.launch()
    wait_until(lambda: run.status.step > 0)
    if before is not None:
        assert psutil.Process(run.status.pid).nice() == min(19, before + 10)
        if (group := Path(f"/proc/{run.status.pid}/autogroup")).exists():
            assert "nice 19" in group.read_text("ascii")
    run.pause()
    wait_until(lambda: run.status.state == "paused")
    run.steer(gamma=0.25)
    wait_until(run.setting_changes)
    at = run.setting_changes()[0].step
    assert run.setting_changes()[0].changes == {"gamma": 0.25}
    run.unpause()
    wait_until(lambda: run.status.state == "running" and run.status.step > at)
    run.stop()
    wait_until(lambda: run.status.state == "stopped")
    assert int(run.checkpoints()[0].stem) == run.status.step
    with pytest.raises(ValueError, match="It must be at most 1"):
        run.steer(gamma=7.0)
    assert len(run.setting_changes()) == 1


def test_a_setting_asked_for_while_nothing_trains_takes_effect_on_resume(pictures: Path, tmp_path: Path) -> None:
    run = create_run(settings(pictures, 10), tmp_path)
    run.steer(lambda_k=0.05)
    run.stop()  # meant for no process: it must not stop the one to come
    assert execute(run).state == "finished"
    assert [(change.step, change.changes) for change in run.setting_changes()] == [(0, {"lambda_k": 0.05})]


def test_a_finished_run_goes_on_when_its_budget_grows(pictures: Path, tmp_path: Path) -> None:
    run, whole = create_run(settings(pictures, 10), tmp_path), create_run(settings(pictures, 20), tmp_path)
    execute(run)
    run.extend(run.config.budget.model_copy(update={"iterations": 20}))
    assert execute(run).step == 20
    execute(whole)
    assert_same(weights(run), weights(whole))


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_last_good_checkpoint(
    pictures: Path, tmp_path: Path
) -> None:
    config = settings(pictures, 60, model={"learning_rate_g": 0.0, "rate_floor": 0.0})
    run = create_run(config, tmp_path)
    append_line(run.path / "marks.jsonl", {"step": 12, "changes": {"learning_rate_d": 0.1}, "command": 0})
    poison = create_run(settings(pictures, 10), tmp_path)
    execute(poison)
    state = full_state(poison)
    state["family"]["discriminator.encoder.code.weight"][:] = float("inf")
    torch.save(state | {"step": 40}, run.path / "checkpoints" / "00000040.ckpt")
    status = execute(run)
    assert status.state == "failed"
    assert "no longer a finite number" in status.message
    assert "lower learning rate" in status.message
    assert [path.stem for path in run.checkpoints()] == ["00000040"]  # nothing written over it


def test_failing_data_ends_in_words_not_in_a_traceback(tmp_path: Path) -> None:
    run = create_run(settings(tmp_path / "nothing here"), tmp_path)
    status = execute(run)
    assert status.state == "failed"
    assert "nothing here" in status.message
