"""The Train page without a browser: what it shows for whole, missing and damaged runs."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from facedemo.config import RunConfig
from facedemo.families import create
from facedemo.recorder import Recorder
from facedemo.runs import Run, create_run

APP = Path(__file__).parents[1] / "facedemo" / "pages" / "train.py"


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEDEMO_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path / "cache"))


def page(run: str | None = None) -> AppTest:
    app = AppTest.from_file(str(APP), default_timeout=60)
    if run is not None:
        app.query_params["run"] = run
    return app.run()


def a_run(root: Path, state: str = "stopped") -> Run:
    run = create_run(RunConfig(name="lesson 3", model={"size": 32, "width": 4, "latent": 8}), root)
    recorder = Recorder(run)
    recorder.rewind(0)
    for step in (10, 20, 30):
        recorder.log_metrics({"step": step, "loss_real": 0.5, "loss_fake": 0.25, "k": 0.1, "convergence": 0.6})
    recorder.save_checkpoint(30, lambda path: path.write_bytes(b""), create("ours", run.config.model).state_dict())
    recorder.write_status(state=state, step=30, progress=0.3)
    recorder.close()
    return run


def words(app: AppTest) -> str:
    return " ".join(str(item.value) for kind in (app.markdown, app.caption, app.error, app.warning) for item in kind)


def test_without_runs_the_page_says_so_and_offers_the_form() -> None:
    app = page()
    assert not app.exception
    assert "No runs yet" in words(app)
    assert any(button.label == "Start training" for button in app.button)


def test_a_preset_fills_the_controls() -> None:
    app = page()
    preset = next(box for box in app.selectbox if box.label == "Preset")
    preset.select("paper-64").run()
    assert not app.exception
    assert next(number for number in app.number_input if number.label == "Width").value == 64
    assert next(slider for slider in app.slider if slider.label.startswith("γ")).value == 0.5


def test_earlier_runs_are_listed_with_their_state(tmp_path: Path) -> None:
    a_run(tmp_path / "runs")
    app = page()
    assert not app.exception
    assert "lesson 3" in words(app)
    assert {"Open", "Resume", "Delete"} <= {button.label for button in app.button}


@pytest.mark.parametrize("state", ["stopped", "finished", "failed", "running"])
def test_a_run_opens_in_every_state(tmp_path: Path, state: str) -> None:
    run = a_run(tmp_path / "runs", state)
    if state == "running":  # its process is this test, which writes nothing further
        assert run.status.state == "running"
    app = page(run.id)
    assert not app.exception
    assert "lesson 3" in words(app) + " ".join(title.value for title in [*app.title, *app.header, *app.subheader])


def test_a_run_that_is_gone_is_a_message(tmp_path: Path) -> None:
    app = page("2020-01-01-000000-ours-gone")
    assert not app.exception


@pytest.mark.parametrize("file", ["config.json", "status.json", "metrics.csv", "marks.jsonl"])
def test_a_damaged_run_is_never_a_traceback(tmp_path: Path, file: str) -> None:
    run = a_run(tmp_path / "runs")
    (run.path / file).write_bytes(b'{"step": \x00 garbage\n')
    assert not page(run.id).exception
    assert not page().exception
