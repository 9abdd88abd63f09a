"""Races, really run: the same for all, resumable after a kill, and not ended by one contender's misfortune."""

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from facedemo.comparison import entrants
from facedemo.comparison.race import Entrant, Race, create_race, find_race, list_races, pace_note
from facedemo.comparison.worker import RaceRunner, execute
from facedemo.evaluation.report import load_evaluation
from facedemo.runs.directory import RunError
from facedemo.runs.run import Run
from facedemo.storage.process_status import Status
from facedemo.training.speed import store_speed
from tests import forked
from tests.conftest import fill

TINY = {"size": 32, "width": 4, "latent": 8, "batch_size": 4, "precision": "32-true", "threads": 1}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.RandomState(4)
    for number in range(80):
        small = Image.fromarray(rng.randint(0, 256, (4, 4, 3), dtype=np.uint8))
        small.resize((36, 36), Image.Resampling.BICUBIC).save(folder / f"{number:02d}.png")
    return str(folder)


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEDEMO_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path_factory.getbasetemp() / "race-cache"))


def tiny_race(pictures: str, families: tuple[str, ...] = ("ours", "dcgan"), count: int = 0, **options: Any) -> Race:
    settings = entrants.race_options({**TINY, "source": pictures, "seed": 3, "iterations": 40, **options})
    return create_race(entrants.entrant_configs(settings, families), seed=3, count=count)


def runs_of(race: Race) -> list[Run]:
    return [race.run(entrant) for entrant in race.plan.entries]


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 240
    while not condition():
        assert time.monotonic() < deadline, "nothing happened in time"
        time.sleep(0.05)


def test_all_entrants_get_the_same_images_seed_and_budget() -> None:
    configs_by_name = entrants.entrant_configs(
        entrants.race_options({"source": "faces.zip", "seed": 7, "images": 64_000})
    )
    assert list(configs_by_name) == ["Ours (BEGAN)", "DCGAN", "WGAN", "R3GAN"]
    configs = list(configs_by_name.values())
    assert {config.data.model_dump_json() for config in configs} == {configs[0].data.model_dump_json()}
    assert {(config.training.seed, config.budget.images, config.model.size) for config in configs} == {(7, 64_000, 64)}
    assert configs[0].data.split == "train", "the rest is what they are judged by"


def test_rows_and_checkpoints_come_after_about_as_many_images_in_every_family() -> None:
    for config in entrants.entrant_configs({"images": 64_000}).values():
        step, settings = config.model.images_per_step, config.training
        assert settings.checkpoint_every * step == pytest.approx(64_000 / entrants.CHECKPOINTS_PER_RACE, abs=step)
        assert settings.log_every * step <= max(step, entrants.IMAGES_PER_METRICS_ROW)


def test_several_gammas_make_a_sweep_of_ours_alone() -> None:
    configs = entrants.entrant_configs({"minutes": 1}, gammas=[0.3, 0.5, 0.3])
    assert {label: config.model.gamma for label, config in configs.items()} == {"γ 0.3": 0.3, "γ 0.5": 0.5}
    assert entrants.kind_of(configs) == "sweep"
    mixed = entrants.entrant_configs({"minutes": 1}, ["dcgan", "ours"], [0.3, 0.5])
    assert list(mixed) == ["DCGAN", "Ours (BEGAN), γ 0.3", "Ours (BEGAN), γ 0.5"]
    assert entrants.kind_of(mixed) == "race"


def test_a_race_needs_a_budget_and_somebody_to_race_against() -> None:
    with pytest.raises(ValueError, match="budget"):
        entrants.race_options({"size": 32})
    with pytest.raises(ValueError, match="at least two models"):
        create_race(entrants.entrant_configs({"minutes": 1}, ["ours"]))
    assert list_races() == []


@pytest.mark.slow
def test_a_race_killed_midway_goes_on_and_nobody_trains_twice(pictures: str) -> None:
    race = tiny_race(pictures, iterations=60)
    first, second = runs_of(race)
    process = forked.start(execute, race)
    wait_for(first.checkpoints)
    process.kill()
    process.join()
    assert race.status.state == "crashed"
    assert first.status.state == "crashed"

    assert execute(race).state == "finished"
    assert "resumed at iteration" in first.log_text()
    assert [run.status.step for run in (first, second)] == [60, 60]
    steps = first.metrics()["step"]
    assert steps == sorted(set(steps))
    weights = [run.model_version for run in (first, second)]
    assert execute(race).state == "finished"
    assert [run.model_version for run in (first, second)] == weights


@pytest.mark.slow
def test_a_stopped_race_leaves_a_checkpoint_and_the_others_unstarted(pictures: str) -> None:
    race = tiny_race(pictures, iterations=100_000)
    first, second = runs_of(race)
    process = forked.start(execute, race)
    wait_for(lambda: first.status.step)
    with pytest.raises(RunError, match="another process"):
        execute(race)
    race.stop()
    process.join(120)
    assert process.exitcode == 0
    assert race.status.state == "stopped"
    assert first.status.state == "stopped"
    assert first.checkpoints()
    assert second.status.step == 0


def test_the_time_left_follows_the_recent_speed_and_what_each_family_costs(pictures: str) -> None:
    race = tiny_race(pictures, ("ours", "dcgan", "wgan"))
    ours, dcgan, wgan = runs_of(race)

    def left(run: Run, **changes: float | None) -> float | None:
        midway = Status("running", progress=0.5, seconds=300.0, seconds_left=30.0)  # it was ten times slower at first
        return RaceRunner(race, show=lambda status: None).seconds_left(run, replace(midway, **changes))

    assert left(ours) == 30 + 2 * 60, "an unknown cost counts as the same"
    assert left(ours, progress=1.0, seconds_left=0.0) == 2 * 300
    assert left(ours, seconds_left=None) is None
    store_speed(ours.config, images_per_second=10, startup_seconds=1)
    store_speed(dcgan.config, images_per_second=20, startup_seconds=1)
    (wgan.path / "config.json").write_text("{", "utf8")
    assert left(ours) == pytest.approx(30 + 60 * (1 + 160 / 20) / (1 + 160 / 10) + 60)
    ours.write_status(Status("failed", progress=0.3))
    assert left(dcgan) == 30 + 60, "nobody goes back to one that failed"
    shutil.rmtree(wgan.path)
    assert left(dcgan) == 30


def test_an_entrant_that_fails_or_is_deleted_does_not_end_the_race(pictures: str) -> None:
    race = tiny_race(pictures, families=("ours", "dcgan", "wgan"), iterations=4)
    deleted, broken, whole = runs_of(race)
    shutil.rmtree(deleted.path)
    settings = json.loads((broken.path / "config.json").read_text("utf8"))
    settings["data"]["source"] = "/nowhere"
    (broken.path / "config.json").write_text(json.dumps(settings))
    status = execute(race)
    assert status.state == "failed"
    assert status.message.startswith("Not finished: DCGAN (failed). There is no file or folder /nowhere.")
    assert whole.status.state == "finished"


def test_entrants_are_evaluated_at_their_end_once_and_without_real_faces_if_there_are_too_few(pictures: str) -> None:
    race = tiny_race(pictures, iterations=4, count=6)
    assert execute(race).state == "finished"
    for run in runs_of(race):
        report = load_evaluation(run.path)
        assert (report.seed, report.count, report.rows[0].undetected.of) == (3, 6, 6)
    before = (runs_of(race)[0].path / "report.json").stat().st_mtime_ns
    execute(race)
    assert (runs_of(race)[0].path / "report.json").stat().st_mtime_ns == before


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"title": 1}', '{"title": "x", "kind": "race", "entr'])
def test_a_damaged_race_is_listed_and_says_what_is_wrong(tmp_path: Path, content: str) -> None:
    path = tmp_path / "runs" / "races" / "2026-01-01-000000-race-aaaa"
    path.mkdir(parents=True)
    (path / "race.json").write_text(content)
    (race,) = list_races()
    with pytest.raises(RunError, match="damaged"):
        _ = race.plan


def test_races_are_found_by_the_end_of_their_name(pictures: str) -> None:
    race = tiny_race(pictures)
    assert find_race(race.id[-4:]).id == race.id
    assert find_race(str(race.path)).id == race.id
    with pytest.raises(RunError, match="No race matches"):
        find_race("zzzz")


def test_an_entrant_cannot_lead_out_of_the_runs(tmp_path: Path) -> None:
    race = Race(tmp_path / "runs" / "races" / "x")
    assert race.run(Entrant("evil", "../../etc")).path == tmp_path / "runs" / "etc"


def test_models_that_train_at_different_speeds_are_named_with_what_they_saw() -> None:
    note = pace_note({"ours": (2256, 60.0), "DCGAN": (384, 60.0)})
    assert (
        note
        == "The models trained at different speeds. ours: 38 images/s, 2,256 images; DCGAN: 6 images/s, 384 images."
    )
    assert pace_note({"a": (1200, 60.0), "b": (1000, 60.0)}) == ""
    assert pace_note({"a": (2256, 60.0), "b": (3, 1.0)}) == ""  # it has only just begun
    assert pace_note({}) == ""


def test_a_race_that_cannot_be_written_leaves_no_runs_behind(disk: Path) -> None:
    configs = entrants.entrant_configs(entrants.race_options({"size": 32, "minutes": 1}), ["ours", "dcgan"])
    fill(disk / "ballast", 6000)  # room for the first run's settings
    with pytest.raises(OSError, match="No space left"):
        create_race(configs, disk)
    assert sorted(path.name for path in disk.rglob("*")) == ["ballast", "races"]
