"""Real trainings on several processes of this machine: same updates as one process, resumed, and ended by a death."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from PIL import Image
from pydantic import ValidationError
from safetensors.torch import load_file

from facedemo.config.schema import RunConfig
from facedemo.gans.registry import VARIABLE
from facedemo.runs.run import Run, create_run
from facedemo.storage.atomic import replace_file
from facedemo.training import worker
from facedemo.training.batches import Batches
from facedemo.training.worker import execute
from tests import forked
from tests.conftest import facedemo

pytestmark = pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="torch has no gloo here")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.RandomState(0)
    for number in range(80):
        small = Image.fromarray(rng.randint(0, 256, (4, 4, 3), dtype=np.uint8))
        small.resize((40, 40), Image.Resampling.BICUBIC).save(folder / f"{number:02d}.png")
    return folder


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path_factory.getbasetemp() / "cache"))


def settings(pictures: Path, iterations: int, **training: object) -> RunConfig:
    return RunConfig.model_validate(
        {
            # without batch normalisation, whose statistics are each process's own
            "model": {"size": 32, "width": 4, "latent": 8, "batch_size": 8, "generator": "decoder"},
            "data": {"source": str(pictures)},
            "budget": {"iterations": iterations},
            "training": {
                "precision": "32-true",
                "threads": 1,
                "seed": 3,
                "log_every": 5,
                "checkpoint_every": 10,
                **training,
            },
        }
    )


def wait_until(condition: Callable[[], object], seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing happened in time"
        time.sleep(0.05)


def assert_close(first: Run, second: Run) -> None:
    """Same metrics and weights, but for the order in which float32 sums are added up."""
    a, b = first.metrics(), second.metrics()
    assert a["step"] == b["step"]
    for name in ("loss_real", "loss_fake", "k", "convergence", "gradient_norm_g", "gradient_norm_d"):
        assert a[name] == pytest.approx(b[name], rel=2e-3), name
    left, right = (load_file(run.path / "model.safetensors") for run in (first, second))
    for name in left:
        torch.testing.assert_close(left[name], right[name], rtol=1e-2, atol=2e-3, msg=name)


@pytest.fixture(scope="module")
def alone(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = create_run(settings(pictures, 20), tmp_path_factory.mktemp("alone"))
    assert execute(run).state == "finished"
    return run


@pytest.mark.slow
def test_two_nodes_train_what_one_process_trains_also_when_torchrun_goes_on_with_two_on_one_node(
    alone: Run, pictures: Path, tmp_path: Path
) -> None:
    run = create_run(settings(pictures, 10, num_nodes=2), tmp_path)
    assert exit_codes(on_two_nodes(run, run)) == [0, 0]
    assert (run.status.state, run.status.images) == ("finished", 80)
    assert "2 process(es)" in run.log_text()
    replace_file(run.path / "config.json", settings(pictures, 20, devices=2).model_dump_json())
    torchrun = ["torch.distributed.run", "--nproc-per-node", "2", "--master-port", str(free_port())]
    subprocess.run([sys.executable, "-m", *torchrun, "-m", "facedemo.worker", str(run.path)], check=True, timeout=240)
    assert (run.status.state, run.status.step) == ("finished", 20)
    assert "resumed at iteration 10" in run.log_text()
    assert_close(alone, run)


@pytest.mark.slow
def test_computers_that_see_different_checkpoints_go_on_from_the_one_that_the_first_chooses(
    alone: Run, pictures: Path, tmp_path: Path
) -> None:
    first = create_run(settings(pictures, 10, num_nodes=1), tmp_path)
    execute(first)
    replace_file(first.path / "config.json", settings(pictures, 20, num_nodes=2, checkpoint_every=5).model_dump_json())
    second = Run(tmp_path / "second")  # what the second computer sees of the same run
    shutil.copytree(first.path, second.path)
    (first.path / "checkpoints" / "00000015.ckpt").write_bytes(b"damaged")
    later = torch.load(second.checkpoints()[0], weights_only=True) | {"step": 15}
    torch.save(later, second.path / "checkpoints" / "00000015.ckpt")
    assert exit_codes(on_two_nodes(first, second)) == [0, 0]
    assert "trying the previous checkpoint" in first.log_text()
    assert_close(alone, first)


def exit_codes(processes: list[BaseProcess]) -> list[int | None]:
    for process in processes:
        process.join(240)
    return [process.exitcode for process in processes]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def on_two_nodes(*runs: Run) -> list[BaseProcess]:
    """Processes that train a run on two nodes, as torchrun starts them; each sees it as a directory of its own."""
    common = {"WORLD_SIZE": 2, "LOCAL_WORLD_SIZE": 1, "LOCAL_RANK": 0, "TORCHELASTIC_RUN_ID": "none"}
    common |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port()}
    processes = []
    for node, run in enumerate(runs):
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {**common, "RANK": node, "GROUP_RANK": node}.items():
                patch.setenv(name, str(value))
            patch.setattr(sys, "argv", ["worker", str(run.path)])
            processes.append(forked.start(worker.main))
    return processes


@pytest.mark.slow
def test_the_death_of_one_process_ends_the_run_and_says_so(pictures: Path, tmp_path: Path) -> None:
    run = create_run(settings(pictures, 1_000_000, devices=2), tmp_path)
    leader = subprocess.Popen([sys.executable, "-m", "facedemo.worker", str(run.path)], stderr=subprocess.DEVNULL)
    wait_until(lambda: run.status.step >= 15)
    [other] = psutil.Process(leader.pid).children()
    os.kill(other.pid, signal.SIGKILL)
    leader.wait(60)
    assert run.status.state in ("failed", "crashed")
    assert "Resume" in run.status.message
    assert run.checkpoints()


UNEVEN = '''
import torch
from facedemo.gans.dcgan.model import DCGAN


class Uneven(DCGAN):
    """Its batch statistics are no finite numbers, but only those of the second process."""

    def step(self, real, noise, updates):
        row = super().step(real, noise, updates)
        if torch.distributed.get_rank() == 1:
            next(buffer for name, buffer in self.named_buffers() if name.endswith("running_var")).fill_(float("nan"))
        return row
'''


@pytest.mark.slow
def test_whether_a_training_has_diverged_is_decided_by_the_first_process_for_all(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "uneven.py").write_text(UNEVEN, "utf8")
    monkeypatch.setenv(VARIABLE, f"{tmp_path / 'uneven.py'}:Uneven")
    config = settings(pictures, 4, num_nodes=2, checkpoint_every=2).model_dump(mode="json")
    model = {name: config["model"][name] for name in ("size", "width", "latent", "batch_size")}
    run = create_run(RunConfig.model_validate(config | {"family": "uneven", "model": model}), tmp_path)
    assert exit_codes(on_two_nodes(run, run)) == [0, 0], run.log_text()
    assert run.status.state == "finished", run.status.message


@pytest.mark.slow
def test_stopping_a_run_of_two_processes_keeps_a_checkpoint_of_the_moment(pictures: Path, tmp_path: Path) -> None:
    run = create_run(settings(pictures, 1_000_000, num_nodes=2, checkpoint_every=1_000_000), tmp_path)
    nodes = on_two_nodes(run, run)
    wait_until(lambda: run.status.step >= 5)
    run.steer(gamma=0.25)
    wait_until(run.setting_changes)
    run.stop()
    assert exit_codes(nodes) == [0, 0]
    assert run.status.state == "stopped"
    assert run.checkpoints()[0].name == f"{run.status.step:08d}.ckpt"


def test_processes_share_each_batch_without_repetition() -> None:
    images = np.arange(12, dtype=np.uint8).reshape(12, 1, 1, 1).repeat(3, axis=3)
    whole = Batches(images, 4, seed=1, flip=True)
    shares = [Batches(images, 4, seed=1, flip=True, process=process, processes=2) for process in range(2)]
    for step in range(7):
        assert torch.equal(whole(step), torch.cat([share(step) for share in shares]))


def test_a_batch_that_the_processes_cannot_share_is_refused_in_words(pictures: Path) -> None:
    with pytest.raises(ValidationError, match="cannot be shared equally by 3 processes"):
        settings(pictures, 1, devices=3)


@pytest.mark.slow
def test_the_command_line_watches_a_run_of_two_processes(pictures: Path, tmp_path: Path) -> None:
    arguments = [
        "train",
        "--data",
        str(pictures),
        "--size",
        "32",
        "--width",
        "4",
        "--batch-size",
        "8",
        "--devices",
        "2",
    ]
    arguments += ["--iterations", "5", "--precision", "32-true", "--runs-dir", str(tmp_path)]
    done = facedemo(tmp_path, *arguments)
    assert done.returncode == 0, done.stderr
    assert Run(Path(done.stdout.splitlines()[-1])).status.state == "finished"
