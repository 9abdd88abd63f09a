"""The benchmarks measure what they say; how fast anything is, no test asserts."""

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from facedemo.benchmarks import classroom, decoding, generating, memory, starts, training
from facedemo.benchmarks.textbook import Textbook, write_jpegs
from facedemo.cli.bench import write
from facedemo.config.presets import configure
from facedemo.config.schema import RunConfig
from facedemo.pretrained.model import find_model, load_model
from facedemo.runs.run import create_run
from facedemo.storage.process_status import Status, process_facts
from tests.conftest import RunMaker


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (64, 32, 32, 3), dtype=np.uint8)


def tiny(**options: object):
    settings = {
        "size": 32,
        "width": 4,
        "latent": 8,
        "batch_size": 4,
        "iterations": 1000,
        "precision": "32-true",
        "threads": 1,
    }
    return configure({**settings, **options})


@pytest.mark.parametrize("family", ["ours", "dcgan", "wgan", "r3gan"])
def test_the_engine_is_measured_against_the_textbook_loop(
    images: np.ndarray, family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "PEAK_SHAPES", ((8, 16),))  # the real ones take long
    speed = training.run(tiny(family=family), images, rounds=2, seconds=0.1)
    assert speed.engine > 0
    assert speed.textbook > 0
    assert 0 <= speed.data_share < 1
    assert speed.gflop_per_image > 0
    assert speed.peak_share == pytest.approx(
        speed.engine * speed.gflop_per_image / max(speed.peak_fp32, speed.peak_bf16)
    )


def test_the_textbook_loop_moves_k_by_its_own_losses(images: np.ndarray, tmp_path: Path) -> None:
    config = tiny(gamma=1.0, lambda_k=0.1).model
    textbook = Textbook("ours", config, write_jpegs(images, tmp_path))
    before = 0.0
    for _ in range(3):
        textbook.step()
        loss_real, _, loss_generator, k = textbook.losses[-1]
        assert k == pytest.approx(min(1.0, max(0.0, before + 0.1 * (1.0 * loss_real - loss_generator))))
        assert float(textbook.family.k) == pytest.approx(k)
        before = k


def test_the_textbook_loop_has_plain_layers_of_the_same_number_of_weights(images: np.ndarray, tmp_path: Path) -> None:
    textbook = Textbook("ours", tiny().model, write_jpegs(images, tmp_path))
    kinds = {type(module) for module in textbook.family.discriminator.modules()}
    assert nn.Upsample in kinds
    assert not any(kind.__name__ == "UpsampledConv2d" for kind in kinds)
    plain = sum(weight.numel() for weight in textbook.family.discriminator.parameters())
    from facedemo.gans.base import create

    assert plain == sum(weight.numel() for weight in create("ours", tiny().model).discriminator.parameters())


def test_the_textbooks_jpegs_come_out_as_images_in_range(images: np.ndarray, tmp_path: Path) -> None:
    textbook = Textbook("ours", tiny().model, write_jpegs(images, tmp_path))
    batch = next(textbook.batches)
    assert batch.shape == (4, 3, 32, 32)
    assert batch.min() >= -1
    assert batch.max() <= 1
    assert batch.std() > 0.1


def test_drawing_decoding_and_memory_are_measured(images: np.ndarray, tmp_path: Path) -> None:
    delay = generating.measure_generating(load_model(find_model("ours-64")), 5)
    assert 0 < delay.median <= delay.percentile_95
    step = generating.measure_steps(find_model("ours-64"), 5)
    assert 0 < step.median <= step.percentile_95
    assert step.count == 5
    write_jpegs(images, tmp_path)
    measurement = decoding.measure_decoding(str(tmp_path), 32)
    assert measurement.images == 64
    assert measurement.images_per_second == measurement.images / measurement.seconds
    trained = memory.measure_memory(tiny(), 1000, seconds=0.5)
    assert trained.steps > 0
    assert 0.05 < trained.resident_gib < 8


def test_numbers_are_written_into_a_folder_that_is_not_there_yet(tmp_path: Path) -> None:
    write(tmp_path / "new" / "speed.json", {"ratio": 3.0})
    assert json.loads((tmp_path / "new" / "speed.json").read_text()) == {"ratio": 3.0}


def test_the_peak_is_of_the_largest_kind_of_convolution(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "PEAK_SHAPES", ((32, 32),))
    assert training.convolution_peak(torch.float32) > 1


def test_a_class_is_counted_while_it_trains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classroom, "STATES_SECONDS", 0.01)
    runs = [create_run(RunConfig(), tmp_path) for _ in range(3)]
    me, result = process_facts(os.getpid()), classroom.ClassMeasurement(3)

    def reach(*states: str) -> None:
        for run, state in zip(runs, states, strict=True):
            run.write_status(Status(state, **me))
        counts = {state: states.count(state) for state in states}
        deadline = time.monotonic() + 60
        while result.states != counts:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    with classroom.watched(result, runs):
        for states in (("running", "waiting", "waiting"), ("finished", "waiting", "starting"), ("finished",) * 3):
            reach(*states)
    assert (result.ended[0], sorted(result.ended), result.most_at_once) == (0, [0, 1, 2], 1)


def test_the_outcome_of_a_first_run_is_its_picture_and_the_faces_of_its_model(
    make_run: RunMaker, tmp_path: Path
) -> None:
    run = make_run(weights=True)
    (run.path / "samples").mkdir(exist_ok=True)
    for step in (100, 20):
        (run.path / "samples" / f"{step:06d}.png").write_bytes(b"picture %d" % step)
    (kept := tmp_path / "kept").mkdir()
    first = starts.outcome(run, 75.0, kept)
    seed = run.config.training.seed
    assert first == starts.FirstRun(seed, 75.0, 0, 0), "random weights draw no faces"
    assert (kept / f"seed-{seed}.png").read_bytes() == b"picture 100"
    with pytest.raises(ValueError, match="has not finished, but crashed"):
        starts.outcome(make_run(weights=True, state="crashed"), 75.0, kept)
