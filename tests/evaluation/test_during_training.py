"""Evaluations while a model trains: what is measured, when, and which weights are kept."""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from facedemo.config.schema import RunConfig
from facedemo.data.builtin import builtin_faces
from facedemo.data.splits import split_of
from facedemo.evaluation import during_training
from facedemo.evaluation.detector import FaceDetections
from facedemo.evaluation.during_training import evaluate, real_faces
from facedemo.gans.base import create
from facedemo.pretrained import bundles
from facedemo.pretrained.model import load_model
from facedemo.pretrained.provenance import Trained, weights_trained
from facedemo.runs.evaluations import Evaluation, best, read_evaluations, record
from facedemo.runs.run import Run, create_run
from facedemo.storage.locations import BEST_WEIGHTS
from facedemo.training import evaluations
from facedemo.training.recorder import Recorder
from facedemo.training.worker import execute

SMALL = {"size": 32, "width": 4, "latent": 8}


def new_run(root: Path, **data: str) -> Run:
    return create_run(RunConfig.model_validate({"model": SMALL, "budget": {"images": 10}, "data": data}), root)


def save(run: Run, step: int, seed: int = 0) -> None:
    torch.manual_seed(seed)
    weights = create("ours", run.config.model).state_dict()
    Recorder(run).save_checkpoint(Trained(step, 16 * step), lambda path: path.write_bytes(b""), weights)


def evaluation(step: int, distance: float | None) -> Evaluation:
    return Evaluation(step, 16 * step, 1.0, 500, 400, 30, 200, distance)


def test_an_evaluation_says_what_its_weights_were_although_newer_ones_are_there(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    save(run, 10)
    (run.path / "checkpoints" / "00000020.ckpt").write_bytes(b"")  # its weights are still being written
    (run.path / "metrics.csv").write_text("step,images,seconds\n5,80,2.5\n10,160,5.0\n15,240,7.5\n")
    latest = evaluate(run, count=6)
    assert (latest.step, latest.images, latest.seconds, latest.faces) == (10, 160, 5.0, 6)
    assert read_evaluations(run.path) == [latest]
    assert latest.distance is None  # six faces are too few
    assert not (run.path / BEST_WEIGHTS).exists()
    assert not list(run.path.glob(".*"))


def test_the_weights_with_the_smallest_distance_are_kept_and_become_the_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, distances = new_run(tmp_path), iter([0.3, 0.2, 0.25])
    monkeypatch.setattr(during_training, "FEWEST", 0)
    monkeypatch.setattr(during_training, "frechet", lambda a, b: next(distances))
    for step in (10, 20, 30):
        save(run, step, seed=step)
        evaluate(run, count=2)
    assert best(read_evaluations(run.path)).step == 20
    best_weights = load_model(run.path, run.path / BEST_WEIGHTS)
    assert best_weights.trained == Trained(20, 320)
    assert weights_trained(run.path) == Trained(30, 480)

    bundle = bundles.export(run, tmp_path / "mine")
    assert load_model(bundle).trained == Trained(20, 320)
    report = json.loads((bundle / "report.json").read_text("utf8"))
    assert (report["iterations"], report["chosen_by"]["distance"]) == (20, 0.2)
    assert "smallest Fréchet face distance during training: 0.200" in (bundle / "README.md").read_text("utf8")


def test_a_run_without_evaluations_makes_a_bundle_of_its_newest_weights(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    save(run, 30)
    bundle = bundles.export(run, tmp_path / "mine")
    assert load_model(bundle).trained == Trained(30, 480)
    assert "smallest" not in (bundle / "README.md").read_text("utf8")


def test_the_real_faces_are_those_that_the_run_does_not_train_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path / "cache"))
    folder = plain_images(tmp_path / "pictures", 200)
    held_out = {number for number in range(200) if split_of(f"{number:03d}.png") == "validation"}
    run = new_run(tmp_path, source=str(folder), split="train")
    assert set(real_faces(run.config.data, 32)[0][:, 0, 0, 0].tolist()) == held_out
    everything = new_run(tmp_path, source=str(folder), split="all")
    assert len(real_faces(everything.config.data, 32)[0]) == 200
    assert np.array_equal(real_faces(RunConfig().data, 32)[0][0], builtin_faces(32).images[0])


def test_records_of_earlier_races_and_unusable_lines(tmp_path: Path) -> None:
    (tmp_path / "detection.jsonl").write_text('{"step": 20, "images": 80, "seconds": 1.0, "found": 5, "of": 100}\n')
    record(tmp_path, evaluation(40, 0.1))
    record(tmp_path, evaluation(30, None))
    with (tmp_path / "evaluations.jsonl").open("a") as file:
        file.write('{"step": "x"}\n[1]\n{"step": 50, "ima')
    recorded = read_evaluations(tmp_path)
    assert [(row.step, row.share, row.distance) for row in recorded] == [
        (20, 0.05, None),
        (30, 0.8, None),
        (40, 0.8, 0.1),
    ]
    assert best(recorded).step == 40
    assert best([]) is best([evaluation(1, None)]) is None
    assert read_evaluations(tmp_path / "nowhere") == []


def plain_images(folder: Path, number: int) -> Path:
    folder.mkdir()
    for shade in range(number):
        Image.new("RGB", (32, 32), (shade, 0, 0)).save(folder / f"{shade:03d}.png")
    return folder


@pytest.mark.slow
def test_a_training_starts_evaluations_that_end_in_its_run_and_in_tensorboard(tmp_path: Path) -> None:
    config = {
        "model": SMALL | {"batch_size": 4},
        "data": {"source": str(plain_images(tmp_path / "pictures", 120))},  # without a face, and so soon evaluated
        "budget": {"iterations": 12},
        "training": {"evaluate_every": 48, "checkpoint_every": 4, "precision": "32-true", "threads": 1},
    }
    run = create_run(RunConfig.model_validate(config), tmp_path)
    assert execute(run).state == "finished"
    deadline = time.monotonic() + 120
    while not (recorded := read_evaluations(run.path)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert recorded[0].faces == during_training.FACES
    assert recorded[0].images == 48
    while time.monotonic() < deadline:
        events = EventAccumulator(str(run.path / "tensorboard")).Reload()
        if "evaluation/detected" in events.Tags()["scalars"]:
            break
        time.sleep(0.2)
    assert events.Scalars("evaluation/detected")[0].step == recorded[0].step


def test_evaluations_take_turns_and_a_tenth_of_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[float] = []
    monkeypatch.setattr(evaluations.BackgroundEvaluations, "start", lambda self: started.append(time.monotonic()))
    run = new_run(tmp_path)
    background = evaluations.BackgroundEvaluations(run.path, every=100)
    background.start_if_due(99)
    assert not started
    background.start_if_due(100)
    assert len(started) == 1
    record(run.path, Evaluation(6, 100, 1.0, 500, 1))
    background.start_if_due(150)
    assert len(started) == 1
    background.start_if_due(150, last=True)
    assert len(started) == 2
    background.next = time.process_time() + 60  # the last one took a while
    background.start_if_due(300)
    assert len(started) == 2
    evaluations.BackgroundEvaluations(run.path, every=0).start_if_due(10**9, last=True)
    assert len(started) == 2


def test_the_time_between_evaluations_follows_from_the_processor_time_that_one_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run(tmp_path)
    run.path.joinpath("log.txt").touch()
    work = "import time\nwhile time.process_time() < 0.3: pass\ntime.sleep(0.5)"  # waiting does not count
    popen = evaluations.subprocess.Popen
    monkeypatch.setattr(
        evaluations.subprocess, "Popen", lambda command, **options: popen([sys.executable, "-c", work], **options)
    )
    background = evaluations.BackgroundEvaluations(run.path, every=10)
    background.start_if_due(10)
    assert background.is_running
    background.start_if_due(20)  # not a second one beside it
    background.process.wait()
    deadline = time.monotonic() + 5
    while not background.next and time.monotonic() < deadline:
        time.sleep(0.01)
    assert 2.5 < background.next - time.process_time() < 4.5


def test_other_processes_that_end_meanwhile_do_not_lengthen_that_time(tmp_path: Path) -> None:
    busy = subprocess.Popen([sys.executable, "-c", "import time\nwhile time.process_time() < 1: pass"])
    waiting = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3)"])
    busy.wait()
    assert evaluations.processor_time(waiting) < 0.5


def test_people_are_counted_on_equally_many_generated_and_real_images(tmp_path: Path) -> None:
    def different(count: int) -> FaceDetections:
        embeddings = np.eye(128, dtype=np.float32)[:count]
        return FaceDetections(np.zeros((count, 4), np.int32), np.ones(count, np.int32), embeddings)

    evaluation = during_training.compared(new_run(tmp_path), (10, 160), different(20), different(8))
    assert (evaluation.faces, evaluation.detected) == (20, 20)
    assert (evaluation.people, evaluation.real_people) == (8, 8)
