"""The first run, started again and again as a newcomer does: by a click on Home, with the page open in a browser."""

import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from facedemo.benchmarks.app import open_when_up, playwright_and_browser, started_app
from facedemo.evaluation.detector import detect_and_embed
from facedemo.evaluation.metrics import distinct_people
from facedemo.pretrained.model import load_model
from facedemo.pretrained.sampling import generate
from facedemo.pretrained.seeds import face_seeds
from facedemo.runs.run import Run, list_runs
from facedemo.storage.atomic import replace_file

FACES = 64
PATIENCE = 600.0  # seconds for a run to end


@dataclass(frozen=True)
class FirstRun:
    """seed: of its weights.  seconds: from the click to its end.  detected, people: among FACES of its faces."""

    seed: int
    seconds: float
    detected: int
    people: int


def measure_starts(starts: int, folder: Path, report: Callable[[FirstRun], None]) -> list[FirstRun]:
    """Starts the first run several times, one after another; each has other weights.

    folder: where the samples of the end of each run are kept, as `seed-0.png`.  report: called after each run.  Raises
    ValueError if playwright or a browser is missing, or a run fails.
    """
    sync_playwright, path = playwright_and_browser()
    home, results = Path(tempfile.mkdtemp(prefix="facedemo-starts-")), list[FirstRun]()
    folder.mkdir(parents=True, exist_ok=True)
    env = {f"FACEDEMO_{name}": str(home / name.lower()) for name in ("RUNS", "QUEUE")}
    try:
        with sync_playwright() as playwright, started_app(**env) as address:
            page = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"]).new_page()
            page.set_default_timeout(120_000)
            open_when_up(page, address)
            for _ in range(starts):
                page.get_by_role("link", name="Home").click()
                button = page.get_by_role("button", name="Watch one learn")
                button.wait_for()
                began = time.monotonic()
                button.click()
                page.wait_for_url("**/train?run=*")
                run = Run(home / "runs" / page.url.partition("run=")[2])
                while run.status.active and time.monotonic() < began + PATIENCE:
                    page.wait_for_timeout(200)
                results.append(outcome(run, time.monotonic() - began, folder))
                report(results[-1])
    finally:
        for status in (run.status for run in list_runs(home / "runs")):
            if status.active:
                with suppress(psutil.Error):
                    psutil.Process(status.pid).kill()
        shutil.rmtree(home, ignore_errors=True)
    return results


def outcome(run: Run, seconds: float, folder: Path) -> FirstRun:
    """Keeps the last samples of a run and counts the faces of its model."""
    if run.status.state != "finished":
        raise ValueError(f"The run has not finished, but {run.status.state}. {run.status.message}")
    seed = run.config.training.seed
    replace_file(folder / f"seed-{seed}.png", [*run.samples().values()][-1].read_bytes())
    detections = detect_and_embed(generate(load_model(run.path), face_seeds(0, FACES)))
    return FirstRun(seed, seconds, int(detections.detected.sum()), distinct_people(detections.face_embeddings))
