"""Who may train, start, change and delete a run, however its files, its clock and other processes behave."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from facedemo.comparison.race import create_race
from facedemo.comparison.worker import execute
from facedemo.config.schema import Budget, RunConfig
from facedemo.runs import heartbeat, trash
from facedemo.runs.directory import RunError
from facedemo.runs.run import Run, create_run, list_runs
from facedemo.storage import run_lock
from facedemo.storage.process_status import Status, identity_of, process_facts
from facedemo.storage.run_lock import LOCK, is_held
from facedemo.training import worker

HOLDER = """
import sys, time, filelock
lock = filelock.FileLock(sys.argv[1])
lock.acquire()
print(flush=True)
time.sleep(60)
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("FACEDEMO_RUNS", str(tmp_path / "runs"))
    return create_run(RunConfig(name="mine"))


@contextmanager
def training(run: Run) -> Iterator[subprocess.Popen[bytes]]:
    """A process that holds the run's lock as a training does."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(run.path / LOCK)], stdout=subprocess.PIPE)
    process.stdout.readline()
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_training_holds_the_lock_as_long_as_it_runs(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "train", lambda run, *_: "finished" if is_held(run.path) else "not held")
    assert worker.execute(run).state == "finished"
    assert not is_held(run.path)
    assert worker.execute(run).state == "finished"


def test_a_process_reports_that_it_lives_however_long_an_iteration_takes(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "SECONDS", 0.02)
    reported = []

    def slow_iteration(run: Run, *_: object) -> str:
        began, deadline = run.status_on_disk().updated, time.monotonic() + 20
        while (now := run.status_on_disk().updated) <= began + 0.1 and time.monotonic() < deadline:
            time.sleep(0.01)
        reported.append(now - began)
        return "finished"

    monkeypatch.setattr(worker, "train", slow_iteration)
    assert worker.execute(run).state == "finished"
    assert reported[0] > 0.1


def test_a_race_holds_its_lock_as_long_as_it_goes_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    race = create_race({"one": RunConfig(budget={"minutes": 1}), "two": RunConfig(budget={"minutes": 1})})
    held = []
    monkeypatch.setattr(worker, "train", lambda *_: held.append(is_held(race.path)) or "finished")
    execute(race)
    assert held == [True, True]
    assert not is_held(race.path)


def test_of_two_that_start_a_run_at_once_one_wins_and_its_process_is_on_record(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, both, started = subprocess.Popen, threading.Barrier(2), []

    def slow_start(*_: object, **__: object) -> subprocess.Popen[bytes]:
        time.sleep(0.2)
        started.append(start([sys.executable, "-c", "import time; time.sleep(60)"]))
        time.sleep(0.2)
        return started[-1]

    def launch(_: int) -> str:
        both.wait()
        try:
            run.launch()
        except RunError as error:
            return str(error)
        return ""

    monkeypatch.setattr(subprocess, "Popen", slow_start)
    with ThreadPoolExecutor(2) as pool:
        messages = sorted(pool.map(launch, range(2)))
    assert messages == ["", "“mine” is already training or waiting."]
    assert [process.pid for process in started] == [run.status.pid]
    started[0].kill()
    started[0].wait()


def test_a_run_that_has_been_started_and_is_still_loading_is_trained_by_no_other(run: Run) -> None:
    loading = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    run.write_status(Status("starting", **process_facts(loading.pid)))
    try:
        with pytest.raises(RunError, match="by another process"):
            worker.execute(run)
        with pytest.raises(RunError, match="is starting"):
            trash.delete(run)
        assert run.status.pid == loading.pid
    finally:
        loading.kill()
        loading.wait()


def test_a_training_goes_on_undisturbed_whatever_its_status_says(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_lock, "PATIENCE", 0.2)
    run.write_status(Status("stopped"))
    with training(run):
        for act, message in (
            (run.launch, "already training"),
            (lambda: trash.delete(run), "in use"),
            (lambda: run.extend(Budget(iterations=5)), "Stop it first"),
            (lambda: worker.execute(run), "another process"),
        ):
            with pytest.raises(RunError, match=message):
                act()
    assert list_runs() == [run]
    assert run.status == Status("stopped")
    trash.delete(run)
    assert list_runs() == []


def test_setting_the_clock_makes_no_living_run_crashed(run: Run) -> None:
    with training(run) as process:
        run.write_status(Status("running", **process_facts(process.pid) | {"process_started": 1.0}))
        assert run.status.process_lives()
        assert run.status.state == "running"
        with pytest.raises(RunError, match="Stop it before you delete it"):
            trash.delete(run)
    assert run.status.state == "crashed"


def test_a_status_of_an_earlier_version_is_read_and_the_lock_is_asked(run: Run) -> None:
    with training(run) as process:
        old = process_facts(process.pid) | {"process_identity": "", "process_started": 1.0}
        run.write_status(Status("running", **old))
        assert run.status.state == "running"
    assert run.status.state == "crashed"


def test_another_process_with_the_number_of_a_dead_one_is_told_from_it(run: Run) -> None:
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        facts = process_facts(sleeper.pid) | {"process_identity": identity_of(os.getpid())}
        run.write_status(Status("running", **facts))
        assert run.status.state == "crashed"
    finally:
        sleeper.kill()
        sleeper.wait()


def test_what_is_gone_is_not_made_again_by_asking_for_its_lock(run: Run) -> None:
    trash.delete(run)
    for act in (run.launch, lambda: worker.execute(run), lambda: trash.delete(run)):
        with pytest.raises(RunError, match="no longer exists"):
            act()
    assert not run.path.exists()
