"""The Verify page evaluates a model and shows its faces."""

import json
import os
import shutil
import threading
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import facedemo
from facedemo.app.shared import image_source
from facedemo.app.shared.background import Job
from facedemo.app.shared.format import unbroken
from facedemo.app.views.verify import faces, request
from facedemo.config.schema import RunConfig
from facedemo.evaluation.report import Report, Row, rate, save_bundle_evaluation
from facedemo.evaluation.request import EvaluationRequest
from facedemo.evaluation.table import rate_text
from facedemo.pretrained.seeds import face_seeds
from facedemo.progress import Steps
from facedemo.runs import queue
from facedemo.runs.run import create_run
from facedemo.storage.process_status import Status, process_facts
from tests.app.verify.conftest import address, open_page, page_text, press, verified
from tests.conftest import Maker

ADDRESS = {"model": "tiny", "faces": "100", "seed": "0", "cnn": "False"} | {
    "split": "test",
    "show": "undetected",
    "face": "1",
}


def grid(page: AppTest) -> dict:
    (component,) = page.get("bidi_component")
    return json.loads(component.proto.json)


@pytest.fixture
def ours(make_bundle: Maker, tmp_path: Path) -> Path:
    """The model that comes with the app, without an evaluation of its own."""
    del make_bundle  # only its folders
    source = Path(facedemo.__file__).parents[1] / "checkpoints" / "ours-64"
    folder = Path(shutil.copytree(source, tmp_path / "checkpoints" / "ours-64"))
    (folder / "report.json").unlink()
    return folder


def test_it_opens_with_an_address_that_says_everything_and_measures_nothing_unasked(make_bundle: Maker) -> None:
    make_bundle()
    page = open_page()
    assert address(page) == ADDRESS
    assert "There are no results" in page_text(page)
    assert not page.warning
    assert not page.error
    assert not request.jobs().all()


def test_faces_are_evaluated_and_shown_in_the_papers_words_with_their_people(ours: Path) -> None:
    page = verified(open_page(faces="8", seed="5", show="detected"))
    generated = next(iter(request.jobs().all().values())).result[0].generated
    table = next(part.value for part in page.markdown if part.value.startswith("|"))
    assert "can't detect a face | detected, but nobody in the gallery within 0.6" in table
    assert f"**ours\\-64** | {unbroken(rate_text(generated.undetected))} | –" in table
    assert "*DCGAN, in the paper* | 281 of 1,000: 28.1 % | 0 of 1,000: 0.0 %" in table
    assert "A face is detected in" in page_text(page)
    assert {metric.label for metric in page.metric} == {
        "Faces detected", "Distinct people", "Fréchet distance", "Near-duplicates"
    }  # fmt: skip
    detected = 8 - generated.undetected.count
    assert len(grid(page)["seeds"]) == detected
    assert "a face was detected. Its seed:" in page_text(page)

    page.button_group(key="verify_show").set_value("people").run()
    assert not page.exception
    assert len(grid(page)["seeds"]) == generated.people
    last = face_seeds(5, 8).index(int(grid(page)["seeds"][-1])) + 1
    page.session_state.verify_face = last  # as a click on it does
    page.run()
    assert page.session_state.verify_face == last
    assert address(page)["face"] == str(last)
    for face in range(1, 9):  # also one that the list does not show
        page.session_state.verify_face = face
        page.run()
        assert address(page)["face"] == str(page.session_state.verify_face)
    assert [button.label for button in page.button] == ["Verify", "Open in Generate"]
    assert not [button.proto.label for button in page.get("download_button") if not button.proto.help]


def test_images_of_nothing_are_not_detected_and_nobody_is_told_apart(make_bundle: Maker) -> None:
    make_bundle()
    page = verified(open_page(faces="60"))
    assert len(grid(page)["seeds"]) == faces.PAGE
    assert "Face 1 of 60: no face was detected" in page_text(page)
    page.session_state.verify_page = 2
    page.run()
    assert len(grid(page)["seeds"]) == 60 - faces.PAGE
    for kind in ("detected", "people"):
        page.button_group(key="verify_show").set_value(kind).run()
        assert not page.exception
        assert faces.EMPTY[kind] in page_text(page)
        assert not page.get("bidi_component")


def test_a_link_opens_on_the_page_that_its_face_is_on(make_bundle: Maker) -> None:
    make_bundle()
    verified(open_page(faces="60"))
    page = open_page(faces="60", face="55")
    assert "Face 55 of 60" in page_text(page), "another visitor finds what was measured"
    assert grid(page)["selected"] == 55 - faces.PAGE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", "gone"),
        ("faces", "0"),
        ("faces", "9e9"),
        ("seed", "z`"),
        ("cnn", "x"),
        ("show", "all"),
        ("face", "-1"),
    ],
)
def test_an_unusable_value_in_a_link_is_named_and_replaced(make_bundle: Maker, name: str, value: str) -> None:
    make_bundle()
    page = open_page(**{name: value})
    assert name in page.warning[0].value
    assert address(page) == ADDRESS


def test_a_face_beyond_the_last_is_named_and_replaced(make_bundle: Maker) -> None:
    make_bundle()
    page = open_page(faces="3", face="4")
    assert "there are 3" in page.warning[0].value
    assert address(page)["face"] == "1"


def test_an_evaluation_is_cancelled_and_can_begin_again(make_bundle: Maker) -> None:
    make_bundle()
    page = open_page(faces="5000")
    press(page, "Verify")
    (job,) = request.jobs().all().values()
    assert job.state == "running"
    assert [button.label for button in page.button] == ["Cancel"]
    job.cancel()
    job.thread.join(60)
    assert not job.thread.is_alive()
    page.run()
    assert "press Verify to continue" in page_text(page)
    assert [button.label for button in page.button] == ["Verify"]


def test_work_reports_its_progress_fails_in_words_and_ends_when_nobody_wants_it() -> None:
    def fail(steps: Steps) -> None:
        steps("counting")(3, 12)
        raise RuntimeError("no more numbers")

    job = Job(fail)
    job.thread.join(10)
    assert (job.state, job.error) == ("failed", "no more numbers")
    assert (job.step, str(job.pace)) == ("counting", "3 of 12")

    def endless(steps: Steps) -> None:
        while True:
            steps("waiting")(1, None)

    job = Job(endless)
    job.cancel()
    job.thread.join(10)
    assert (job.state, job.thread.is_alive()) == ("cancelled", False)


def evaluation() -> Report:
    row = Row("tiny", rate(17, 1000), None, None, 98, 98, None, None, 0.0)
    return Report("tiny", 20001, 1000, 32, None, "test", 1000, None, [row], {})


def test_an_evaluation_that_a_bundle_brings_is_shown_at_once(make_bundle: Maker) -> None:
    folder = make_bundle()
    save_bundle_evaluation(evaluation(), folder)
    page = open_page()
    assert "1,000 faces from seed 20001" in page.info[0].value
    line = "17 of 1,000: 1.7 % (1.1–2.7 %)".replace(" %", "\N{NO-BREAK SPACE}%")  # no line ends before a percent sign
    assert any(line in part.value for part in page.markdown)
    assert len(page.metric) == 4
    assert not page.get("bidi_component")
    (folder / "report.json").write_text('{"evaluation": {"rows": [{}]}}', "utf8")
    assert "There are no results" in page_text(open_page())


def test_a_training_that_runs_meanwhile_is_told_before_the_start(
    make_bundle: Maker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FACEDEMO_QUEUE", str(tmp_path / "queue"))
    make_bundle()
    run = create_run(RunConfig())
    assert not any("A training is running" in caption.value for caption in open_page().caption)
    queue.enter(run.path, "training")
    run.write_status(Status("running", **process_facts(os.getpid())))
    assert any("A training is running" in caption.value for caption in open_page().caption)


def test_a_damaged_model_is_explained_and_others_stay_usable(make_bundle: Maker) -> None:
    (make_bundle("damaged") / "model.safetensors").write_bytes(b"not weights")
    make_bundle()
    page = press(open_page(model="damaged"), "Verify")
    assert "damaged" in page.error[0].value
    page.selectbox(key="verify_model").set_value("tiny").run()
    assert not page.error


def test_a_run_is_verified_and_what_its_earlier_weights_drew_is_marked_as_such(
    make_bundle: Maker, tmp_path: Path, photographs: Path
) -> None:
    config: dict = {"model": {"size": 32, "latent": 8, "width": 4, "generator": "decoder"}}
    config["data"] = {"source": str(photographs)}
    run = create_run(RunConfig.model_validate(config))
    weights = make_bundle("elsewhere", tmp_path) / "model.safetensors"
    assert "no model" in page_text(open_page()), "a run without weights is none"
    shutil.copy(weights, run.path)
    page = open_page(faces="2")
    assert address(page)["model"] == f"run:{run.id}"
    assert request.OWN in page.radio(key="verify_real_kind").options
    page.radio(key="verify_real_kind").set_value(request.OWN).run()
    assert "**real faces, test** |" in page_text(verified(page))

    (run.path / "model.safetensors").touch()
    page.run()
    assert "trained further" in page_text(page)
    shutil.rmtree(run.path)
    page.run()
    assert not page.exception
    assert "no model" in page_text(page)


def test_every_control_has_a_help_text(make_bundle: Maker) -> None:
    make_bundle()
    page = open_page(faces="1")
    page.radio(key="verify_real_kind").set_value(image_source.UPLOAD).run()
    page.radio(key="verify_gallery_kind").set_value(image_source.PATH).run()
    controls = [*page.selectbox, *page.number_input, *page.button, *page.radio, *page.toggle, *page.text_input]
    controls += [*page.file_uploader, *page.text_area]
    assert len(controls) == 10
    assert all(control.proto.help for control in controls)


def test_sessions_that_start_evaluations_at_once_lose_none_and_disturb_nobody() -> None:
    jobs, problems = request.Jobs(), []

    def session(number: int) -> None:
        try:
            for count in range(60):
                evaluation_request = request.Request(str(number), Path(), "", EvaluationRequest(count))
                jobs.start(evaluation_request, lambda steps: None)
                assert len(jobs.all()) <= 4 * 60
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=session, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def test_a_new_evaluation_of_few_faces_does_not_hide_the_stored_one_of_many(ours: Path) -> None:
    save_bundle_evaluation(evaluation(), ours)
    page = verified(open_page(faces="8", seed="5", show="detected"))
    assert "Beside the stored evaluation" in [expander.label for expander in page.expander]
    table = next(part.value for part in page.markdown if "Stored: " in part.value)
    assert "Here: 8 faces, seed 5" in table
