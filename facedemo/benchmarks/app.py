"""App latency, measured in a real browser."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
START_SECONDS = 60.0
FACE = re.compile(r"^Face 1, seed \d+$")
WATCH = """() => {
  const app = document.querySelector('[data-testid="stApp"]');
  window.seen = {clicked: 0, answered: 0, changed: 0};
  new MutationObserver(() => {
    seen.changed = performance.now();
    seen.answered ||= seen.changed;
  }).observe(app, {childList: true, characterData: true, subtree: true});
  document.addEventListener("click", () => { seen.clicked = performance.now(); seen.answered = 0 }, true);
}"""
CONTROL = '[data-testid="stMain"] :is([data-testid="stBaseButton-secondary"], [data-testid="stNumberInputStepUp"])'
# until the new page has run, the old one is still shown and also idle; state changes may be missed
RENDERED = """before => (seen.answered || performance.now() - seen.clicked > 3000)
  && document.querySelector("h1")?.innerText !== before
  && document.querySelector('[data-testid="stApp"]').dataset.testScriptState === "notRunning"
  && performance.now() - seen.changed > 500"""


@dataclass(frozen=True)
class Waits:
    """Latencies in seconds.  first_faces: from the start of the process to the first faces, median of `starts`.

    pages: 95th percentile of each page's rendering once the app is warm, from the click to the screen's last change.
    answers: 95th percentile of the time from a click to the screen's first change, for the clicks on each page's link
    and on its first control.
    """

    first_faces: float
    starts: int
    pages: dict[str, float]
    answers: dict[str, float]


def measure_app(starts: int = 3, visits: int = 20) -> Waits:
    """Starts the app several times and visits its pages.  Raises ValueError if playwright or a browser is missing."""
    sync_playwright, browser = playwright_and_browser()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        page = chromium.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(120_000)
        first, pages, answers = [], dict[str, float](), dict[str, float]()
        for _ in range(starts):
            began = time.perf_counter()
            with started_app() as address:
                open_when_up(page, address)
                page.get_by_role("button", name=FACE).wait_for()
                first.append(time.perf_counter() - began)
                if len(first) == starts:
                    pages, answers = walk(page, visits)
        chromium.close()
    return Waits(float(np.median(first)), starts, pages, answers)


def playwright_and_browser() -> tuple[Any, str]:
    """Playwright's entry point, and the path of a browser.  Raises ValueError if one of them is missing."""
    try:
        from playwright.sync_api import sync_playwright  # may be missing
    except ImportError:
        raise ValueError("This benchmark needs playwright, which `uv sync` installs for development.") from None
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if browser is None:
        raise ValueError(f"This benchmark needs a browser on the PATH: one of {', '.join(BROWSERS)}.")
    return sync_playwright, browser


@contextmanager
def started_app(**env: str) -> Iterator[str]:
    """The address of an app that runs meanwhile.  env: further environment variables."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1"]
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **env}, stdout=log, stderr=log)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


def open_when_up(page: "Page", address: str) -> None:
    """As `streamlit run` does: the browser asks for the page once the server listens, and takes no time before."""
    port = int(address.rpartition(":")[2])
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                page.goto(address)
                return
        time.sleep(0.02)
    raise ValueError(f"The app did not start at {address}.")


def walk(page: "Page", visits: int) -> tuple[dict[str, float], dict[str, float]]:
    """Visits the pages in turn through their links, and uses the first control of each.

    Returns `pages` and `answers` of Waits; the first round is not counted.
    """
    links = page.get_by_role("navigation", name="App pages").get_by_role("link")
    names = [link.inner_text().splitlines()[-1].strip() for link in links.all()]  # preceded by the name of its icon
    times: dict[str, list[float]] = {name: [] for name in names}
    answers: dict[str, list[float]] = {name: [] for name in names}
    page.evaluate(WATCH)
    before = ""
    for visit in range(visits + 1):
        for number, name in enumerate(names):
            links.nth(number).click()
            page.wait_for_function(RENDERED, arg=before, polling=50)
            before = page.get_by_role("heading", level=1).first.inner_text()
            seen = [page.evaluate("seen")]
            control = page.locator(CONTROL).locator("visible=true").first
            if control.count() and control.is_enabled():
                control.click()
                page.wait_for_function(RENDERED, arg="", polling=50)
                seen.append(page.evaluate("seen"))
                if (shown := page.get_by_role("heading", level=1).first.inner_text()) != before:
                    links.nth(number).click()  # back, because the next link may lead to the page that is shown
                    page.wait_for_function(RENDERED, arg=shown, polling=50)
            if visit:
                times[name].append(seen[0]["changed"] - seen[0]["clicked"])
                answers[name] += [click["answered"] - click["clicked"] for click in seen if click["answered"]]
    return percentiles(times), percentiles(answers)


def percentiles(milliseconds: dict[str, list[float]]) -> dict[str, float]:
    """95th percentiles in seconds."""
    return {name: float(np.percentile(spent, 95)) / 1000 for name, spent in milliseconds.items()}
