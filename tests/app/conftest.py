"""An app of its own for each file of tests in a browser, and the browser."""

import os
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
from playwright.sync_api import Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from facedemo.runs.run import list_runs

ROOT = Path(__file__).parents[2]
PATIENT = 60_000  # ms


def chromium_path() -> str | None:
    return next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )


in_a_browser = pytest.mark.skipif(chromium_path() is None, reason="no chromium on this machine")


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
