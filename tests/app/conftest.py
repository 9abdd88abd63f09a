"""An app for the tests in a browser, and a browser for each file of them."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as PlaywrightTimeout
from streamlit.components.v2 import manifest_scanner

from facedemo.comparison.race import list_races
from facedemo.runs.run import list_runs

ROOT = Path(__file__).parents[2]
PATIENT = 60_000  # ms


# The shell has no windows of its own to draw, and so takes less time than the others.
CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def chromium_path() -> str | None:
    return next((path for name in CHROMIUM if (path := shutil.which(name))), None)


in_a_browser = pytest.mark.skipif(chromium_path() is None, reason="no chromium on this machine")


@pytest.fixture(scope="session", autouse=True)
def packages_searched_once() -> Iterator[None]:
    """Every AppTest searches all installed packages for components of Streamlit; they stay the same meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the app's files, with 70 pictures in `pictures`."""
    home = tmp_path_factory.mktemp("app")
    (home / "pictures").mkdir()
    rng = np.random.RandomState(2)
    for index in range(70):
        small = Image.fromarray(rng.randint(0, 256, (4, 4, 3), dtype=np.uint8))
        small.resize((40, 40), Image.Resampling.BICUBIC).save(home / "pictures" / f"{index}.png")
    return home


@pytest.fixture(scope="session")
def server(home: Path) -> Iterator[str]:
    """The address of a running app."""
    port = free_port()
    arguments = ("-m", "streamlit", "run", "app.py", "--server.headless=true", f"--server.port={port}")
    with running_app(arguments, port, home, ROOT):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def running_app(arguments: Sequence[str], port: int, home: Path, folder: Path, **env: str) -> Iterator[None]:
    """An app that runs meanwhile, with its files and its log in `home`.

    arguments: those after `python`.  folder: in which it is started.  env: further environment variables.
    """
    env |= {f"FACEDEMO_{name.upper()}": str(home / name) for name in ("runs", "cache", "models", "queue")}
    env |= {"PYTHONPATH": str(ROOT), "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none", "PYTHONFAULTHANDLER": "1"}
    with (home / "app.log").open("wb") as log:
        command = [sys.executable, *arguments]
        process = subprocess.Popen(command, cwd=folder, env={**os.environ, **env}, stdout=log, stderr=log)
    try:
        wait_for(lambda: can_connect(port))
        yield
    finally:
        ended = process.poll()
        process.terminate()
        process.wait(timeout=30)
        assert ended is None, f"the app ended by itself ({ended}):\n{(home / 'app.log').read_text('utf8', 'replace')}"


@pytest.fixture(scope="module")
def address(server: str, home: Path) -> Iterator[str]:
    """The address of an app with no runs and models of one's own yet."""
    for name in ("runs", "models"):
        shutil.rmtree(home / name, ignore_errors=True)
    yield server
    active = [process for process in (*list_races(home / "runs"), *list_runs(home / "runs")) if process.status.active]
    for process in active:
        process.stop()
    wait_for(lambda: not any(process.status.active for process in active))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def can_connect(port: int, host: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


def wait_for(condition: Callable[[], object], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing happened in time"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=options)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Streamlit's scripts are loaded and compiled once for all pages of a file."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        yield context


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page of a visitor who has not been here before."""
    page = context.new_page()
    page.set_default_timeout(PATIENT)
    expect.set_options(timeout=PATIENT)
    yield page
    if page.url.startswith("http"):  # a blank page has no storage
        page.evaluate("localStorage.clear()")
    page.close()
    context.clear_cookies()


def downloaded(page: Page, name: str, within: Locator | None = None) -> bytes:
    """What a download button gives; a click at the moment when the page is drawn anew is lost, and made again."""
    for last in (False, False, True):
        expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
        try:
            with page.expect_download(timeout=PATIENT if last else PATIENT / 4) as download:
                (within or page).get_by_role("button", name=name).click()
            return Path(download.value.path()).read_bytes()
        except PlaywrightTimeout:
            if last:
                raise
    raise AssertionError
