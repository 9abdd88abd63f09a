"""The Train page over real run directories, of which none is trained by the tests of the page."""

import os
import socket
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from facedemo.app import navigation
from facedemo.app.shared import estimate, image_source
from facedemo.config.schema import RunConfig
from facedemo.runs.run import Run, create_run
from facedemo.storage.atomic import read_lines
from facedemo.training.worker import execute

Launched = list[Run]

PREVIEW = "facedemo.app.views.train.preview.Preview"  # its key in the session


@pytest.fixture(autouse=True)
def launched(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Launched:
    """Own folders; the runs that the page has started, of which none is really trained."""
    monkeypatch.setenv("FACEDEMO_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path_factory.getbasetemp() / "train-page-cache"))
    launched_runs: Launched = []
    monkeypatch.setattr(Run, "launch", lambda run, **_: launched_runs.append(run))
    monkeypatch.setattr(
        estimate, "start_measurement", lambda config: False
    )  # a process for every config that a test shows
    return launched_runs


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.RandomState(0)
    for number in range(64):
        small = Image.fromarray(rng.randint(0, 256, (4, 4, 3), dtype=np.uint8))
        small.resize((40, 40), Image.Resampling.BICUBIC).save(folder / f"{number:02d}.png")
    return folder


def config(pictures: Path, name: str = "mine", iterations: int = 20) -> RunConfig:
    return RunConfig.model_validate(
        {
            "name": name,
            "model": {"size": 32, "width": 4, "latent": 8, "batch_size": 4},
            "data": {"source": str(pictures)},
            "budget": {"iterations": iterations},
            "training": {"precision": "32-true", "threads": 1, "log_every": 5, "sample_every": 10},
        }
    )


def trained(pictures: Path) -> Run:
    run = create_run(config(pictures))
    run.steer(gamma=0.6)
    assert execute(run).state == "finished"
    return run


def set_state(run: Run, state: str, **more: object) -> None:
    """Makes a run look as if this process trained it."""
    me = {"pid": os.getpid(), "process_started": psutil.Process().create_time(), "host": socket.gethostname()}
    run.write_status(replace(run.status, state=state, **me, **more))


def open_page(run: str | None = None, **address: str) -> AppTest:
    page = AppTest.from_file(navigation.TRAIN, default_timeout=60)
    if run is not None:
        page.query_params["run"] = run
    for name, value in address.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def page_text(page: AppTest) -> str:
    """All words on the page."""
    parts = (page.markdown, page.caption, page.header, page.error, page.warning, page.info)
    texts = [str(item.value) for part in parts for item in part] + [bar.proto.text for bar in page.get("progress")]
    return "\n".join(texts)


def button(page: AppTest, label: str, index: int = 0):
    return [item for item in page.button if item.label.startswith(label)][index]


def labels(page: AppTest) -> list[str]:
    return [item.label for item in page.button]


def click(page: AppTest, label: str, index: int = 0) -> AppTest:
    button(page, label, index).click().run()
    assert not page.exception
    return page


def commands(run: Run) -> list[dict]:
    return [command.get("changes") or command["action"] for command in read_lines(run.path / "orders.jsonl")]


def choose_folder(page: AppTest, folder: Path | str) -> None:
    page.radio(key="new_data_kind").set_value(image_source.PATH).run()
    page.text_area(key="new_data_path").set_value(str(folder)).run()


def previewed(page: AppTest) -> AppTest:
    """The page when the images have been prepared, which it waits for in the background."""
    deadline = time.monotonic() + 60
    while page.session_state[PREVIEW].job.state == "running":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    page.run()
    assert not page.exception
    return page
