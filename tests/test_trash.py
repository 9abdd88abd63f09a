"""Deleting a run can be undone until the trash is emptied."""

import socket
import time
from pathlib import Path

import psutil
import pytest

from facedemo import trash
from facedemo.config import RunConfig
from facedemo.runs import RunError, Status, create_run, list_runs


def test_a_deleted_run_leaves_the_list_and_comes_back_whole(tmp_path: Path) -> None:
    run = create_run(RunConfig(name="mine"), tmp_path)
    gone = trash.delete(run)
    assert list_runs(tmp_path) == []
    assert [deleted.id for deleted in trash.deleted_runs(tmp_path)] == [run.id]
    back = trash.restore(gone)
    assert back == run
    assert back.config.name == "mine"
    assert trash.deleted_runs(tmp_path) == []


def test_a_training_run_is_not_deleted(tmp_path: Path) -> None:
    run, me = create_run(RunConfig(), tmp_path), psutil.Process()
    run.write_status(
        Status("running", pid=me.pid, process_started=me.create_time(), host=socket.gethostname(), updated=time.time())
    )
    with pytest.raises(RunError, match="Stop it before"):
        trash.delete(run)
    assert list_runs(tmp_path) == [run]


def test_restoring_never_overwrites_a_run(tmp_path: Path) -> None:
    run = create_run(RunConfig(), tmp_path)
    gone = trash.delete(run)
    run.path.mkdir()
    with pytest.raises(RunError, match="already"):
        trash.restore(gone)
    assert gone.path.exists()


def test_emptying_deletes_the_trash_and_nothing_else(tmp_path: Path) -> None:
    kept, gone = create_run(RunConfig(), tmp_path), create_run(RunConfig(), tmp_path)
    trash.delete(gone)
    trash.empty(tmp_path)
    assert trash.deleted_runs(tmp_path) == []
    assert list_runs(tmp_path) == [kept]
