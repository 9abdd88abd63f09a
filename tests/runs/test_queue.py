"""The queue: trainings that wait for their turn, in order, without a daemon."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest

from facedemo.comparison.race import Entrant, Plan, Race
from facedemo.config.schema import Budget, RunConfig
from facedemo.runs import queue, trash
from facedemo.runs.directory import RunError
from facedemo.runs.run import Run, create_run
from facedemo.runs.waiting import wait_for_turn
from facedemo.storage.process_status import Status
from tests.conftest import facedemo
from tests.runs.short_work import Work

NewWork = Callable[..., Work]


@pytest.fixture
def new_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NewWork]:
    monkeypatch.setenv("FACEDEMO_QUEUE", str(tmp_path / "queue"))
    monkeypatch.setenv("FACEDEMO_TRAININGS", "1")
    made: list[Work] = []

    def make(name: str, long: bool = False, minutes: float = 1) -> Work:
        """long: works until `end` is called on it."""
        made.append(Work(create_run(RunConfig(name=name, budget=Budget(minutes=minutes)), tmp_path / "runs").path))
        if long:
            (made[-1].path / "go on").touch()
        return made[-1]

    yield make
    for work in made:
        end(work)
        if (status := work.status).active and not status.of_this_process:
            psutil.Process(status.pid).kill()


def end(work: Work) -> None:
    (work.path / "go on").unlink(missing_ok=True)


def wait_until(condition: Callable[[], object], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "nothing happened in time"
        time.sleep(0.02)


def is_in(state: str, *works: Run) -> bool:
    return all(work.status.state == state for work in works)


def journal(work: Work) -> list[str]:
    return (work.path.parent / "journal.txt").read_text("utf8").splitlines()


@pytest.mark.parametrize("limit", [1, 2])
def test_all_train_in_order_and_never_more_at_once_than_allowed(
    new_work: NewWork, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setenv("FACEDEMO_TRAININGS", str(limit))
    works = [new_work(f"work {number}") for number in range(5)]
    for work in works:
        work.launch()
    wait_until(lambda: is_in("finished", *works))
    lines, at_once = journal(works[0]), 0
    for line in lines:
        at_once += 1 if line.startswith("begin") else -1
        assert 0 <= at_once <= limit
    begun = [line.removeprefix("begin ") for line in lines if line.startswith("begin")]
    assert begun == [work.name for work in works] if limit == 1 else sorted(begun) == [work.name for work in works]


def test_a_waiting_run_says_its_place_and_how_long_it_will_wait(new_work: NewWork, tmp_path: Path) -> None:
    first, second, third = new_work("first", long=True, minutes=4), new_work("second", minutes=10), new_work("third")
    for work in (first, second, third):
        work.launch()
    wait_until(lambda: is_in("running", first) and is_in("waiting", second, third))
    waits = queue.waits()
    assert waits[second.path] == (1, 240)
    assert waits[third.path] == (2, 840)
    listed = facedemo(tmp_path, "runs", "--runs-dir", str(tmp_path / "runs")).stdout
    assert "waiting, number 1, about 4 min" in listed
    assert "waiting, number 2, about 14 min" in listed


def test_stopping_a_waiting_run_takes_it_out_of_the_queue(new_work: NewWork) -> None:
    first, second, third = new_work("first", long=True), new_work("second"), new_work("third")
    for work in (first, second, third):
        work.launch()
    second.stop()
    wait_until(lambda: is_in("stopped", second))
    assert list(queue.waits()) == [third.path]
    end(first)
    wait_until(lambda: is_in("finished", first, third))
    assert "begin second" not in journal(first)
    second.launch()
    wait_until(lambda: is_in("finished", second))


def test_a_waiting_run_can_be_deleted_and_its_process_ends(new_work: NewWork) -> None:
    first, second = new_work("first", long=True), new_work("second")
    first.launch()
    second.launch()
    pid = second.status.pid
    deleted = trash.delete(second)
    assert deleted.status.state == "stopped"
    wait_until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    assert queue.waits() == {}
    with pytest.raises(RunError, match="Stop it before"):
        trash.delete(first)


def test_a_paused_waiting_run_lets_others_pass_and_keeps_its_place(new_work: NewWork) -> None:
    first, second, third = new_work("first", long=True), new_work("second"), new_work("third", long=True)
    fourth = new_work("fourth")
    for work in (first, second, third, fourth):
        work.launch()
    second.pause()
    wait_until(lambda: is_in("paused", second))
    end(first)
    wait_until(lambda: is_in("running", third))
    second.unpause()
    wait_until(lambda: is_in("waiting", second))
    assert list(queue.waits()) == [second.path, fourth.path]
    end(third)
    wait_until(lambda: is_in("finished", second, fourth))


def test_a_waiting_race_is_paused_stopped_and_deleted_like_a_run(new_work: NewWork, tmp_path: Path) -> None:
    first, entrants = new_work("first", long=True), [new_work(f"entrant {number}") for number in range(2)]
    first.launch()
    races = []
    for number in range(2):
        folder = tmp_path / "runs" / "races" / f"2026-11-26-101530-race-000{number}"
        folder.mkdir(parents=True)
        plan = Plan("a · b", "race", [Entrant(work.name, work.id) for work in entrants])
        (folder / "race.json").write_text(json.dumps(asdict(plan)), "utf8")
        races.append(Race(folder))
        races[-1].launch()
    second, third = races
    assert list(queue.waits()) == [second.path, third.path]
    runs_dir = ("--runs-dir", str(tmp_path / "runs"))
    assert facedemo(tmp_path, "pause", second.id, *runs_dir).returncode == 0
    wait_until(lambda: second.status.state == "paused")
    assert list(queue.waits()) == [third.path]
    with pytest.raises(RunError, match="does not wait"):
        second.pause()
    facedemo(tmp_path, "unpause", second.id, *runs_dir)
    wait_until(lambda: second.status.state == "waiting")
    assert list(queue.waits()) == [second.path, third.path]
    facedemo(tmp_path, "stop", second.id, *runs_dir)
    wait_until(lambda: second.status.state == "stopped")
    pid = third.status.pid
    assert facedemo(tmp_path, "delete", third.id, *runs_dir).returncode == 0
    wait_until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    assert queue.waits() == {}
    assert is_in("stopped", *entrants), "the models of a race that never ran stay as they are"


def test_a_killed_process_gives_its_place_away(new_work: NewWork) -> None:
    first, second, third = new_work("first", long=True), new_work("second"), new_work("third")
    for work in (first, second, third):
        work.launch()
    wait_until(lambda: is_in("running", first))
    os.kill(second.status.pid, signal.SIGKILL)
    wait_until(lambda: is_in("crashed", second))
    assert "while it waited" in second.status.message
    os.kill(first.status.pid, signal.SIGKILL)
    wait_until(lambda: is_in("finished", third))


def test_a_run_that_is_started_now_passes_the_queue_by_but_counts(new_work: NewWork) -> None:
    first, second, third = new_work("first", long=True), new_work("second", long=True), new_work("third")
    first.launch()
    second.launch(now=True)
    third.launch()
    wait_until(lambda: is_in("running", first, second))
    end(first)
    wait_until(lambda: is_in("finished", first))
    time.sleep(1)
    assert is_in("waiting", third)
    end(second)
    wait_until(lambda: is_in("finished", third))


def test_a_waiting_run_can_be_started_now(new_work: NewWork) -> None:
    first, second = new_work("first", long=True), new_work("second", long=True)
    first.launch()
    second.launch()
    wait_until(lambda: is_in("running", first))
    assert is_in("waiting", second)
    second.start_now()
    wait_until(lambda: is_in("running", first, second))


def test_a_training_in_the_terminal_waits_too_unless_it_is_to_start_now(new_work: NewWork) -> None:
    first, second, third = new_work("first", long=True), new_work("second"), new_work("third")
    first.launch()
    states: list[str] = []

    def show(status: Status) -> None:
        states.append(status.state)
        if status.state == "waiting":
            second.stop()

    assert not wait_for_turn(second, show=show)
    assert states == ["waiting", "stopped"]
    assert is_in("stopped", second)
    assert wait_for_turn(third, now=True)
    assert is_in("starting", third)
    third.write_status(Status("finished"))


def test_a_double_click_enters_the_queue_once(new_work: NewWork) -> None:
    first, second = new_work("first", long=True), new_work("second")
    first.launch()
    second.launch()
    with pytest.raises(RunError, match="already training or waiting"):
        second.launch()
    assert list(queue.waits()) == [second.path]


def test_without_a_writable_queue_a_run_trains_at_once(
    new_work: NewWork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("FACEDEMO_QUEUE", str(tmp_path / "file"))
    first, second = new_work("first", long=True), new_work("second")
    first.launch()
    second.launch()
    wait_until(lambda: is_in("finished", second))
    assert "not queued" in second.log_text()


def test_half_of_the_cores_train_at_once_and_at_least_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FACEDEMO_TRAININGS", raising=False)
    for cores, expected in ((1, 1), (2, 1), (3, 1), (8, 4), (None, 1)):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        assert queue.max_trainings() == expected
    for text, expected in (("3", 3), ("0", 1), ("many", 1)):
        monkeypatch.setenv("FACEDEMO_TRAININGS", text)
        assert queue.max_trainings() == expected


@pytest.mark.slow
def test_a_paused_training_gives_its_turn_away_and_waits_to_continue(new_work: NewWork, tmp_path: Path) -> None:
    settings = {"model": {"size": 32, "width": 4, "latent": 8, "batch_size": 4}, "budget": {"iterations": 1_000_000}}
    settings["training"] = {"precision": "32-true", "threads": 1}
    run = create_run(RunConfig.model_validate(settings), tmp_path / "runs")
    run.launch()
    work = new_work("work", long=True)
    work.launch()
    wait_until(lambda: is_in("running", run))
    assert is_in("waiting", work)
    run.pause()
    wait_until(lambda: is_in("paused", run) and is_in("running", work))
    run.unpause()
    wait_until(lambda: is_in("waiting", run))
    end(work)
    wait_until(lambda: is_in("running", run))
    run.stop()
    wait_until(lambda: is_in("stopped", run))


@pytest.mark.slow
def test_a_stop_that_comes_while_the_training_loads_is_obeyed(new_work: NewWork, tmp_path: Path) -> None:
    settings = {"model": {"size": 32, "width": 4, "latent": 8, "batch_size": 4}, "budget": {"iterations": 1_000_000}}
    run = create_run(RunConfig.model_validate(settings), tmp_path / "runs")
    run.launch()
    run.stop()
    wait_until(lambda: is_in("stopped", run))
