import os
import socket
from pathlib import Path

import psutil
import pytest

from facedemo import trash
from facedemo.config import RunConfig
from facedemo.runs import Run, RunError, Status, create_run, list_runs


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("FACEDEMO_RUNS", str(tmp_path / "runs"))
    return create_run(RunConfig(name="mine"))


def test_a_deleted_run_is_no_longer_listed_but_kept(run: Run) -> None:
    deleted = trash.delete(run)
    assert list_runs() == []
    assert trash.deleted_runs() == [deleted]
    assert deleted.name == "mine"


def test_deleting_can_be_undone(run: Run) -> None:
    (run.path / "log.txt").write_text("words", "utf8")
    assert trash.restore(trash.delete(run)) == run
    assert run.log_text() == "words"
    assert trash.deleted_runs() == []


def test_a_run_that_trains_is_not_deleted(run: Run) -> None:
    mine = {"pid": os.getpid(), "process_started": psutil.Process().create_time(), "host": socket.gethostname()}
    run.write_status(Status("running", **mine))
    with pytest.raises(RunError, match="Stop it"):
        trash.delete(run)
    assert list_runs() == [run]


def test_a_run_that_is_gone_cannot_be_deleted(run: Run) -> None:
    trash.delete(run)
    with pytest.raises(RunError, match="no longer there"):
        trash.delete(run)


def test_restoring_never_overwrites_a_run(run: Run) -> None:
    deleted = trash.delete(run)
    run.path.mkdir()
    with pytest.raises(RunError, match="already"):
        trash.restore(deleted)
    assert deleted.path.is_dir()


def test_a_damaged_run_can_be_deleted_and_restored(run: Run) -> None:
    (run.path / "config.json").write_text("{garbage", "utf8")
    assert trash.restore(trash.delete(run)) == run


def test_emptying_the_trash_spares_the_other_runs(run: Run) -> None:
    other = create_run(RunConfig())
    trash.delete(other)
    trash.empty()
    assert trash.deleted_runs() == []
    assert list_runs() == [run]


def test_an_empty_trash_can_be_emptied(run: Run) -> None:
    trash.empty()
    assert list_runs() == [run]
