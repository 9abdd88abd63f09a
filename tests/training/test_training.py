"""Real trainings of tiny networks: the loop, exact resume after a SIGKILL, steering and the guard."""

import itertools
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from facedemo.config.schema import Budget, RunConfig
from facedemo.data.images import Selection
from facedemo.gans.settings import MetricBounds
from facedemo.runs.run import Run, create_run
from facedemo.storage.atomic import append_line
from facedemo.training import device, health
from facedemo.training.batches import Batches, random_stream
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
        for one, other in zip(left, right, strict=True):
            assert_same(one, other)
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
    one, same, other = (create_run(settings(pictures, 5, seed=seed), tmp_path) for seed in (1, 1, 2))
    for run in (one, same, other):
        execute(run)
    assert_same(weights(one), weights(same))
    assert not torch.equal(weights(one)["generator.map.weight"], weights(other)["generator.map.weight"])


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

    with monkeypatch.context() as patched:
        patched.setattr(FabricUpdates, "apply", apply_and_be_killed)
        assert execute(interrupted).state == "stopped"
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
    place = header.index("recovery")
    older = [",".join(line[:place] + line[place + 1 :]) for line in (header, *rows)]
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
    with pytest.raises(ValueError, match="less than or equal to 1"):
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


def test_every_image_comes_once_an_epoch_whatever_the_batch_size() -> None:
    images = np.arange(10, dtype=np.uint8)[:, None, None, None].repeat(3, axis=3)
    batches = Batches(images, batch_size=4, seed=0, flip=False)
    seen = [row for step in range(5) for row in batches.rows(step)]  # 20 positions: two epochs
    assert Counter(seen[:10]) == Counter(seen[10:]) == Counter(range(10))
    assert seen[:10] != seen[10:]


def test_a_batch_depends_on_its_iteration_alone_and_holds_images_in_range() -> None:
    images = np.random.RandomState(0).randint(0, 256, (12, 4, 4, 3), dtype=np.uint8)
    one, other = (Batches(images, 5, seed=1, flip=True) for _ in range(2))
    for step in range(7):
        one(step)
    torch.testing.assert_close(one(3), other(3), rtol=0, atol=0)
    assert one(0).shape == (5, 3, 4, 4)
    assert float(one(0).min()) >= -1
    assert float(one(0).max()) <= 1


def test_mirroring_turns_some_images_left_to_right_and_no_other_way() -> None:
    images = np.random.RandomState(0).randint(0, 256, (1, 6, 6, 3), dtype=np.uint8)
    batch = Batches(images, 32, seed=0, flip=True)(0)
    upright = torch.from_numpy(images[0].copy()).permute(2, 0, 1).float() / 127.5 - 1
    kinds = Counter(
        "as is" if torch.allclose(image, upright) else "mirrored" if torch.allclose(image, upright.flip(2)) else "?"
        for image in batch
    )
    assert kinds["as is"] > 5
    assert kinds["mirrored"] > 5
    assert kinds["?"] == 0


def test_random_streams_differ_by_seed_purpose_and_index_and_repeat() -> None:
    draws = {
        random_stream(seed, purpose, index).randint(2**31)
        for seed in (0, 1)
        for purpose in ("noise", "flip")
        for index in (0, 1)
    }
    assert len(draws) == 8
    assert random_stream(4, "noise", 2).randint(2**31) == random_stream(4, "noise", 2).randint(2**31)


def test_the_health_check_warns_of_k_at_a_bound_only_when_it_stays_there() -> None:
    watch = health.HealthMonitor((MetricBounds("k", 0.0, 1.0, "low", "high"),), real_spread=0.5)
    for step in range(health.PATIENCE):
        watch.check_metrics({"step": step, "k": 1.0})
    assert watch.warnings == ["high"]
    watch.check_metrics({"step": 999, "k": 0.5})
    assert watch.warnings == []


def test_the_health_check_tells_a_collapsed_batch_from_a_varied_one() -> None:
    watch = health.HealthMonitor((), real_spread=0.5)
    varied = torch.randn(32, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 0.35
    watch.check_samples(varied, step=5000)
    assert watch.warnings == []
    watch.check_samples(varied[:1] + 0.01 * varied, step=5000)
    assert "mode collapse" in watch.warnings[0]
    watch.check_samples(varied[:1] + 0.01 * varied, step=10)  # early samples are always alike
    assert watch.warnings == []


def test_spread_is_the_mean_pairwise_root_mean_square_difference() -> None:
    images = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]])
    # distances 5, 0, 5 over two pixels: mean(5, 0, 5) / √2
    assert health.pairwise_spread(images) == pytest.approx(10 / 3 / 2**0.5)


def test_bf16_is_considered_only_if_the_processor_has_it() -> None:
    assert device.has_bf16({"avx512_bf16": True})
    assert not device.has_bf16({"avx512_f": True, "avx512_bf16": False})
    assert device.precision("32-true") == "32-true"
    assert device.precision("auto") in ("32-true", "bf16-mixed")


@pytest.mark.parametrize(
    ("gpu", "in_hardware", "apple", "expected"),
    [("yes", True, False, "bf16-mixed"), ("old", False, False, "32-true"), ("", False, True, "32-true")],
)
def test_gpus_compute_in_bf16_if_their_hardware_does(
    monkeypatch: pytest.MonkeyPatch, gpu: str, in_hardware: bool, apple: bool, expected: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: bool(gpu))
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: in_hardware)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: apple)
    assert device.precision("auto") == expected


def test_threads_are_a_share_of_the_cores_unless_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "cpu_count", lambda logical: 8)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(6)), raising=False)
    assert [device.threads(0, processes) for processes in (1, 2, 12)] == [6, 3, 1]
    assert device.threads(5, 2) == 5


def test_what_was_read_of_memory_mapped_images_does_not_stay_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "images.u8"
    np.zeros((3000, 64, 64, 3), np.uint8).tofile(path)
    images = np.memmap(path, np.uint8, "r", shape=(3000, 64, 64, 3))
    batches = Batches(Selection(images, range(3000)), 100, seed=0, flip=False)
    sizes = []
    for step in range(30):
        batches.load(step)
        sizes.append(sum(area.rss for area in psutil.Process().memory_maps() if area.path == str(path)))
    assert max(sizes) > 0.5 * path.stat().st_size
    assert min(sizes[15:]) < 0.1 * path.stat().st_size
