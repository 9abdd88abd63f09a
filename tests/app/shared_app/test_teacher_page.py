"""The Teacher page of a shared app."""

import io
import shutil
import zipfile
from pathlib import Path

import pytest

from facedemo.app import navigation
from facedemo.app.shared import accounts, sign_in
from facedemo.pretrained import archive
from facedemo.runs import classroom
from facedemo.runs.directory import RunError
from facedemo.storage.locations import use_workspaces
from facedemo.storage.process_status import Status, process_facts
from tests.app.headings import levels
from tests.app.shared_app.conftest import CODE, TEACHER_CODE, app, page_text, run_of, signed_in


def test_a_teacher_sees_who_trains_what_stops_it_and_ends_the_class() -> None:
    run = run_of("Ben", "Ben's run")
    run.write_status(Status("running", progress=0.25, **process_facts(1)))
    page = signed_in("Ms Lee", navigation.TEACHER, code=TEACHER_CODE)
    assert "**Ben**: Ben's run" in page_text(page)
    assert levels(page) == [1, 2, 2]
    next(button for button in page.button if button.label == "Stop").click().run()
    assert run.commands()[-1].action == "stop"
    next(button for button in page.button if button.label == "Yes, end it").click().run()
    assert not page.exception
    assert len(run.commands()) == 2
    assert "The class has ended" in page_text(page)
    with pytest.raises(RunError, match="class has ended"):
        run_of("Ada").launch()
    next(button for button in page.button if button.label == "Begin a class").click().run()
    assert not classroom.is_closed()


def test_one_training_that_cannot_be_stopped_keeps_no_other_from_stopping() -> None:
    run = run_of("Ben")
    stubborn = run_of("Ada", "stubborn")
    (stubborn.path / "orders.jsonl").mkdir()
    deleted_run = run_of("Eve")
    shutil.rmtree(deleted_run.path)
    use_workspaces(None)
    with pytest.raises(RunError, match="“stubborn” cannot be stopped"):
        classroom.stop([deleted_run, stubborn, run])
    assert [command.action for command in run.commands()] == ["stop"]


def test_the_teachers_page_is_for_teachers() -> None:
    page = app(navigation.TEACHER)
    page.session_state[sign_in.KEY] = accounts.sign_in(CODE, "Ada", "1234", {CODE: False})
    page.run()
    assert "Visitors" not in page_text(page)
    assert "End the class" not in str(page)


def test_the_download_of_all_runs_holds_those_of_everybody() -> None:
    ada, ben = run_of("Ada"), run_of("Ben")
    use_workspaces(None)
    with zipfile.ZipFile(io.BytesIO(archive.zip_of_all_visitors())) as packed:
        assert sorted(Path(name).name for name in packed.namelist()) == sorted([f"{ada.id}.zip", f"{ben.id}.zip"])
        assert {name.split("-")[0] for name in packed.namelist()} == {"Ada", "Ben"}
