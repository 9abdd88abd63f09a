"""Commands on runs, on real files, as `facedemo` runs them."""

import os
import re
import socket
import zipfile
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from facedemo.cli import app, main
from facedemo.comparison.race import create_race, list_races
from facedemo.runs import trash
from facedemo.runs.run import Run, list_runs
from facedemo.storage import locations
from facedemo.storage.atomic import read_lines
from facedemo.storage.process_status import Status
from tests.conftest import Maker, RunMaker


def facedemo(*arguments: object) -> str:
    """What a command that works prints."""
    done = CliRunner().invoke(app, [str(word) for word in arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout.strip()


def complaint(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What a command says that does not work; any other end than a message would be a traceback."""
    monkeypatch.setattr("sys.argv", ["facedemo", *(str(word) for word in arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    return capsys.readouterr().err


def test_runs_are_listed_with_what_each_is_doing(make_run: RunMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    assert "facedemo train" in facedemo("runs")
    make_run("mine", rows=200, state="stopped")
    (row,) = [line for line in facedemo("runs").splitlines() if "mine" in line]
    assert "stopped" in row
    assert "2,000" in row


def test_a_member_of_a_race_is_listed_as_waiting_for_it(make_run: RunMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    config = make_run("mine", state="stopped").config
    race = create_race({"one": config, "two": config})
    me = {"pid": os.getpid(), "process_started": psutil.Process().create_time(), "host": socket.gethostname()}
    race.write_status(Status("running", **me))
    listed = facedemo("runs")
    assert listed.count("waiting for its race") == 2
    assert listed.count("stopped") == 1
    race.write_status(Status("stopped"))
    assert "waiting" not in facedemo("runs")


def test_a_run_without_a_name_is_called_after_its_preset(home: Path) -> None:
    path = facedemo("train", "--preset", "minute", "--gamma", "0.4", "--only-create", "--runs-dir", home / "unnamed")
    assert re.fullmatch(r"One minute, γ 0\.4, \d\d:\d\d", Run(Path(path)).name)
    path = facedemo("train", "--family", "dcgan", "--minutes", "1", "--only-create", "--runs-dir", home / "unnamed")
    assert re.fullmatch(r"dcgan, \d\d:\d\d", Run(Path(path)).name)


def test_a_narrow_list_keeps_the_ids_whole_and_names_are_printed_as_they_are(
    make_run: RunMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    name = "[/x] [red]b :smile: {y}"
    run = make_run(name, rows=20, state="stopped")
    run.rename(name)
    other = make_run("other", rows=20, state="stopped", gamma=0.4)
    lines = facedemo("runs")
    assert run.id in lines
    assert other.id in lines
    monkeypatch.setenv("COLUMNS", "200")
    assert name in facedemo("runs")
    assert name in facedemo("diff", run.id, other.id)


def test_commands_reach_a_run_by_the_end_of_its_name(make_run: RunMaker) -> None:
    run = make_run()
    process = {"pid": os.getpid(), "process_started": psutil.Process().create_time(), "host": socket.gethostname()}
    run.write_status(Status(state="running", **process))
    for command in ("pause", "unpause", "stop"):
        facedemo(command, run.id[-6:])
    facedemo("steer", run.id, "gamma=0.4", "decay=0.95")
    commands = [command.get("changes") or command["action"] for command in read_lines(run.path / "orders.jsonl")]
    assert commands == ["pause", "continue", "stop", {"gamma": 0.4, "decay": 0.95}]


def test_notes_are_added_line_by_line_and_read_back(make_run: RunMaker) -> None:
    run = make_run()
    assert "no notes" in facedemo("note", run.id)
    facedemo("note", run.id, "good eyes")
    facedemo("note", run.id, "no teeth")
    assert facedemo("note", run.id) == "good eyes\nno teeth"
    assert run.notes == "good eyes\nno teeth\n"


def test_a_deleted_run_is_listed_by_restore_and_comes_back(make_run: RunMaker) -> None:
    run = make_run("mine")
    assert Path(facedemo("delete", run.id)).is_dir()
    assert list_runs() == []
    assert facedemo("restore") == f"{run.id}  mine"
    assert facedemo("restore", run.id[-6:]) == str(run.path)
    assert list_runs() == [run]
    assert facedemo("restore").startswith("No deleted runs or races in ")


def test_a_race_is_deleted_and_restored_as_a_run_is(make_run: RunMaker, tmp_path: Path) -> None:
    config = make_run().config
    held = create_race({"one": config, "two": config})
    before = list_runs()
    assert Path(facedemo("delete", held.id[-9:])).is_dir()
    assert (list_races(), list_runs()) == ([], before)
    assert facedemo("restore") == f"{held.id}  one · two"
    assert facedemo("restore", held.id[-9:]) == str(held.path)
    assert list_races() == [held]
    assert Path(facedemo("delete", held.path)).parent == held.path.parent / trash.TRASH


def test_a_model_travels_from_one_place_to_another(
    make_run: RunMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run("mine", weights=True)
    file = tmp_path / "out" / "mine.zip"
    assert facedemo("export", run.id, "--out", file) == str(file)
    monkeypatch.setenv("FACEDEMO_CHECKPOINTS", str(tmp_path / "other"))
    assert facedemo("import", file, "--name", "theirs") == str(tmp_path / "other" / "theirs")
    assert [path.name for path in locations.bundled()] == ["theirs"]


def test_checkpoints_are_packed_when_asked_for(make_run: RunMaker, tmp_path: Path) -> None:
    run = make_run()
    (run.path / "checkpoints" / "00000010.ckpt").write_bytes(b"large")
    facedemo("export", run.id, "--out", tmp_path / "run.zip", "--checkpoints")
    assert f"{run.id}/checkpoints/00000010.ckpt" in zipfile.ZipFile(tmp_path / "run.zip").namelist()


def test_what_cannot_be_done_is_said(
    make_run: RunMaker,
    make_bundle: Maker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def error_message(*arguments: object) -> str:
        return complaint(monkeypatch, capsys, *arguments)

    (tmp_path / "empty.zip").write_bytes(b"")
    assert "No run matches" in error_message("note", "nobody", "words")
    assert "No deleted run or race" in error_message("restore", "nobody")
    assert "empty" in error_message("note", make_run().id, "  ")
    assert "No run or race matches" in error_message("delete", "nobody")
    assert "is a model" in error_message("delete", make_bundle())
    assert "No model or run" in error_message("export", "nobody", "--out", tmp_path / "x.zip")
    assert "not a ZIP file" in error_message("import", tmp_path / "empty.zip")
    assert "nowhere.zip" in error_message("import", tmp_path / "nowhere.zip")
    assert "name=number" in error_message("steer", make_run().id, "gamma=much")
    assert "ours has no such setting" in error_message("steer", make_run().id, "clip=1")
    run = make_run()
    trash.delete(run)
    run.path.mkdir()
    assert "already" in error_message("restore", run.id)
    assert Run(trash.deleted_runs()[0].path).name == run.id


def test_the_settings_that_differ_are_printed(
    make_run: RunMaker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    runs = [make_run("first", gamma=0.7), make_run("second", gamma=0.35), make_run("third", gamma=0.7)]
    printed = facedemo("diff", runs[0].id, runs[1].id)
    (row,) = [line for line in printed.splitlines() if "γ" in line]
    assert [cell.strip() for cell in row.strip("│").split("│")] == ["γ, diversity ratio", "0.7", "0.35"]
    assert "1 setting differs; the other" in printed
    assert "settings are the same." in facedemo("diff", runs[0].id, runs[2].id)
    assert "at least two runs" in complaint(monkeypatch, capsys, "diff", runs[0].id)
