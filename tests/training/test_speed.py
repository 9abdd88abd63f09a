"""How long a run will take, from speeds that were measured on this computer."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from facedemo.config.presets import configure
from facedemo.training import speed, speed_measurement

TINY = {"size": 32, "width": 4, "latent": 4, "threads": 1}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path / "cache"))


def test_nothing_is_estimated_before_anything_was_measured() -> None:
    assert speed.estimated_seconds(configure({"images": 1000, **TINY})) is None


@pytest.mark.parametrize(
    ("budget", "seconds"),
    [
        ({"images": 16_000}, 6 + 80),
        ({"iterations": 1000}, 6 + 80),  # of 16 images each
        ({"minutes": 2.0}, 6 + 120),
        ({"images": 16_000, "minutes": 0.5}, 6 + 30),
    ],
)
def test_the_first_limit_that_is_reached_decides(budget: dict[str, float], seconds: float) -> None:
    config = configure({**budget, **TINY})
    speed.store_speed(config, 200.0, 6.0)
    assert speed.estimated_seconds(config) == pytest.approx(seconds)


def test_a_later_measurement_replaces_the_speed_and_keeps_the_start_up() -> None:
    config = configure({"images": 1000, **TINY})
    speed.store_speed(config, 200.0, 6.0)
    speed.store_speed(config, 100.0)
    assert speed.known_speed(config) == {"images_per_second": 100.0, "startup_seconds": 6.0}


def test_settings_that_cost_nothing_share_a_measurement_and_others_do_not() -> None:
    key = speed.speed_key(configure({"images": 1000, **TINY}))
    same = {"gamma": 0.3, "learning_rate_g": 1e-3, "images": 9, "name": "other", "seed": 4}
    assert speed.speed_key(configure({**TINY, **same})) == key
    for other in ({"alpha": 0.0}, {"width": 8}, {"size": 64}, {"optimizer_d": "adam"}, {"threads": 2}):
        assert speed.speed_key(configure({"images": 1000, **TINY, **other})) != key


@pytest.mark.parametrize("content", ["", "[]", '{"x": 1}', "{", "\x00"])
def test_a_damaged_file_of_speeds_is_started_again(content: str, tmp_path: Path) -> None:
    config = configure({"images": 1000, **TINY})
    (tmp_path / speed.FILE).write_text(content)
    assert speed.known_speed(config) is None
    speed.store_speed(config, 200.0, 6.0)
    assert speed.estimated_seconds(config) == pytest.approx(6 + 5)


@pytest.mark.parametrize("family", ["ours", "dcgan", "wgan", "r3gan"])
def test_every_family_is_measured(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed_measurement, "MEASURED_SECONDS", 0.1)
    assert speed_measurement.measure_speed(configure({"images": 1000, "family": family, **TINY})) > 1


def test_a_process_of_its_own_measures_and_remembers() -> None:
    config = configure({"images": 1000, **TINY})
    speed.measure_and_store(config)
    speed_measured = speed.known_speed(config)
    assert speed_measured is not None
    assert speed_measured["images_per_second"] > 1
    assert speed_measured["startup_seconds"] > 0.5


@pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="only Linux says how long a process waited")
def test_time_in_which_other_programs_ran_is_not_counted() -> None:
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(own)})  # its children's, too
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(3)]
    try:
        before, began = speed_measurement.processor_time(), time.process_time()
        while time.process_time() < began + 0.3:
            pass
        assert speed_measurement.share_running(before) < 0.6
    finally:
        os.sched_setaffinity(0, own)
        for other in others:
            other.kill()
            other.wait()
