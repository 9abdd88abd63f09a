"""An app that several visitors share, and the workspace of each."""

import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from facedemo.app import navigation
from facedemo.app.shared import accounts, sign_in
from facedemo.config.schema import RunConfig
from facedemo.runs import classroom
from facedemo.runs.directory import ProcessDirectory, allow_any
from facedemo.runs.run import Run, create_run
from facedemo.storage.locations import Workspace, use_workspaces
from facedemo.storage.process_status import Status
from tests.app.conftest import ROOT

CODE, TEACHER_CODE = "class code", "teacher code"


@pytest.fixture(autouse=True)
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEDEMO_SHARED", "1")
    monkeypatch.setenv("FACEDEMO_ACCESS_CODE", CODE)
    monkeypatch.setenv("FACEDEMO_TEACHER_CODE", TEACHER_CODE)
    monkeypatch.setenv("FACEDEMO_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path / "cache"))
    sign_in.codes.clear()
    accounts._failures.clear()
    yield
    use_workspaces(None)
    ProcessDirectory.check_launch = staticmethod(allow_any)
    sign_in.codes.clear()


def app(page: Path = navigation.HOME, **address: str) -> AppTest:
    test = AppTest.from_file(ROOT / "app.py", default_timeout=60)
    if page != navigation.HOME:
        test.switch_page(str(page))
    for name, value in address.items():
        test.query_params[name] = value
    return test


def signed_in(name: str, page: Path = navigation.HOME, code: str = CODE, **address: str) -> AppTest:
    test = app(page, **address)
    test.session_state[sign_in.KEY] = accounts.sign_in(code, name, "1234", {CODE: False, TEACHER_CODE: True})
    test.run()
    assert not test.exception, test.exception
    return test


def as_visitor(name: str, teacher: bool = False) -> Workspace:
    """Makes this process act for a visitor, as a page of theirs does."""
    visitor = accounts.sign_in(TEACHER_CODE if teacher else CODE, name, "1234", {CODE: False, TEACHER_CODE: True})
    own = classroom.workspace_of(visitor.person, teacher)
    use_workspaces(lambda: own)
    ProcessDirectory.check_launch = staticmethod(classroom.check_launch)
    return own


def run_of(name: str, title: str = "mine", state: str = "stopped") -> Run:
    as_visitor(name)
    run = create_run(RunConfig.model_validate({"name": title, "model": {"size": 32}, "budget": {"minutes": 5}}))
    run.write_status(Status(state, step=10))
    return run


def page_text(page: AppTest) -> str:
    parts = (page.title, page.markdown, page.caption, page.header, page.error, page.warning, page.info)
    return "\n".join(str(item.value) for part in parts for item in part)


def labels(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def pictures(colour: int) -> io.BytesIO:
    """An archive of 64 plain images, always with the same bytes."""
    archive, image = io.BytesIO(), io.BytesIO()
    archive.name = "faces.zip"
    Image.new("RGB", (32, 32), (colour, 0, 0)).save(image, "PNG")
    with zipfile.ZipFile(archive, "w") as packed:
        for number in range(64):
            packed.writestr(zipfile.ZipInfo(f"{number}.png"), image.getvalue())
    archive.seek(0)
    return archive
