"""What can be done with a run on the Train page in each state, also if it failed or is damaged."""

import socket
from pathlib import Path

import pytest

from facedemo.config.schema import RunConfig
from facedemo.runs import trash
from facedemo.runs.run import create_run, list_runs
from facedemo.storage.atomic import append_line
from facedemo.storage.process_status import Status
from tests.app.train.conftest import Launched, click, commands, config, labels, open_page, page_text, set_state, trained


@pytest.mark.parametrize(
    ("state", "expected", "unexpected"),
    [
        ("running", {"Pause", "Stop"}, {"Resume", "Continue", "Extend"}),
        ("paused", {"Continue", "Stop"}, {"Pause", "Resume"}),
        ("stopped", {"Start"}, {"Pause", "Stop", "Continue"}),
        ("failed", {"Start"}, {"Pause", "Stop", "Continue"}),
    ],
)
def test_the_buttons_fit_the_state(pictures: Path, state: str, expected: set[str], unexpected: set[str]) -> None:
    run = create_run(config(pictures))
    set_state(run, state)
    page = open_page(run.id)
    assert expected <= set(labels(page))
    assert not unexpected & set(labels(page))


def test_pause_and_stop_are_asked_for_and_confirmed(pictures: Path) -> None:
    run = create_run(config(pictures))
    set_state(run, "running")
    page = open_page(run.id)
    click(page, "Pause")
    assert "will pause after this iteration" in page_text(page)
    click(page, "Stop")
    assert commands(run) == ["pause", "stop"]


def test_a_failed_run_says_why_and_can_be_resumed(pictures: Path, launched: Launched) -> None:
    run = create_run(config(pictures))
    set_state(run, "failed", message="The images are too few.")
    page = open_page(run.id)
    assert page.error[0].value == "The images are too few."
    click(page, "Start")
    assert launched == [run]


def test_a_finished_run_goes_on_with_a_larger_budget_only(pictures: Path, launched: Launched) -> None:
    run = trained(pictures)
    page = open_page(run.id)
    assert page.number_input(key="extend_iterations").value == 40
    page.number_input(key="extend_iterations").set_value(20).run()
    click(page, "Train further")
    assert launched == []
    assert "larger" in page_text(page)
    page.number_input(key="extend_iterations").set_value(60).run()
    click(page, "Train further")
    assert launched == [run]
    assert run.config.budget.iterations == 60


@pytest.mark.parametrize("name", ["gone", "../../etc", "", ".", "a/b", "\0"])
def test_a_run_that_is_not_there_is_a_message(name: str) -> None:
    assert "No such run" in str(open_page(name).warning[0].proto)


def test_a_run_deleted_while_it_is_shown_is_a_message(pictures: Path) -> None:
    run = create_run(config(pictures))
    page = open_page(run.id)
    trash.delete(run)
    page.run()
    assert not page.exception
    assert page.warning


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("config.json", "{garbage"),
        ("config.json", "[]"),
        ("config.json", '{"family": "unknown"}'),
        ("config.json", '{"family": [1], "model": 3, "name": 5}'),
        ("status.json", "{"),
        ("status.json", '{"progress": "half", "updated": null, "state": "running"}'),
        ("status.json", '{"advice": 3, "step": null}'),
        ("metrics.csv", ""),
        ("metrics.csv", "step,loss"),
        ("metrics.csv", "step,loss_real\n1,x\n"),
        ("metrics.csv", "loss_real\n1\n"),
        ("marks.jsonl", '{"changes": 3}\n'),
        ("marks.jsonl", '{"step": 1, "changes": {"gamma": 7}, "command": 0}\n'),
        ("orders.jsonl", '{"do": "set"}\n'),
        ("samples/00000010.png", "no image"),
        ("log.txt", "\0\ufffd"),
    ],
)
def test_damaged_files_of_a_run_are_never_a_traceback(pictures: Path, file: str, content: str) -> None:
    run = create_run(config(pictures))
    set_state(run, "stopped")
    (run.path / file).write_text(content, "utf8")
    open_page(run.id)
    page = open_page()
    click(page, "Delete")
    assert list_runs() == []


def test_a_crash_is_told_and_resumable(pictures: Path, launched: Launched) -> None:
    run = create_run(config(pictures))
    run.write_status(Status("running", host=socket.gethostname(), pid=2**22 + 1, step=10))
    append_line(run.path / "orders.jsonl", {"do": "pause"})
    page = open_page(run.id)
    assert page.error
    click(page, "Start")
    assert launched == [run]


def test_a_run_whose_images_have_moved_is_resumed_from_their_new_place(
    pictures: Path, tmp_path: Path, launched: Launched
) -> None:
    run = create_run(RunConfig.model_validate({"model": {"size": 32}, "data": {"source": str(tmp_path / "gone")}}))
    run.write_status(Status("failed", step=10))
    (run.path / "checkpoints" / "00000010.ckpt").write_bytes(b"")
    page = open_page(run=run.id)
    page.text_area(key=f"images_path_{run.id}").set_value(str(tmp_path / "nowhere")).run()
    page.button(key="images_go").click().run()
    assert "There is no file or folder" in page_text(page)
    (few := tmp_path / "few").mkdir()
    (few / "one.png").write_bytes(b"x")
    page.text_area(key=f"images_path_{run.id}").set_value(str(few)).run()
    page.button(key="images_go").click().run()
    assert "1 image found; at least 64 are needed" in page_text(page)
    assert not launched
    page.text_area(key=f"images_path_{run.id}").set_value(str(pictures)).run()
    page.button(key="images_go").click().run()
    assert run.config.data.source == str(pictures)
    assert launched == [run]
