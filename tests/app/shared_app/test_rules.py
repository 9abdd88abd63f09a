"""The rules of a shared app for trainings and uploads, and the removal of data after use."""

import io
import os
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from facedemo.app import navigation
from facedemo.app.shared import image_source
from facedemo.comparison.entrants import entrant_configs, race_options
from facedemo.comparison.race import create_race, list_races
from facedemo.config.schema import RunConfig
from facedemo.data import personal
from facedemo.data.cache import Faces
from facedemo.data.preparation import prepare
from facedemo.evaluation.detector import detect_and_embed
from facedemo.runs import classroom, trash
from facedemo.runs.directory import RunError
from facedemo.runs.run import Run, create_run, list_runs
from facedemo.storage.locations import upload_prefix, uploads_root
from facedemo.storage.process_status import Status, process_facts
from tests.app.shared_app.conftest import TEACHER_CODE, as_visitor, labels, page_text, pictures, run_of, signed_in
from tests.conftest import facedemo


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
        messages = sorted(tabs.map(launch, runs))
    assert (messages[0], len(started)) == ("", 1)
    assert "1 training at once" in messages[1]


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
    data_sets = []
    for name, colour in (("Ada", 0), ("Ben", 9)):
        as_visitor(name)
        data_sets.append(prepare(image_source.store_upload([pictures(colour)], uploads_root()), 32))
        detect_and_embed(data_sets[-1].images[:2], embed=False, processes=1, cache=data_sets[-1].detections)
    detect_and_embed(np.zeros((1, 64, 64, 3), np.uint8), embed=False, processes=1)
    return data_sets


def exists_with_embeddings(faces: Faces) -> tuple[bool, bool]:
    """Whether a data set, and what was detected in it, are still in the cache."""
    return faces.path.exists(), bool(list(faces.detections.glob("*.npz")))


def test_a_visitor_removes_their_own_uploads_and_embeddings_and_nobody_elses(two_data_sets: list[Faces]) -> None:
    ada, ben = two_data_sets
    page = signed_in("Ada", navigation.RUNS)
    assert "1 upload, 1 data set made from uploads, 1 file of face embeddings of yours" in page_text(page)
    next(button for button in page.button if button.label == "Remove them all").click().run()
    assert not page.exception
    assert (exists_with_embeddings(ada), exists_with_embeddings(ben)) == ((False, False), (True, True))
    assert len(personal.personal_data().embeddings) == 2, "Ben's and those of generated faces"
    assert "Remove them all" not in labels(page)


def test_a_teacher_removes_the_uploads_and_embeddings_of_all(two_data_sets: list[Faces]) -> None:
    page = signed_in("Ms Lee", navigation.RUNS, code=TEACHER_CODE)
    assert "2 uploads, 2 data sets made from uploads, 3 files of face embeddings of all visitors" in page_text(page)
    next(button for button in page.button if button.label == "Remove them all").click().run()
    assert personal.personal_data().every == []


def test_what_was_made_from_equal_uploads_stays_until_the_last_one_is_removed(two_data_sets: list[Faces]) -> None:
    ada, _ = two_data_sets
    as_visitor("Eve")
    assert prepare(image_source.store_upload([pictures(0)], uploads_root()), 32).path == ada.path
    for name, left in (("Ada", (True, True)), ("Eve", (False, False))):
        as_visitor(name)
        personal.purge(prefix=upload_prefix())
        assert exists_with_embeddings(ada) == left


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
