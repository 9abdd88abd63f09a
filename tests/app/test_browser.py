"""The app in real Chromium: the journeys of a newcomer."""

import io
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from facedemo.imaging import pictures
from facedemo.pretrained import sampling
from facedemo.pretrained.model import find_model, load_model
from facedemo.pretrained.seeds import face_seeds
from facedemo.runs.run import Run, list_runs

ROOT = Path(__file__).parents[2]
PATIENT = 60_000  # ms


def chromium_path() -> str | None:

    return next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )


pytestmark = pytest.mark.skipif(chromium_path() is None, reason="no chromium on this machine")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("app")
    (home / "pictures").mkdir()
    rng = np.random.RandomState(2)
    for index in range(70):
        small = Image.fromarray(rng.randint(0, 256, (4, 4, 3), dtype=np.uint8))
        small.resize((40, 40), Image.Resampling.BICUBIC).save(home / "pictures" / f"{index}.png")
    return home


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    """A running app with no runs yet."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1", "--server.fileWatcherType", "none"]
    env = {**os.environ, "FACEDEMO_RUNS": str(home / "runs"), "FACEDEMO_CACHE": str(home / "cache")}
    with (home / "app.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
    try:
        wait_for(lambda: can_connect(port))
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=30)
        for run in list_runs(home / "runs"):
            if run.status.active:
                run.stop()


def can_connect(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_for(condition: Callable[[], object], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing happened in time"
        time.sleep(0.2)


@pytest.fixture
def page() -> Iterator[Page]:
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=options)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(PATIENT)
        expect.set_options(timeout=PATIENT)
        yield page
        browser.close()


def face(page: Page, number: int, seed: int):
    return page.get_by_role("button", name=f"Face {number}, seed {seed}", exact=True)


def every_face(page: Page) -> Locator:
    return page.get_by_role("button", name=re.compile(r"^Face \d+, seed \d+$"))


def downloaded(page: Page, name: str) -> bytes:
    """What a download button gives; a click at the moment when the page is drawn anew is lost, and made again."""
    for last in (False, False, True):
        expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
        try:
            with page.expect_download(timeout=PATIENT if last else PATIENT / 4) as download:
                page.get_by_role("button", name=name).click()
            return Path(download.value.path()).read_bytes()
        except PlaywrightTimeout:
            if last:
                raise
    raise AssertionError


def test_a_newcomer_sees_64_faces_draws_others_and_downloads_them(address: str, page: Page) -> None:
    page.goto(f"{address}/?model=ours-64&seed=11")
    seeds = face_seeds(11, 64)
    for number in (1, 2, 64):
        expect(face(page, number, seeds[number - 1])).to_be_visible()
    expect(every_face(page)).to_have_count(64)

    page.get_by_role("spinbutton", name="Seed").fill("12")
    page.get_by_role("spinbutton", name="Seed").press("Enter")
    others = face_seeds(12, 64)
    expect(face(page, 64, others[63])).to_be_visible()
    expect(face(page, 64, seeds[63])).to_have_count(0)

    file = downloaded(page, "Grid (PNG)")
    expected = pictures.grid(sampling.generate(load_model(find_model("ours-64")), others))
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(file))), np.asarray(expected))
    assert pictures.read_settings(file)["seed"] == "12"

    face(page, 3, others[2]).click()
    expect(page.get_by_text("Face 3 of 64")).to_be_visible()
    assert pictures.read_settings(downloaded(page, "This face (PNG)"))["seed"] == str(others[2])


def test_a_run_is_started_watched_steered_stopped_and_drawn_from(address: str, home: Path, page: Page) -> None:
    page.goto(f"{address}/train")
    page.get_by_text("A folder or archive on this computer").click()
    page.get_by_role("textbox", name="Path").fill(str(home / "pictures"))
    page.get_by_role("textbox", name="Path").press("Enter")
    page.get_by_role("textbox", name="Name").fill("journey")
    page.get_by_role("textbox", name="Name").press("Enter")
    page.get_by_role("spinbutton", name="Amount").fill("30")
    page.get_by_role("spinbutton", name="Amount").press("Enter")
    page.get_by_role("button", name="Start training").click()

    wait_for(lambda: list_runs(home / "runs"))
    run: Run = list_runs(home / "runs")[0]
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    points = len(run.metrics()["step"])
    wait_for(lambda: len(run.metrics()["step"]) > points)

    slider = page.get_by_role("slider", name="γ, diversity ratio")
    slider.press("ArrowLeft")
    page.get_by_role("button", name="Apply", exact=True).click()
    wait_for(run.marks)
    assert run.marks()[0]["changes"].keys() == {"gamma"}
    value = run.marks()[0]["changes"]["gamma"]
    expect(page.locator(".js-plotly-plot").first).to_contain_text(f"γ = {value:g}")

    page.get_by_role("button", name="Stop", exact=True).click()
    wait_for(lambda: run.status.state == "stopped")
    page.get_by_role("button", name="All runs").click()
    expect(page.get_by_text("journey").first).to_be_visible()
    of_a_row = page.get_by_test_id("stBaseButton-tertiary")  # the run's own view, still going, has one of another kind
    generate = page.get_by_role("button", name="Generate", exact=True).and_(of_a_row)
    generate.click()
    expect(every_face(page)).to_have_count(64)
    assert pictures.read_settings(downloaded(page, "Grid (PNG)"))
