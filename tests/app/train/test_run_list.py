"""The list of runs on the Train page."""

import os
import socket
from pathlib import Path

import psutil
import pytest

from facedemo.comparison.entrants import entrant_configs
from facedemo.comparison.race import create_race
from facedemo.runs import queue
from facedemo.runs.run import create_run, list_runs
from facedemo.storage.process_status import Status
from tests.app.train.conftest import click, config, labels, open_page, page_text, set_state


def test_the_list_tells_each_runs_state_and_what_can_be_done(pictures: Path) -> None:
    for state in ("stopped", "finished", "failed", "running"):
        run = create_run(config(pictures, name=f"run {state}"))
        set_state(run, state, message="why")
        if state == "stopped":
            (run.path / "checkpoints" / "00000010.ckpt").write_bytes(b"")
    create_run(config(pictures, name="never"))
    page = open_page()
    for state in ("stopped", "finished", "failed", "running"):
        assert f"run {state}" in page_text(page)
    buttons = labels(page)
    expected = {"Open": 5, "Resume": 1, "Start": 2, "Extend": 1, "Delete": 5}
    assert {label: buttons.count(label) for label in expected} == expected
    running = next(run for run in list_runs() if run.name == "run running")
    assert page.button(key=f"Delete_{running.id}").disabled


def test_an_entrant_of_a_race_waits_without_resume_and_delete(pictures: Path) -> None:
    options = {"size": 32, "width": 4, "latent": 8, "batch_size": 4, "iterations": 20, "source": str(pictures)}
    race = create_race(entrant_configs(options, ["ours", "dcgan"]))
    me = {"pid": os.getpid(), "process_started": psutil.Process().create_time(), "host": socket.gethostname()}
    race.write_status(Status("running", **me))
    entrant = race.run(race.plan.entries[1])
    page = open_page()
    assert page_text(page).replace("\\", "").count(f"Waits for its turn in the race “{race.name}”.") == 2
    assert not {"Resume", "Delete"} & set(labels(page))
    page = open_page(entrant.id)
    assert "Open the race" in labels(page)
    assert not {"Start", "Resume", "Stop"} & set(labels(page))
    race.write_status(Status("stopped"))
    assert "Start" in labels(open_page(entrant.id))


def test_a_run_that_waits_can_start_now(pictures: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FACEDEMO_QUEUE", str(tmp_path / "queue"))
    run = create_run(config(pictures))
    queue.enter(run.path)
    me = {"pid": os.getpid(), "process_started": psutil.Process().create_time(), "host": socket.gethostname()}
    run.write_status(Status("waiting", seconds_left=123, **me))
    page = open_page(run.id)
    assert any("2 min 3 s of training" in bar.proto.text for bar in page.get("progress"))
    click(page, "Start now")
    assert [entry.state for entry in queue.places()] == ["training"]


def test_open_shows_the_run_and_all_runs_leads_back(pictures: Path) -> None:
    run = create_run(config(pictures))
    page = click(open_page(), "Open")
    assert run.id in page.query_params["run"]
    assert "Start training" not in labels(page)
    click(page, "All runs")
    assert "run" not in page.query_params
    assert "Start training" in labels(page)


def test_deleting_is_undone_with_one_click(pictures: Path) -> None:
    run = create_run(config(pictures))
    page = click(open_page(), "Delete")
    assert list_runs() == []
    click(page, "Restore")
    assert list_runs() == [run]


def test_names_are_shown_as_they_are_not_as_markdown(pictures: Path) -> None:
    create_run(config(pictures, name="# [x](http://y) :red[z]"))
    assert any(r"\[x\]" in item.value for item in open_page().markdown)


def test_sixty_runs_come_a_page_at_a_time_and_can_be_searched(pictures: Path) -> None:
    made = [create_run(config(pictures, name=f"face-{number}-of-sixty")) for number in range(60)]
    page = open_page()
    page.session_state["run_page"] = 3
    page.run()
    third = {item.key for item in page.button if item.label == "Open"}
    click(page, "Open")
    click(page, "All runs")  # as Back leads here
    assert {item.key for item in page.button if item.label == "Open"} == third
    page.session_state["run_page"] = 1
    page.run()
    assert labels(page).count("Open") == 8
    page.text_input(key="find_run").set_value("face-33-of").run()
    assert labels(page).count("Open") == 1
    assert f"Open_{made[33].id}" in {item.key for item in page.button}
    click(page, "Open")
    click(page, "All runs")  # as Back leads here
    assert page.text_input(key="find_run").value == "face-33-of"
    page.text_input(key="find_run").set_value("nothing like it").run()
    assert not page.exception
    assert labels(page).count("Open") == 0
