"""A class in a shared app: visitors in browsers of their own, each of whom starts a run of one minute."""

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil

from facedemo.benchmarks.app import RENDERED, WATCH, open_when_up, playwright_and_browser, started_app
from facedemo.runs import queue
from facedemo.runs.run import Run, list_runs
from facedemo.storage.atomic import replace_file
from facedemo.storage.locations import CONFIG
from facedemo.storage.process import termination_as_interrupt

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

CODE, PIN = "class code", "1234"
STATES_SECONDS, MEMORY_SECONDS = 0.2, 10.0  # between looks at the runs, and at the memory
THINKING_SECONDS = 1.0  # between the clicks of two visitors
ENDED = ("finished", "stopped", "failed", "crashed", "damaged")
ALIKE = {"run": "{id}", "chosen": "{id}", "model": "run:{id}", "models": "run:{id}", "race": "{id}", "a": "run:{id}"}
PAGES = ("train", "runs", "generate", "interpolate", "inside", "step", "verify", "compare", "teacher")
STEP = "One step"
# a page that was opened by its address, which WATCH does not watch
OPENED = """() => document.querySelector("h1") && performance.now() > 500
  && document.querySelector('[data-testid="stApp"]').dataset.testScriptState === 'notRunning'"""
GIB = 2**30


@dataclass
class ClassMeasurement:
    """What was measured.

    started, ended: numbers of visitors in the order in which their runs were started, and ended.  states: how many runs
    ended in each state.  most_at_once: trainings at any time.  visits: seconds that each page took to appear, from the
    click to the last change of the screen, while runs waited, and Next step on One step.  page_median, page_95: over
    all visits but the first one to each page, which loads its code and models for all visitors.  app_gib, browser_gib:
    peak memory of the app with all trainings, and of the browser; pages that processes share are divided among them.
    reached: where a link showed a visitor the run of another.
    """

    visitors: int
    minutes: float = 0.0
    started: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    states: dict[str, int] = field(default_factory=dict)
    most_at_once: int = 0
    visits: dict[str, list[float]] = field(default_factory=dict)
    page_median: float = 0.0
    page_95: float = 0.0
    app_gib: float = 0.0
    browser_gib: float = 0.0
    reached: list[str] = field(default_factory=list)


def measure_class(visitors: int, report: Callable[[str], None]) -> ClassMeasurement:
    """Lets visitors start a run each, and visit pages until all runs have ended.

    report: called with a line on the progress.  Raises ValueError if playwright or a browser is missing.
    """
    sync_playwright, path = playwright_and_browser()
    home = Path(tempfile.mkdtemp(prefix="facedemo-class-"))
    env = {"FACEDEMO_SHARED": "1", "FACEDEMO_ACCESS_CODE": CODE, "FACEDEMO_TEACHER_CODE": "teacher"}
    env |= {"FACEDEMO_MAX_MINUTES": "1", "FACEDEMO_TRAININGS": str(queue.max_trainings())}
    env |= {f"FACEDEMO_{name}": str(home / name.lower()) for name in ("RUNS", "CACHE", "QUEUE")}
    result = ClassMeasurement(visitors)
    runs = list[Run]()
    try:
        with termination_as_interrupt(), sync_playwright() as playwright, started_app(**env) as address:
            options = ["--no-sandbox", "--disable-gpu"]
            browser = playwright.chromium.launch(executable_path=path, args=options)
            began = time.monotonic()
            pages = []
            with watched(result, runs):
                for number in range(visitors):
                    page, run = start_run(browser, address, home / "runs", number)
                    pages.append(page)
                    runs.append(run)
                    result.started.append(number)
                report(f"{visitors} runs started in {(time.monotonic() - began) / 60:.1f} minutes")
                walk(result, pages, runs, report)
            result.minutes = (time.monotonic() - began) / 60
            for number, page in enumerate(pages):
                other = runs[(number + 1) % visitors]
                result.reached += [f"visitor {number}: {where}" for where in foreign_pages(page, address, other)]
            browser.close()
    finally:
        for status in (run.status for run in runs):
            if status.active:
                psutil.Process(status.pid).kill()
        shutil.rmtree(home, ignore_errors=True)
    return result


def start_run(browser: "Browser", address: str, root: Path, number: int) -> tuple["Page", Run]:
    """Signs a visitor in, and starts the first run of one minute; returns their page and the run."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(120_000)
    open_when_up(page, address)
    for label, text in (("Access code", CODE), ("Nickname", f"Visitor {number}"), ("PIN", PIN)):
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Watch one learn").click()
    page.wait_for_url("**/train?run=*")
    run_id = page.url.partition("run=")[2]
    (run,) = (run for runs in root.glob("people/*/runs") for run in list_runs(runs) if run.id == run_id)
    config = run.config.model_copy(update={"name": f"Secret of visitor {number}"})
    replace_file(run.path / CONFIG, config.model_dump_json(indent=2))
    return page, run


def walk(result: ClassMeasurement, pages: list["Page"], runs: list[Run], report: Callable[[str], None]) -> None:
    """The visitors take turns in clicking the links between the pages until all runs have ended."""
    for page in pages:
        page.evaluate(WATCH)
    waiting, turn = len(runs), 0
    while waiting:
        page = pages[turn % len(pages)]
        links = page.get_by_role("navigation", name="App pages").get_by_role("link")
        link = links.nth(turn // len(pages) % links.count())
        name, before = link.inner_text().splitlines()[-1].strip(), title(page)
        if name != before:
            result.visits.setdefault(name, []).append(seconds_of_click(page, link, before))
            if name == STEP:  # each visitor's own step there needs memory of their own
                button = page.get_by_role("button", name="Next step")
                result.visits.setdefault(f"{STEP}, next", []).append(seconds_of_click(page, button))
        turn += 1
        page.wait_for_timeout(1000 * THINKING_SECONDS)
        if (now := sum(run.status.state not in ENDED for run in runs)) != waiting:
            report(f"{now} of {len(runs)} runs wait or train; {sum(map(len, result.visits.values()))} pages visited")
            waiting = now
    warm = [seconds for spent in result.visits.values() for seconds in spent[1:]]
    result.page_median, result.page_95 = float(np.median(warm)), float(np.percentile(warm, 95))


def seconds_of_click(page: "Page", target: "Locator", before: str = "") -> float:
    """Clicks, and returns the seconds until the screen's last change.  before: the title of the page that is left."""
    target.click()
    page.wait_for_function(RENDERED, arg=before, polling=50)
    return page.evaluate("(seen.changed - seen.clicked) / 1000")


def title(page: "Page") -> str:
    return page.get_by_role("heading", level=1).first.inner_text()


def foreign_pages(page: "Page", address: str, run: Run) -> list[str]:
    """The pages on which a link shows a visitor the run of somebody else."""
    query = "&".join(f"{name}={value.format(id=run.id)}" for name, value in ALIKE.items())
    addresses = []
    for path in PAGES:
        page.goto(f"{address}/{path}?{query}")
        page.wait_for_function(OPENED)
        if run.name in page.locator("body").inner_text():
            addresses.append(f"{run.name} on {path}")
    return addresses


@contextmanager
def watched(result: ClassMeasurement, runs: list[Run]) -> Iterator[None]:
    """Meanwhile, a thread counts the trainings, notes the order in which they end, and measures the memory."""
    over = threading.Event()
    thread = threading.Thread(target=watch, args=(result, runs, over))
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def watch(result: ClassMeasurement, runs: list[Run], over: threading.Event) -> None:
    measured = -MEMORY_SECONDS
    while not over.wait(STATES_SECONDS):
        states = [run.status.state for run in list(runs)]
        result.most_at_once = max(result.most_at_once, sum(state in ("starting", "running") for state in states))
        result.ended += [number for number, state in enumerate(states) if state in ENDED and number not in result.ended]
        result.states = {state: states.count(state) for state in states}
        if time.monotonic() - measured >= MEMORY_SECONDS:
            measured = time.monotonic()
            app, browser = memory()
            result.app_gib, result.browser_gib = max(result.app_gib, app), max(result.browser_gib, browser)


def memory() -> tuple[float, float]:
    """Memory in GiB of the app with its trainings, and of all other child processes: the browser and its driver."""
    app = browser = 0.0
    for child in psutil.Process(os.getpid()).children():
        try:
            is_app = "streamlit" in child.cmdline()
        except psutil.Error:
            continue
        size = sum(map(own_memory, [child, *child.children(recursive=True)])) / GIB
        app, browser = (app + size, browser) if is_app else (app, browser + size)
    return app, browser


def own_memory(process: psutil.Process) -> int:
    """Bytes of a process; on Linux, pages that several share are divided among them."""
    try:
        memory = process.memory_full_info()
    except psutil.Error:
        return 0
    return getattr(memory, "pss", memory.uss)
