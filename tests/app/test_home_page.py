"""The Home page, run as Streamlit runs it, within the app."""

import json
import re
import shutil
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from streamlit.testing.v1 import AppTest

from facedemo.app import navigation
from facedemo.app.shared import estimate
from facedemo.app.shared.format import duration
from facedemo.config.presets import PRESETS, configure
from facedemo.imaging import pictures
from facedemo.pretrained import sampling
from facedemo.pretrained.model import load_model
from facedemo.pretrained.seeds import face_seeds
from facedemo.runs.run import Run, list_runs
from facedemo.storage.locations import bundled, runs_root
from facedemo.storage.process_status import Status
from facedemo.training import speed
from tests.conftest import Maker, RunMaker

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def nothing_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the process that measures a speed, and the speeds that others have measured."""
    monkeypatch.setattr(estimate, "start_measurement", lambda config: False)
    monkeypatch.setattr(speed, "known_speed", lambda config: None)


def open_app(**address: str) -> AppTest:
    app = AppTest.from_file("../../app.py", default_timeout=60)
    for name, value in address.items():
        app.query_params[name] = value
    return app.run()


def grid(app: AppTest) -> dict[str, Any]:
    """What the page sends to the grid in the browser."""
    element = next(element for element in app.get("bidi_component") if "face_grid" in element.proto.component_name)
    return json.loads(element.proto.json)


def linked_pages(app: AppTest) -> set[str]:
    return {link.proto.page for link in app.get("page_link")}


def test_it_opens_with_the_first_faces_of_the_model_on_seed_0(make_bundle: Maker) -> None:
    make_bundle()
    app = open_app()
    assert not app.exception
    assert app.title[0].value == "facedemo"
    assert grid(app)["seeds"] == face_seeds(0, 16)
    assert grid(app)["selected"] is None
    assert grid(app)["columns"] == 8
    assert "None of these people exist" in app.caption[0].value


@pytest.mark.parametrize("folder", bundled(), ids=lambda folder: folder.name)
def test_the_picture_on_a_bundled_models_card_is_what_the_model_draws(folder: Path) -> None:
    generated = sampling.generate(load_model(folder), face_seeds(0, 64)).astype(int)
    on_the_card = pictures.read_grid(folder / "samples.png", 64)
    settings = {"model": folder.name, "seed": "0", "count": "64", "scale": "1.0"}
    assert pictures.read_settings(folder / "samples.png") == settings
    assert np.abs(generated - on_the_card).max() <= 2  # another processor may round another way


def test_faces_come_from_the_card_where_it_has_a_picture(make_bundle: Maker) -> None:
    folder = make_bundle()
    before = grid(open_app())["sprite"]
    images = np.random.default_rng(0).integers(0, 256, (64, 32, 32, 3), np.uint8)
    (folder / "samples.png").write_bytes(pictures.png(pictures.grid(images), count=64))
    (folder / "model.safetensors").touch()
    assert grid(open_app())["sprite"] != before


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\n and no more"])
def test_a_damaged_picture_on_the_card_is_drawn_again(make_bundle: Maker, content: bytes) -> None:
    (make_bundle() / "samples.png").write_bytes(content)
    app = open_app()
    assert not app.exception
    assert not app.error
    assert grid(app)["seeds"] == face_seeds(0, 16)


def test_every_other_page_is_linked_with_one_line(make_bundle: Maker) -> None:
    make_bundle()
    others = {path.stem for path in navigation.PAGES.glob("[!_]*.py")} - {"home", "teacher"}
    app = open_app()
    assert linked_pages(app) == others
    assert len(app.caption) == 1 + len(others)
    assert all(link.proto.help for link in app.get("page_link"))


def test_the_time_of_watch_one_learn_is_told_once_it_is_known(
    make_bundle: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_bundle()
    app = open_app()
    assert not [text for text in app.caption if "of training at" in text.value]
    monkeypatch.setattr(speed, "known_speed", lambda config: {"images_per_second": 200.0, "startup_seconds": 0.0})
    app.run()
    assert not app.exception
    (told,) = (text.value for text in app.caption if "of training at" in text.value)
    images = configure({}, next(iter(PRESETS))).budget.images
    assert images is not None
    time = duration(estimate.round_time(images / 200))
    assert told.startswith(f"“Watch one learn”: **about {time}** of training at 200 images per second")


def test_watch_one_learn_starts_the_first_preset_and_opens_it(
    make_bundle: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_bundle()
    started: list[Run] = []
    monkeypatch.setattr(Run, "launch", lambda run, **_: started.append(run))
    app = open_app()
    (button,) = (button for button in app.button if button.label == "Watch one learn")
    button.click().run()
    assert not app.exception
    (run,) = started
    assert run.config.model == configure({}, "minute").model
    assert re.fullmatch(r"One minute, γ 0\.8, \d\d:\d\d", run.config.name)
    assert run.config.data.source == "built-in"
    assert app.title[0].value == "Train"
    assert run.id in app.query_params["run"]


def test_watch_one_learn_starts_from_other_weights_each_time(
    make_run: RunMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Run, "launch", lambda run, **_: run.write_status(Status("finished")))
    seeds = set[int]()
    for _ in range(3):
        app = open_app()
        next(button for button in app.button if button.label == "Watch one learn").click().run()
        run = Run(runs_root() / app.query_params["run"])
        seeds.add(run.config.training.seed)
        shutil.rmtree(run.path)
    assert len(seeds) > 1


def test_watch_one_learn_opens_a_training_that_goes_on_already(make_run: RunMaker) -> None:
    run = make_run(name="the first")
    process = psutil.Process()
    facts = {"pid": process.pid, "process_started": process.create_time(), "host": socket.gethostname()}
    run.write_status(replace(run.status, state="running", **facts))
    app = open_app()
    (button,) = (button for button in app.button if button.label == "Watch one learn")
    button.click().run()
    assert list_runs() == [run]
    assert run.id in app.query_params["run"]


@pytest.mark.parametrize("order", [("paused", "running"), ("running", "waiting"), ("waiting", "running")])
def test_watch_one_learn_opens_the_training_that_moves(make_run: RunMaker, order: tuple[str, str]) -> None:
    process = psutil.Process()
    facts = {"pid": process.pid, "process_started": process.create_time(), "host": socket.gethostname()}
    runs = {state: make_run(name=state) for state in order}
    for state, run in runs.items():
        run.write_status(replace(run.status, state=state, **facts))
    app = open_app()
    (button,) = (button for button in app.button if button.label == "Watch one learn")
    button.click().run()
    assert runs["running"].id in app.query_params["run"]


def test_a_link_to_faces_opens_generate(make_bundle: Maker) -> None:
    make_bundle()
    app = open_app(model="tiny", seed="11")
    assert not app.exception
    assert app.title[0].value == "Generate"
    assert app.number_input(key="generate_seed").value == 11
    assert grid(app)["seeds"] == face_seeds(11, 64)


def test_a_chosen_face_opens_in_generate(make_bundle: Maker) -> None:
    make_bundle()
    app = open_app()
    app.session_state.home_chosen = 5
    app.run()
    assert app.title[0].value == "Generate"
    assert grid(app)["selected"] == 5
    assert grid(app)["seeds"] == face_seeds(0, 16)


def test_without_any_model_it_says_what_to_do_and_still_leads_on(make_bundle: Maker) -> None:
    app = open_app()
    assert not app.exception
    assert "no model" in app.info[0].value
    assert "train" in linked_pages(app)


def test_a_newcomer_can_start_with_the_first_lesson(make_bundle: Maker) -> None:
    make_bundle()
    app = open_app()
    next(button for button in app.button if button.label == "Start with lesson 1").click().run()
    assert not app.exception
    assert app.title[0].value.startswith("1. ")


def test_a_damaged_model_is_explained(make_bundle: Maker) -> None:
    (make_bundle() / "model.safetensors").write_bytes(b"not weights")
    app = open_app()
    assert not app.exception
    assert "damaged" in app.error[0].value
    assert "train" in linked_pages(app)


def test_its_first_picture_waits_for_neither_torch_nor_pandas() -> None:
    script = (
        "import sys; from streamlit.testing.v1 import AppTest; from facedemo.app.shared import model_picker; "
        "before = 'pandas' in sys.modules; model_picker.WARM_UP_DELAY = 600; "
        "app = AppTest.from_file('app.py', default_timeout=60).run(); assert not app.exception; "
        "assert app.get('bidi_component'); assert 'torch' not in sys.modules; "
        "assert before or 'pandas' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
