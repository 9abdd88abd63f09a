"""What a visitor of a shared app can see and change: their own work, and what others share."""

import shutil
import threading
from pathlib import Path

import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from facedemo.app import navigation
from facedemo.app.shared import accounts, image_source, sign_in
from facedemo.app.shared.background import Job
from facedemo.app.views.verify import request
from facedemo.config.schema import Budget
from facedemo.data.preparation import prepare
from facedemo.pretrained.model import load_model
from facedemo.runs import classroom, trash
from facedemo.runs.directory import RunError
from facedemo.storage.locations import runs_root, uploads_root, use_workspaces
from facedemo.storage.process_status import Status, process_facts
from facedemo.training import dataset
from tests.app.shared_app.conftest import TEACHER_CODE, as_visitor, labels, page_text, pictures, run_of, signed_in
from tests.conftest import Maker


def test_each_visitor_sees_their_own_runs_alone() -> None:
    run_of("Ada", "Ada's run")
    run_of("Ben", "Ben's run")
    page = signed_in("Ada", navigation.TRAIN)
    assert "Ada's run" in page_text(page)
    assert "Ben's run" not in page_text(page)


PAGES = [
    getattr(navigation, name) for name in ("TRAIN", "RUNS", "GENERATE", "INTERPOLATE", "INSIDE", "VERIFY", "COMPARE")
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_link_opens_the_run_of_somebody_else(page: Path) -> None:
    foreign = run_of("Ben", "Ben's run")
    other = Path("..") / ".." / accounts.person_of("Ben") / "runs" / foreign.id
    for run_id in (foreign.id, str(other), str(foreign.path)):
        address = {"run": run_id, "chosen": run_id, "model": f"run:{run_id}", "race": run_id, "models": f"run:{run_id}"}
        test = signed_in("Ada", page, **address)
        assert "Ben's run" not in page_text(test)
        assert not {"Stop", "Resume", "Delete", "Pause"} & set(labels(test))


def test_a_shared_run_can_be_watched_but_not_changed() -> None:
    run = run_of("Ben", "Ben's run")
    classroom.set_shared(run, True)
    page = signed_in("Ada", navigation.TRAIN)
    assert "Ben's run" in page_text(page)
    assert "by Ben" in page_text(page)
    page = signed_in("Ada", navigation.TRAIN, run=run.id)
    assert "belongs to Ben" in page_text(page)
    assert not {"Stop", "Resume", "Delete", "Pause", "Start"} & set(labels(page))
    as_visitor("Ben")
    classroom.set_shared(run, False)
    assert "Ben's run" not in page_text(signed_in("Ada", navigation.TRAIN, run=run.id))


def test_what_visitors_choose_as_names_is_text_and_no_markup() -> None:
    nickname, title = "**B** [x](http://e.org) <i>i</i>", "![p](http://e.org/p) :red[r] $x$"
    classroom.set_shared(run_of(nickname, title, "stopped"), True)
    run_of(nickname, title).write_status(Status("running", **process_facts(1)))
    for page in (
        signed_in("Ada", navigation.TRAIN),
        signed_in("Ms Lee", navigation.TEACHER, code=TEACHER_CODE),
        signed_in(nickname, navigation.TRAIN),
        signed_in(nickname, navigation.RUNS),
    ):
        assert r"\*\*B\*\*" in page_text(page) or r"\!\[p\]" in page_text(page)
        assert not [part for part in ("**B**", "[x](", "<i>", "![p](", " :red[", "$x$") if part in page_text(page)]


def test_a_visitor_whose_workspace_is_removed_meanwhile_is_signed_out() -> None:
    page = signed_in("Ada")
    shutil.rmtree(classroom.people_root() / accounts.person_of("Ada"))
    page.run()
    assert not page.exception
    assert "Watch one learn" not in labels(page)
    assert [field.label for field in page.text_input] == ["Access code", "Nickname", "PIN"]
    assert not (classroom.people_root() / accounts.person_of("Ada")).exists(), "nothing is left without an owner"


def test_below_the_pages_nobody_changes_the_run_of_somebody_else() -> None:
    run = run_of("Ben", "Ben's run")
    deleted = trash.delete(run_of("Ben", "old"))
    as_visitor("Ada")
    changes = {
        "steer": lambda: run.steer(gamma=0.5),
        "stop": run.stop,
        "pause": run.pause,
        "launch": run.launch,
        "extend": lambda: run.extend(Budget(minutes=9)),
        "notes": lambda: run.write_notes("mine now"),
        "images": lambda: run.use_images(changed=True),
        "share": lambda: classroom.set_shared(run, True),
        "delete": lambda: trash.delete(run),
        "restore": lambda: trash.restore(deleted),
        "erase": lambda: trash.erase([deleted]),
    }
    before = sorted(path.name for path in run.path.iterdir())
    for change in changes.values():
        with pytest.raises(RunError, match="belongs to somebody else"):
            change()
    assert sorted(path.name for path in run.path.iterdir()) == before
    assert deleted.path.exists()


def test_without_a_visitor_there_are_no_runs_also_in_other_threads() -> None:
    sign_in.install()
    problems = []

    def work() -> None:
        try:
            runs_root()
        except RunError as error:
            problems.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert problems == ["Sign in first."]


def test_no_path_of_the_server_can_be_chosen() -> None:
    page = signed_in("Ada", navigation.TRAIN)
    assert image_source.PATH not in page.radio(key="new_data_kind").options
    for source in ("/etc", "faces.zip", "../uploads/x"):
        run = run_of("Ada")
        config = run.config.model_copy(update={"data": run.config.data.model_copy(update={"source": source})})
        (run.path / "config.json").write_text(config.model_dump_json())
        with pytest.raises(RunError, match="built-in faces and images that you uploaded"):
            run.launch()


def test_a_model_that_names_images_of_the_server_or_of_somebody_else_opens_none_of_them(
    tmp_path: Path, make_bundle: Maker
) -> None:
    (tmp_path / "private").mkdir()
    for number in range(64):
        Image.new("RGB", (32, 32), (number, 0, 0)).save(tmp_path / "private" / f"{number}.png")
    as_visitor("Ben")
    bens = str(image_source.store_upload([pictures(3)], uploads_root()))
    for source in (bens, str(tmp_path / "private"), f"{bens}\n{tmp_path / 'private'}"):
        assert prepare(source, 32)
        as_visitor("Ada")
        model = make_bundle("imported", classroom.workspace_of(accounts.person_of("Ada")).folder / "models")
        config = load_model(model).config
        config = config.model_copy(update={"data": config.data.model_copy(update={"source": source})})
        (model / "config.json").write_text(config.model_dump_json())
        assert not dataset.for_model(config).own
        assert request.trained_on(model) is None
        as_visitor("Ben")
        assert dataset.for_model(config).own == (source == bens)
        use_workspaces(None)
        assert dataset.for_model(config).own
        assert request.trained_on(model) == source


def test_only_who_started_an_evaluation_cancels_it_though_others_wait_for_it() -> None:
    going_on = threading.Event()
    as_visitor("Ada")
    job = Job(lambda steps: going_on.wait(60))
    try:
        for name, may_cancel in (("Ada", True), ("Ben", False)):
            page = AppTest.from_function(progress_of, kwargs={"job": job})
            as_visitor(name)
            page.run()
            assert ("Cancel" in labels(page)) == may_cancel
    finally:
        going_on.set()


def progress_of(job: object) -> None:
    from facedemo.app.shared import background

    background.show_progress(job)
