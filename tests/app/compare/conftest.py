"""The Compare page over small models and races, of which none is trained by the tests of the page."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from facedemo.app import navigation
from facedemo.app.shared import estimate
from facedemo.comparison import entrants, race
from facedemo.comparison.race import Race
from facedemo.evaluation.report import Report, Row, rate, save_evaluation
from facedemo.imaging.pictures import grid
from facedemo.runs.directory import ProcessDirectory
from facedemo.runs.evaluations import EARLIER
from facedemo.runs.run import Run
from facedemo.storage.atomic import append_line

TINY = {"size": 32, "width": 4, "latent": 8, "batch_size": 4, "generator": "decoder", "iterations": 20}


@pytest.fixture(autouse=True)
def launched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """Own folders; what the page has started, of which nothing really trains."""
    monkeypatch.setenv("FACEDEMO_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FACEDEMO_CHECKPOINTS", str(tmp_path / "checkpoints"))
    monkeypatch.setattr(estimate, "start_measurement", lambda config: False)
    launched_runs: list[Run] = []
    monkeypatch.setattr(ProcessDirectory, "launch", lambda run, **_: launched_runs.append(run))
    return launched_runs


def open_page(**address: str) -> AppTest:
    page = AppTest.from_file(navigation.COMPARE, default_timeout=60)
    for name, value in address.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def page_text(page: AppTest) -> str:
    parts = (page.markdown, page.caption, page.header, page.error, page.warning, page.info, page.code)
    texts = [str(item.value) for part in parts for item in part] + [bar.proto.text for bar in page.get("progress")]
    texts += [item.proto.body for item in page.get("html")]
    return "\n".join(texts).replace("\\", "").replace("\N{NO-BREAK SPACE}", " ")


def click(page: AppTest, label: str) -> AppTest:
    next(item for item in page.button if item.label == label).click().run()
    assert not page.exception
    return page


def pictures(page: AppTest) -> list[str]:
    return [image.alt for element in page.get("image") for image in element.proto.imgs]


def linked(page: AppTest, name: str) -> str:
    """What the address holds."""
    value = page.query_params[name]
    return value if isinstance(value, str) else value[0]


def report(name: str, undetected: int, people: int) -> Report:
    row = Row(name, rate(undetected, 1000), None, None, people, people, 0.1, None, 0.0)
    return Report(name, 0, 1000, 32, "faces.zip", "test", 1000, 700, [row], {})


def new_race(gammas: tuple[float, ...] = ()) -> Race:
    configs = entrants.entrant_configs(TINY, ["ours"] if gammas else ["ours", "dcgan"], gammas)
    return race.create_race(configs, kind=entrants.kind_of(configs), command="facedemo compare --iterations 20")


def learned(race: Race, number: int) -> Run:
    """A contender of a race, with the traces of a training, but no weights."""
    run = race.run(race.plan.entries[number])
    row = (
        "step,images,seconds,loss_real,loss_fake,k,convergence\n10,40,1.0,0.3,0.2,0.0,0.5\n20,80,2.0,0.2,0.2,0.1,0.4\n"
    )
    (run.path / "metrics.csv").write_text(row)
    faces = np.random.default_rng(number).integers(0, 256, (64, 32, 32, 3), np.uint8)
    grid(faces, 8).save(run.path / "samples" / "00000020.png")
    for step in (10, 20):
        seen = {"step": step, "images": 4 * step, "seconds": step / 10, "found": step, "of": 100}
        append_line(run.path / EARLIER, seen)
    save_evaluation(run.path, report(run.id, 30 + number, 50 + number))
    return run
