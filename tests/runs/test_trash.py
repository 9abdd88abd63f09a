import os
from pathlib import Path

import pytest

from facedemo.comparison.race import Race, create_race, deleted_races, list_races
from facedemo.config.schema import RunConfig
from facedemo.runs import trash
from facedemo.runs.directory import RunError
from facedemo.runs.run import Run, create_run, list_runs
from facedemo.storage.process_status import Status, process_facts


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
    run.write_status(Status("running", **process_facts(os.getpid())))
    with pytest.raises(RunError, match="Stop it"):
        trash.delete(run)
    assert list_runs() == [run]


def test_a_run_that_is_gone_cannot_be_deleted(run: Run) -> None:
    trash.delete(run)
    with pytest.raises(RunError, match="no longer exists"):
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
    trash.erase(trash.deleted_runs())
    assert trash.deleted_runs() == []
    assert list_runs() == [run]


def test_what_was_not_deleted_first_is_not_erased(run: Run) -> None:
    with pytest.raises(RunError, match="has not been deleted"):
        trash.erase([run])
    assert list_runs() == [run]


@pytest.fixture
def held(run: Run) -> Race:
    return create_race({"one": RunConfig(budget={"minutes": 1}), "two": RunConfig(budget={"minutes": 1})})


def test_a_deleted_race_comes_back_and_its_runs_stay_meanwhile(held: Race) -> None:
    runs = list_runs()
    deleted = trash.delete(held)
    assert (list_races(), deleted_races(), list_runs()) == ([], [deleted], runs)
    assert deleted.name == "one · two"
    assert trash.restore(deleted) == held
    assert (list_races(), deleted_races()) == ([held], [])
    assert [held.run(entry) in runs for entry in held.plan.entries] == [True, True]


def test_a_race_that_goes_on_is_not_deleted(held: Race) -> None:
    held.write_status(Status("paused", **process_facts(os.getpid())))
    with pytest.raises(RunError, match="“one · two” is paused"):
        trash.delete(held)
    assert list_races() == [held]


def test_a_damaged_race_can_be_deleted_for_good_and_its_runs_are_spared(held: Race) -> None:
    (held.path / "race.json").write_text("{garbage", "utf8")
    runs = list_runs()
    trash.erase([trash.delete(held)])
    assert (list_races(), deleted_races(), list_runs()) == ([], [], runs)
