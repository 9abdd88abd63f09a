"""A shared app: who gets in, whose runs are whose, and what a teacher can do."""

import hmac
import io
import os
import shutil
import subprocess
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from facedemo.app import navigation
from facedemo.app.shared import accounts, image_source, sign_in
from facedemo.app.shared.background import Job
from facedemo.app.views.verify import request
from facedemo.comparison.entrants import entrant_configs, race_options
from facedemo.comparison.race import create_race, list_races
from facedemo.config.schema import Budget, RunConfig
from facedemo.data import personal
from facedemo.data.cache import Faces
from facedemo.data.preparation import prepare
from facedemo.evaluation.detector import detect_and_embed
from facedemo.pretrained import archive
from facedemo.pretrained.model import load_model
from facedemo.runs import classroom, trash
from facedemo.runs.directory import ProcessDirectory, RunError, allow_any
from facedemo.runs.run import Run, create_run, list_runs
from facedemo.storage.locations import Workspace, runs_root, upload_prefix, uploads_root, use_workspaces
from facedemo.storage.process_status import Status, process_facts
from facedemo.training import dataset
from tests.conftest import Maker, facedemo

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
    test = AppTest.from_file("../../app.py", default_timeout=60)
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


def shown(page: AppTest) -> str:
    parts = (page.title, page.markdown, page.caption, page.subheader, page.error, page.warning, page.info)
    return "\n".join(str(item.value) for part in parts for item in part)


def labels(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def test_nobody_sees_a_page_before_signing_in_whatever_its_address() -> None:
    run = run_of("Ada")
    for page, address in ((navigation.HOME, {}), (navigation.TRAIN, {"run": run.id}), (navigation.TEACHER, {})):
        test = app(page, **address).run()
        assert not test.exception
        assert [field.label for field in test.text_input] == ["Access code", "Nickname", "PIN"]
        assert "mine" not in shown(test)


def test_the_access_code_and_a_pin_let_a_visitor_in() -> None:
    test = app().run()
    for field, value in zip(test.text_input, ("wrong", "Ada", "1234"), strict=True):
        field.set_value(value)
    test.button[0].click().run()
    assert "access code is wrong" in test.error[0].value
    test.text_input[0].set_value(CODE)
    test.button[0].click().run()
    assert not test.exception
    assert "Watch one learn" in labels(test)
    assert "Ada" in shown(test)


def test_a_nickname_belongs_to_whoever_took_it_first() -> None:
    codes = {CODE: False}
    first = accounts.sign_in(CODE, "Ada", "1234", codes)
    assert accounts.sign_in(CODE, " ada ", "1234", codes).person == first.person
    with pytest.raises(accounts.SignInError, match="taken"):
        accounts.sign_in(CODE, "Ada", "4321", codes)
    for _ in range(accounts.MAX_FAILURES):
        with pytest.raises(accounts.SignInError):
            accounts.sign_in(CODE, "Ada", "0000", codes)
    with pytest.raises(accounts.SignInError, match="Too many"):
        accounts.sign_in(CODE, "Ada", "1234", codes)
    for name, pin in (("", "1234"), ("x" * 41, "1234"), ("new\n\0", "1234"), ("new", "123")):
        with pytest.raises(accounts.SignInError):
            accounts.sign_in(CODE, name, pin, codes)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"name": "Ada"}'])
def test_a_damaged_account_is_not_given_to_whoever_comes_next(content: str) -> None:
    visitor = accounts.sign_in(CODE, "Ada", "1234", {CODE: False})
    (classroom.people_root() / visitor.person / "account.json").write_text(content)
    for pin in ("1234", "4321"):
        with pytest.raises(accounts.SignInError, match="is damaged"):
            accounts.sign_in(CODE, "Ada", pin, {CODE: False})


@pytest.mark.parametrize("content", [b"", b"short", bytes(33)])
def test_a_damaged_key_is_made_anew_and_signs_nobody_in(content: bytes) -> None:
    visitor = accounts.sign_in(CODE, "Ada", "1234", {CODE: False})
    accounts.session_token(visitor)
    (classroom.people_root() / ".secret").write_bytes(content)
    text = f"{visitor.person}.1.{int(time.time()) + 60}"
    assert accounts.visitor_of(f"{text}.{hmac.new(content, text.encode(), 'sha256').hexdigest()}") is None
    assert accounts.visitor_of(accounts.session_token(visitor)) == visitor
    assert (classroom.people_root() / ".secret").stat().st_mode & 0o777 == 0o600


def test_a_session_token_is_good_for_its_visitor_and_cannot_be_forged(monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = accounts.sign_in(CODE, "Ada", "1234", {CODE: False})
    token = accounts.session_token(visitor)
    assert accounts.visitor_of(token) == visitor
    person, _, expires, signed = token.split(".")
    for forged in (
        f"{person}.1.{expires}.{signed}",
        f"{person}.0.{int(expires) + 9}.{signed}",
        "",
        "a.b",
        token[:-1],
        "é",
    ):
        assert accounts.visitor_of(forged) is None
    monkeypatch.setattr(accounts, "SESSION_SECONDS", -1.0)
    assert accounts.visitor_of(accounts.session_token(visitor)) is None


def test_each_visitor_sees_their_own_runs_alone() -> None:
    run_of("Ada", "Ada's run")
    run_of("Ben", "Ben's run")
    page = signed_in("Ada", navigation.TRAIN)
    assert "Ada's run" in shown(page)
    assert "Ben's run" not in shown(page)


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
        assert "Ben's run" not in shown(test)
        assert not {"Stop", "Resume", "Delete", "Pause"} & set(labels(test))


def test_a_shared_run_can_be_watched_but_not_changed() -> None:
    run = run_of("Ben", "Ben's run")
    classroom.set_shared(run, True)
    page = signed_in("Ada", navigation.TRAIN)
    assert "Ben's run" in shown(page)
    assert "by Ben" in shown(page)
    page = signed_in("Ada", navigation.TRAIN, run=run.id)
    assert "belongs to Ben" in shown(page)
    assert not {"Stop", "Resume", "Delete", "Pause", "Start"} & set(labels(page))
    as_visitor("Ben")
    classroom.set_shared(run, False)
    assert "Ben's run" not in shown(signed_in("Ada", navigation.TRAIN, run=run.id))


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
        assert r"\*\*B\*\*" in shown(page) or r"\!\[p\]" in shown(page)
        assert not [part for part in ("**B**", "[x](", "<i>", "![p](", " :red[", "$x$") if part in shown(page)]


def test_in_two_tabs_at_once_nobody_starts_more_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEDEMO_MAX_TRAININGS", "1")
    runs, together, started = [run_of("Ada"), run_of("Ada")], threading.Barrier(2), []

    class Started:
        pid = os.getpid()

        def __init__(self, *_: object, **__: object) -> None:
            started.append(self)
            time.sleep(0.3)

    def launch(run: Run) -> str:
        together.wait()
        try:
            run.launch()
        except RunError as error:
            return str(error)
        return ""

    monkeypatch.setattr(subprocess, "Popen", Started)
    with ThreadPoolExecutor(2) as tabs:
        words = sorted(tabs.map(launch, runs))
    assert (words[0], len(started)) == ("", 1)
    assert "1 training at once" in words[1]


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


def test_the_rules_of_the_class_hold_for_every_training(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEDEMO_MAX_MINUTES", "3")
    monkeypatch.setenv("FACEDEMO_MAX_SIZE", "32")
    monkeypatch.setenv("FACEDEMO_MAX_TRAININGS", "1")
    run = run_of("Ada")
    classroom.check_launch(run)
    assert run.config.budget.minutes == 3, "it asked for five"
    run.write_status(Status("stopped", seconds=180.0))
    with pytest.raises(RunError, match="3 minutes"):
        classroom.check_launch(run)
    large = create_run(RunConfig.model_validate({"model": {"size": 64}}))
    with pytest.raises(RunError, match="32×32"):
        classroom.check_launch(large)
    several = create_run(RunConfig.model_validate({"model": {"size": 32}, "training": {"devices": 2}}))
    with pytest.raises(RunError, match="one process"):
        classroom.check_launch(several)
    second = run_of("Ada")
    run.write_status(Status("running", **process_facts(1)))
    with pytest.raises(RunError, match="1 training at once"):
        classroom.check_launch(second)
    classroom.check_launch(run_of("Ben"))


def test_a_new_run_that_a_rule_forbids_is_not_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEDEMO_MAX_SIZE", "32")
    as_visitor("Ada")
    with pytest.raises(RunError, match="32×32"):
        create_run(RunConfig.model_validate({"model": {"size": 64}})).launch_new()
    race = create_race(entrant_configs(race_options({"size": 64, "minutes": 1}), ["ours", "dcgan"]))
    with pytest.raises(RunError, match="32×32"):
        race.launch_new()
    assert list_runs() == list_races() == []


def test_a_visitors_uploads_are_bounded_and_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def file(name: str, size: int) -> io.BytesIO:
        data = io.BytesIO(name.encode() * size)
        data.name, data.size = name, len(data.getvalue())
        return data

    monkeypatch.setenv("FACEDEMO_MAX_UPLOAD_MB", "0.01")
    as_visitor("Ada")
    first = image_source.store_upload([file("a.png", 1000)], tmp_path / "cache" / "datasets" / "uploads")
    assert image_source.store_upload([file("a.png", 1000)], first.parent) == first, "it takes no more room"
    with pytest.raises(image_source.UploadError, match=r"0\.01 MB"):
        image_source.store_upload([file("b.png", 2000)], first.parent)
    ben = as_visitor("Ben")
    assert image_source.store_upload([file("a.png", 1000)], first.parent) != first
    (ben.folder / "models" / "imported").mkdir(parents=True)
    (ben.folder / "models" / "imported" / "model.safetensors").write_bytes(bytes(5000))
    with pytest.raises(image_source.UploadError, match="models"):
        image_source.check_room(1)


@pytest.fixture
def two_data_sets() -> list[Faces]:
    """Embedded uploads of Ada and of Ben, and generated faces that anybody may have evaluated."""
    found = []
    for name, colour in (("Ada", 0), ("Ben", 9)):
        as_visitor(name)
        found.append(prepare(image_source.store_upload([pictures(colour)], uploads_root()), 32))
        detect_and_embed(found[-1].images[:2], embed=False, processes=1, cache=found[-1].detections)
    detect_and_embed(np.zeros((1, 64, 64, 3), np.uint8), embed=False, processes=1)
    return found


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


def there(faces: Faces) -> tuple[bool, bool]:
    """Whether a data set, and what was detected in it, are still in the cache."""
    return faces.path.exists(), bool(list(faces.detections.glob("*.npz")))


def test_a_visitor_removes_their_own_uploads_and_embeddings_and_nobody_elses(two_data_sets: list[Faces]) -> None:
    ada, ben = two_data_sets
    page = signed_in("Ada", navigation.RUNS)
    assert "1 upload, 1 data set made from uploads, 1 file of face embeddings of yours" in shown(page)
    next(button for button in page.button if button.label == "Remove them all").click().run()
    assert not page.exception
    assert (there(ada), there(ben)) == ((False, False), (True, True))
    assert len(personal.personal_data().embeddings) == 2, "Ben's and those of generated faces"
    assert "Remove them all" not in labels(page)


def test_a_teacher_removes_the_uploads_and_embeddings_of_all(two_data_sets: list[Faces]) -> None:
    page = signed_in("Ms Lee", navigation.RUNS, code=TEACHER_CODE)
    assert "2 uploads, 2 data sets made from uploads, 3 files of face embeddings of all visitors" in shown(page)
    next(button for button in page.button if button.label == "Remove them all").click().run()
    assert personal.personal_data().every == []


def test_what_was_made_from_equal_uploads_stays_until_the_last_one_is_removed(two_data_sets: list[Faces]) -> None:
    ada, _ = two_data_sets
    as_visitor("Eve")
    assert prepare(image_source.store_upload([pictures(0)], uploads_root()), 32).path == ada.path
    for name, left in (("Ada", (True, True)), ("Eve", (False, False))):
        as_visitor(name)
        personal.purge(prefix=upload_prefix())
        assert there(ada) == left


def test_an_upload_may_be_as_large_as_what_the_visitor_has_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEDEMO_MAX_UPLOAD_MB", "7")
    own = as_visitor("Ada").folder / "models" / "imported"
    own.mkdir(parents=True)
    (own / "model.safetensors").write_bytes(bytes(4_500_000))
    page = signed_in("Ada", navigation.TRAIN)
    page.radio(key="new_data_kind").set_value(image_source.UPLOAD).run()
    uploader = page.file_uploader(key="new_data_files")
    assert uploader.proto.max_upload_size_mb == 3
    uploader.set_value([("a.png", b"a", "image/png")]).run()
    (own / "model.safetensors").write_bytes(bytes(7_000_000))
    page.run()
    assert page.file_uploader(key="new_data_files").value, "another limit would empty it"
    page.file_uploader(key="new_data_files").set_value([]).run()
    assert page.file_uploader(key="new_data_files").proto.max_upload_size_mb == 1


def test_runs_are_removed_after_the_days_that_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = run_of("Ada"), run_of("Ada")
    then = time.time() - 91 * 24 * 3600
    for path in old.path.glob("*"):
        os.utime(path, (then, then))
    assert classroom.remove_old_runs() == [old.path]
    assert new.path.exists()


def test_deleted_runs_and_races_are_removed_after_these_days() -> None:
    as_visitor("Ada")
    race = create_race(entrant_configs(race_options({"size": 32, "minutes": 1}), ["ours", "dcgan"]))
    deleted = [trash.delete(item).path for item in (race, *list_runs()[:1])]
    then = time.time() - 91 * 24 * 3600
    for path in (file for folder in deleted for file in folder.rglob("*")):
        os.utime(path, (then, then))
    assert sorted(classroom.remove_old_runs()) == sorted(deleted)
    assert not any(path.exists() for path in deleted)
    assert len(list_runs()) == 1


def test_a_teacher_sees_who_trains_what_stops_it_and_ends_the_class() -> None:
    run = run_of("Ben", "Ben's run")
    run.write_status(Status("running", progress=0.25, **process_facts(1)))
    page = signed_in("Ms Lee", navigation.TEACHER, code=TEACHER_CODE)
    assert "**Ben**: Ben's run" in shown(page)
    next(button for button in page.button if button.label == "Stop").click().run()
    assert run.commands()[-1].action == "stop"
    next(button for button in page.button if button.label == "Yes, end it").click().run()
    assert not page.exception
    assert len(run.commands()) == 2
    assert "The class has ended" in shown(page)
    with pytest.raises(RunError, match="class has ended"):
        run_of("Ada").launch()
    next(button for button in page.button if button.label == "Begin a class").click().run()
    assert not classroom.is_closed()


def test_one_training_that_cannot_be_stopped_keeps_no_other_from_stopping() -> None:
    run = run_of("Ben")
    stubborn = run_of("Ada", "stubborn")
    (stubborn.path / "orders.jsonl").mkdir()
    gone = run_of("Eve")
    shutil.rmtree(gone.path)
    use_workspaces(None)
    with pytest.raises(RunError, match="“stubborn” cannot be stopped"):
        classroom.stop([gone, stubborn, run])
    assert [command.action for command in run.commands()] == ["stop"]


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "much", "1e-400"])
def test_a_rule_that_is_no_number_above_zero_is_refused_at_the_start(
    value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEDEMO_MAX_MINUTES", value)
    monkeypatch.setattr(os, "execv", lambda *_: pytest.fail("the app starts"))
    done = facedemo(tmp_path, "app", "--shared")
    assert done.returncode == 1
    assert "FACEDEMO_MAX_MINUTES" in done.stderr
    assert "number" in done.stderr


def test_the_teachers_page_is_for_teachers() -> None:
    page = app(navigation.TEACHER)
    page.session_state[sign_in.KEY] = accounts.sign_in(CODE, "Ada", "1234", {CODE: False})
    page.run()
    assert "Visitors" not in shown(page)
    assert "End the class" not in str(page)


def test_the_download_of_all_runs_holds_those_of_everybody() -> None:
    ada, ben = run_of("Ada"), run_of("Ben")
    use_workspaces(None)
    with zipfile.ZipFile(io.BytesIO(archive.zip_of_all_visitors())) as packed:
        assert sorted(Path(name).name for name in packed.namelist()) == sorted([f"{ada.id}.zip", f"{ben.id}.zip"])
        assert {name.split("-")[0] for name in packed.namelist()} == {"Ada", "Ben"}


def test_without_the_option_the_app_is_private(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FACEDEMO_SHARED")
    page = app().run()
    assert not page.exception
    assert "Watch one learn" in labels(page)
    assert list_runs() == []
