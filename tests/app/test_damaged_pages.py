"""The page of a run, with each of its files damaged in every way: it shows the rest."""

import json
import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from facedemo.app import navigation
from facedemo.runs.run import Run
from facedemo.storage.atomic import append_line
from tests.conftest import RunMaker
from tests.damages import DAMAGES

FILES = (
    *("config.json", "status.json", "orders.jsonl", "marks.jsonl", "metrics.csv", "report.json", "notes.md", "log.txt"),
    *("images.json", "samples/00000010.png", "model.safetensors"),
)


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_the_pages_of_a_run_with_a_damaged_file_show_the_rest(
    make_run: RunMaker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    run = make_run("mine", weights=True)
    run.steer(gamma=0.5)
    append_line(run.path / "marks.jsonl", {"step": 10, "changes": {"gamma": 0.5}, "command": 0})
    run.write_notes("My notes: γ")
    (run.path / "log.txt").write_text("began\n", "utf8")
    (run.path / "report.json").write_text(json.dumps({"iterations": 50, "images": 800}), "utf8")
    (run.path / "images.json").write_text(json.dumps({"count": 64, "digest": "ab"}), "utf8")
    shutil.copyfile(Path(__file__).parents[2] / "checkpoints/ours-64/samples.png", run.path / "samples/00000010.png")
    content = (run.path / name).read_bytes()
    for kind, damage in DAMAGES.items():
        (run.path / name).write_bytes(damage(content))
        pages = (navigation.TRAIN, navigation.RUNS) if kind in ("cut", "other version") else (navigation.TRAIN,)
        for page in pages:
            opened = AppTest.from_file(page, default_timeout=60)
            opened.query_params["run" if page == navigation.TRAIN else "chosen"] = run.id
            opened.run()
            assert not opened.exception, opened.exception
            assert "Traceback" not in str(opened)
    assert Run(run.path).id == run.id
