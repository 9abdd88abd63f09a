"""The Train page, run as Streamlit runs it, over real run directories."""

import base64
import io
import json
import os
import re
import shutil
import socket
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image
from pydantic import ValidationError
from streamlit.testing.v1 import AppTest

from facedemo.app import navigation
from facedemo.app.shared import image_source, visitor
from facedemo.app.shared.background import Job
from facedemo.app.shared.format import duration
from facedemo.app.shared.markdown import escaped
from facedemo.app.views.train import estimate, preview, steering
from facedemo.comparison.entrants import entrant_configs
from facedemo.comparison.race import create_race
from facedemo.config.presets import configure
from facedemo.config.schema import RunConfig
from facedemo.data.findings import even_sample
from facedemo.data.preparation import prepare
from facedemo.gans.registry import config_class, family_names
from facedemo.pretrained.model import find_model, load_model
from facedemo.runs import queue, trash
from facedemo.runs.evaluations import Evaluation, record
from facedemo.runs.run import Run, create_run, list_runs
from facedemo.storage.atomic import append_line, read_lines
from facedemo.storage.process_status import Status
from facedemo.training import speed
from facedemo.training.worker import execute

Launched = list[Run]


@pytest.fixture(autouse=True)
def launched(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Launched:
    """Own folders; the runs that the page has started, of which none is really trained."""
    monkeypatch.setenv("FACEDEMO_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path_factory.getbasetemp() / "train-page-cache"))
    found: Launched = []
    monkeypatch.setattr(Run, "launch", lambda run, **_: found.append(run))
    monkeypatch.setattr(
        estimate, "start_measurement", lambda config: False
    )  # a process for every config that a test shows
    return found


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.RandomState(0)
    for number in range(64):
        small = Image.fromarray(rng.randint(0, 256, (4, 4, 3), dtype=np.uint8))
        small.resize((40, 40), Image.Resampling.BICUBIC).save(folder / f"{number:02d}.png")
    return folder


def config(pictures: Path, name: str = "mine", iterations: int = 20) -> RunConfig:
    return RunConfig.model_validate(
        {
            "name": name,
            "model": {"size": 32, "width": 4, "latent": 8, "batch_size": 4},
            "data": {"source": str(pictures)},
            "budget": {"iterations": iterations},
            "training": {"precision": "32-true", "threads": 1, "log_every": 5, "sample_every": 10},
        }
    )


def trained(pictures: Path) -> Run:
    run = create_run(config(pictures))
    run.steer(gamma=0.6)
    assert execute(run).state == "finished"
    return run


def set_state(run: Run, state: str, **more: object) -> None:
    """Makes a run look as if this process trained it."""
    me = {"pid": os.getpid(), "process_started": psutil.Process().create_time(), "host": socket.gethostname()}
    run.write_status(replace(run.status, state=state, **me, **more))


def open_page(run: str | None = None) -> AppTest:
    page = AppTest.from_file(navigation.TRAIN, default_timeout=60)
    if run is not None:
        page.query_params["run"] = run
    page.run()
    assert not page.exception
    return page


def shown(page: AppTest) -> str:
    """All words on the page."""
    parts = (page.markdown, page.caption, page.subheader, page.error, page.warning, page.info)
    words = [str(item.value) for part in parts for item in part] + [bar.proto.text for bar in page.get("progress")]
    return "\n".join(words)


def button(page: AppTest, label: str, index: int = 0):
    return [item for item in page.button if item.label.startswith(label)][index]


def labels(page: AppTest) -> list[str]:
    return [item.label for item in page.button]


def click(page: AppTest, label: str, index: int = 0) -> AppTest:
    button(page, label, index).click().run()
    assert not page.exception
    return page


def commands(run: Run) -> list[dict]:
    return [command.get("changes") or command["action"] for command in read_lines(run.path / "orders.jsonl")]


def choose_folder(page: AppTest, folder: Path | str) -> None:
    page.radio(key="new_data_kind").set_value(image_source.PATH).run()
    page.text_area(key="new_data_path").set_value(str(folder)).run()


def test_without_runs_it_invites_to_start_one() -> None:
    page = open_page()
    assert "There are no runs yet" in shown(page)
    assert "Start training" in labels(page)


def test_the_time_of_a_run_is_told_before_it_starts() -> None:
    assert "About" not in shown(open_page())
    speed.store_speed(configure({}, "minute"), 300.0, 8.0)
    assert "**About 50 s** at 300 images per second" in shown(open_page())
    speed.store_speed(configure({}, "minute"), 50.0, 8.0)
    page = open_page()
    assert "**About 4 min** at 50 images per second" in shown(page)
    page.number_input(key="new_budget_images").set_value(2000).run()
    assert "**About 50 s**" in shown(page)


def test_a_run_without_a_name_is_called_by_what_it_is(launched: Launched) -> None:
    click(open_page(), "Start training")
    assert re.fullmatch(r"One minute, γ 0\.8, \d\d:\d\d", launched[0].name)


def test_a_preset_fills_the_controls() -> None:
    page = open_page()
    page.selectbox(key="new_preset").set_value("paper-64").run()
    assert not page.exception
    assert page.selectbox(key="new_ours_size").value == 64
    assert page.selectbox(key="new_ours_stem").value == "full"
    assert page.number_input(key="new_ours_learning_rate_g").value == 1e-4
    assert page.number_input(key="new_budget_images").value == 1_600_000


def test_a_model_to_start_from_fills_the_controls_and_the_run_takes_its_weights(
    pictures: Path, launched: Launched
) -> None:
    first = trained(pictures)
    page = open_page()
    page.selectbox(key="new_training_start").set_value(first.id).run()
    assert page.number_input(key="new_ours_width").value == 4
    assert page.selectbox(key="new_ours_size").value == 32
    click(page, "Start training")
    assert launched[0].config.training.start == first.id
    assert (launched[0].path / "start" / "model.safetensors").exists()


def test_weights_that_do_not_fit_the_settings_are_refused_in_words(pictures: Path, launched: Launched) -> None:
    first = trained(pictures)
    page = open_page()
    page.selectbox(key="new_training_start").set_value(first.id).run()
    page.number_input(key="new_ours_width").set_value(8).run()
    click(page, "Start training")
    assert "width is 4 there and 8 here" in shown(page)
    assert launched == []
    assert list_runs() == [first]


def test_settings_at_odds_are_refused_in_words_alone(launched: Launched) -> None:
    page = open_page()
    page.number_input(key="new_training_devices").set_value(3).run()
    click(page, "Start training")
    (problem,) = page.error
    assert problem.value.startswith("- A batch of 8 cannot be shared equally by 3 processes.")
    assert launched == []


def test_a_run_that_was_evaluated_shows_how_good_it_was_and_which_weights_are_best(pictures: Path) -> None:
    run = trained(pictures)
    for step, distance in ((10, 0.3), (20, 0.2), (30, None)):
        record(run.path, Evaluation(step, 16 * step, 1.0, 500, 450, 60, 200, distance))
    page = open_page(run=run.id)
    assert not page.exception
    assert "Best so far: iteration 20, Fréchet distance 0.200" in shown(page)
    for title in ("Detection rate", "Distinct people", "Fréchet face distance"):
        assert f"**{title}**" in shown(page)
    drawn = [json.loads(chart.proto.spec)["data"] for chart in page.get("plotly_chart")]
    (people,) = [lines for lines in drawn if [list(line.get("y", [])) for line in lines] == [[30.0, 30.0, 30.0]]]
    assert people[0]["x"] == [10, 20, 30]


def test_a_damaged_model_to_start_from_is_refused_at_once(pictures: Path) -> None:
    first = trained(pictures)
    (first.path / "model.safetensors").write_bytes(b"no weights")
    page = open_page()
    page.selectbox(key="new_training_start").set_value(first.id).run()
    assert not page.exception
    assert "damaged" in shown(page)
    assert page.selectbox(key="new_training_start").value == ""


def test_every_control_has_a_help_text() -> None:
    page = open_page()
    for part in (page.button, page.selectbox, page.number_input, page.slider, page.text_input, page.radio, page.toggle):
        for item in part:
            assert item.help, item.label


def test_every_number_of_the_family_has_a_control() -> None:
    page = open_page()
    keys = {item.key for item in [*page.number_input, *page.slider]}
    from facedemo.gans.registry import config_class

    assert {f"new_ours_{tunable.name}" for tunable in tunables_of(config_class("ours"))} <= keys


def tunables_of(config: type) -> list:
    from facedemo.gans.settings import tunables

    return tunables(config)


def test_start_makes_the_run_that_the_form_describes_and_opens_it(pictures: Path, launched: Launched) -> None:
    page = open_page()
    choose_folder(page, pictures)
    page.text_input(key="new_name").set_value("a name")
    page.slider(key="new_ours_gamma").set_value(0.42)
    page.number_input(key="new_ours_learning_rate_g").set_value(2.5e-4)
    page.number_input(key="new_training_seed").set_value(7)
    page.selectbox(key="new_data_crop").set_value("square")
    page.selectbox(key="new_budget_kind").set_value("images").run()
    page.number_input(key="new_budget_images").set_value(1234).run()
    click(page, "Start training")
    (run,) = launched
    made = run.config
    assert (made.name, made.training.seed, made.data.crop) == ("a name", 7, "square")
    assert (made.model.gamma, made.model.learning_rate_g) == (0.42, 2.5e-4)
    assert made.data.source == str(pictures)
    assert made.budget.model_dump(exclude_none=True) == {"images": 1234}
    assert run.id in page.query_params["run"]
    assert "a name" in shown(page)


def test_images_are_counted_before_the_start(pictures: Path, tmp_path: Path) -> None:
    page = open_page()
    choose_folder(page, pictures)
    assert "64 images found; at least 64 are needed." in shown(page)
    assert all("found" not in warning.value for warning in page.warning)
    (tmp_path / "few").mkdir()
    (tmp_path / "few" / "notes.txt").write_text("words")
    choose_folder(page, tmp_path / "few")
    assert "0 images found" in page.warning[0].value
    assert "not an image by its name" in page.warning[0].value


def previewed(page: AppTest) -> AppTest:
    """The page when the images have been prepared, which it waits for in the background."""
    deadline = time.monotonic() + 60
    while page.session_state["new_preview"][1].state == "running":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    page.run()
    assert not page.exception
    return page


def images_of(page: AppTest) -> list[np.ndarray]:
    """The pictures on the page that are part of it."""
    urls = [image.url for block in page.get("image") for image in block.proto.imgs]
    data = [base64.b64decode(url.partition("base64,")[2]) for url in urls if url.startswith("data:image/png")]
    return [np.asarray(Image.open(io.BytesIO(png)).convert("RGB")) for png in data]


def at_this_computer(monkeypatch: pytest.MonkeyPatch, here: bool = True) -> None:
    monkeypatch.setattr(visitor, "is_at_this_computer", lambda: here)


def test_the_users_images_are_shown_as_the_networks_see_them(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_this_computer(monkeypatch)
    page = open_page()
    choose_folder(page, pictures)
    previewed(page)
    assert "64 images ready at 32×32, none skipped. " in shown(page).replace("\\", "")
    (grid,) = images_of(page)
    prepared = prepare(pictures, 32)
    first, *_, last = even_sample(64, 24)
    assert grid.shape == (3 * 66 + 2, 8 * 66 + 2, 3)
    assert np.array_equal(grid[2:66:2, 2:66:2], prepared.images[first])
    assert np.array_equal(grid[135:199:2, 465:529:2], prepared.images[last])
    page.selectbox(key="new_ours_size").set_value(64).run()
    (grid,) = images_of(previewed(page))
    assert np.array_equal(grid[2:66, 2:66], prepare(pictures, 64).images[first])


def test_images_are_not_shown_to_a_visitor_from_elsewhere(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_this_computer(monkeypatch, here=False)
    page = open_page()
    choose_folder(page, pictures)
    previewed(page)
    assert images_of(page) == []
    assert "shown only in a browser on the computer" in shown(page)
    assert "64 images are few" in shown(page)


def test_near_copies_and_unusable_files_are_told_before_the_start(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_this_computer(monkeypatch)
    folder = tmp_path / "mine"
    shutil.copytree(pictures, folder)
    for number in range(8):
        shutil.copy(pictures / f"{number:02d}.png", folder / f"again-{number}.png")
    (folder / "broken.png").write_bytes(b"no image")
    (folder / "notes.txt").write_text("words")
    page = open_page()
    choose_folder(page, folder)
    previewed(page)
    words = shown(page).replace("\\", "")
    assert "73 images found; at least 64 are needed. 1 file cannot be used: 1 not an image by its name (.txt)." in words
    assert "72 images ready at 32×32, 2 skipped: 1 damaged or not an image; 1 not an image by its name (.txt)." in words
    assert "8 are near-copies of others" in words
    assert "11% are near-copies of others" in words
    assert page.expander[0].label == "Near-copies: 8"
    assert "again-0.png" in words
    _, pairs = images_of(page)
    assert np.array_equal(pairs[2:66], pairs[68:132]), "each is above the image that it resembles"


def test_too_few_usable_images_are_told_with_the_reasons(pictures: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(pictures, folder)
    (folder / "00.png").write_bytes(b"no image")
    page = open_page()
    choose_folder(page, folder)
    previewed(page)
    assert "63 of 64 images" in page.warning[0].value
    assert "Use this preset" not in labels(page)
    (tmp_path / "empty").mkdir()
    choose_folder(page, tmp_path / "empty")
    assert page.warning[0].value.startswith("0 images found")
    assert "Use this preset" not in labels(page)


def test_a_small_set_is_fine_tuned_by_one_press(pictures: Path, launched: Launched) -> None:
    page = open_page()
    choose_folder(page, pictures)
    page.selectbox(key="new_data_crop").set_value("square").run()
    previewed(page)
    assert "With fewer than 5,000 images" in shown(page)
    click(page, "Use this preset")
    assert page.selectbox(key="new_preset").value == "own-64"
    assert page.selectbox(key="new_training_start").value == "ours-64"
    assert page.slider(key="new_ours_augment").value == 0.5
    assert page.selectbox(key="new_data_crop").value == "square"
    assert "Use this preset" not in labels(previewed(page))
    click(page, "Start training")
    (run,) = launched
    start = load_model(find_model("ours-64")).config
    shaping = {name: getattr(start.model, name) for name in start.model.shaping}
    assert shaping == {name: getattr(run.config.model, name) for name in start.model.shaping}
    assert (run.config.training.start, run.config.budget.minutes) == ("ours-64", 30)
    assert (run.config.data.crop, run.config.data.split) == ("square", "train")
    assert (run.path / "start" / "model.safetensors").exists()


def test_the_preset_that_fine_tunes_is_refused_in_words_without_its_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEDEMO_CHECKPOINTS", str(tmp_path / "none"))
    page = open_page()
    page.selectbox(key="new_preset").set_value("own-64").run()
    assert not page.exception
    assert "ours-64" in page.error[0].value.replace("\\", "")
    assert page.selectbox(key="new_preset").value == "minute"


def test_many_images_are_prepared_only_when_asked_for(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "AT_ONCE", 60)
    page = open_page()
    choose_folder(page, pictures)
    assert "new_preview" not in page.session_state
    click(page, "Preview the images")
    assert "64 images ready" in shown(previewed(page))
    page.selectbox(key="new_ours_size").set_value(64).run()
    assert "Preview the images" in labels(page)


def test_a_fifth_of_the_users_images_is_kept_unseen_unless_switched_off(pictures: Path, launched: Launched) -> None:
    page = open_page()
    assert "Keep a fifth unseen, for Verify" not in [toggle.label for toggle in page.toggle]
    assert page.selectbox(key="new_data_split").value == "all"
    choose_folder(page, pictures)
    assert page.selectbox(key="new_data_split").value == "train"
    page.toggle(key="new_held_out").set_value(False).run()
    assert page.selectbox(key="new_data_split").value == "all"
    page.selectbox(key="new_preset").set_value("minute").run()
    page.toggle(key="new_held_out").set_value(True).run()
    click(page, "Start training")
    assert [run.config.data.split for run in launched] == ["train"]


@pytest.mark.parametrize("path", ["", "/no/such/folder", "~nobody-of-that-name/x", "a\0b", "x" * 5000])
def test_a_path_without_anything_there_is_refused_with_words(path: str, launched: Launched) -> None:
    page = open_page()
    choose_folder(page, path)
    click(page, "Start training")
    assert page.error
    assert launched == list_runs() == []


def test_starting_with_nothing_uploaded_says_what_to_do(launched: Launched) -> None:
    page = open_page()
    page.radio(key="new_data_kind").set_value(image_source.UPLOAD).run()
    click(page, "Start training")
    assert "Choose the images" in shown(page)
    assert launched == []


def test_a_folder_for_runs_that_cannot_be_written_is_no_traceback(
    tmp_path: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way", "utf8")
    page = open_page()
    choose_folder(page, pictures)
    monkeypatch.setenv("FACEDEMO_RUNS", str(tmp_path / "file" / "runs"))
    click(page, "Start training")
    assert page.error


def upload(name: str, data: bytes) -> io.BytesIO:
    file = io.BytesIO(data)
    file.name = name
    return file


def test_uploaded_files_stay_in_a_folder_of_their_own_whatever_their_names(tmp_path: Path) -> None:
    names = [
        "../../evil.png",
        "/etc/x.png",
        "..\\up.jpg",
        ".hidden.png",
        "a.png",
        "a.png",
        "ü" * 300 + ".png",
        "..",
        "",
    ]
    folder = image_source.store_upload([upload(name, b"%d" % index) for index, name in enumerate(names)], tmp_path)
    files = sorted(folder.iterdir())
    assert [file.read_bytes() for file in files] == [b"%d" % index for index in range(len(names))]
    assert sum(path.is_file() for path in tmp_path.rglob("*")) == len(names)
    assert not any(file.name.startswith(".") for file in files)
    assert sum(file.suffix in (".png", ".jpg") for file in files) == 7


def test_the_same_upload_is_kept_once(tmp_path: Path) -> None:
    files = [upload("a.png", b"a"), upload("b.png", b"b")]
    assert image_source.store_upload(files, tmp_path) == image_source.store_upload(files, tmp_path)
    assert image_source.store_upload(files, tmp_path) != image_source.store_upload(
        [upload("a.png", b"c"), files[1]], tmp_path
    )


def test_an_uploaded_archive_is_the_source_itself(tmp_path: Path) -> None:
    source = image_source.store_upload([upload("faces.ZIP", b"PK")], tmp_path)
    assert source.read_bytes() == b"PK"
    with pytest.raises(image_source.UploadError):
        image_source.store_upload([upload("faces.zip", b"PK"), upload("a.png", b"a")], tmp_path)


def test_a_trained_run_shows_its_charts_samples_and_marks(pictures: Path) -> None:
    run = trained(pictures)
    page = open_page(run.id)
    assert len(page.get("plotly_chart")) == 5
    assert "γ = 0.6" in str(json.loads(page.get("plotly_chart")[0].proto.spec))
    assert page.select_slider(key="samples_step").value == 20
    assert "finished" in shown(page)
    assert "iteration 20" in shown(page)
    page.toggle(key="show_norms").set_value(True).run()
    assert len(page.get("plotly_chart")) == 6


def test_the_samples_of_another_time_can_be_looked_at_while_newer_ones_come(pictures: Path) -> None:
    run = trained(pictures)
    page = open_page(run.id)
    (run.path / "samples" / "00000030.png").write_bytes((run.path / "samples" / "00000000.png").read_bytes())
    page.run()
    assert page.select_slider(key="samples_step").value == 30, "follows the newest"
    page.select_slider(key="samples_step").set_value(10).run()
    (run.path / "samples" / "00000040.png").write_bytes((run.path / "samples" / "00000000.png").read_bytes())
    page.run()
    assert page.select_slider(key="samples_step").value == 10


def test_steering_asks_for_what_was_moved_and_can_be_undone(pictures: Path) -> None:
    run = create_run(config(pictures))
    set_state(run, "running", step=5)
    page = open_page(run.id)
    page.slider(key="steer_gamma").set_value(0.3)
    page.number_input(key="steer_sample_every").set_value(20)
    click(page, "Apply")
    assert commands(run) == [{"gamma": 0.3, "sample_every": 20}]
    assert "γ = 0.3" in shown(page)
    click(page, "Undo")
    assert commands(run)[1] == {"gamma": 0.7, "sample_every": 10}
    assert page.slider(key="steer_gamma").value == 0.7
    assert button(page, "Undo").disabled


def test_a_moved_control_says_that_it_is_not_applied_yet(pictures: Path) -> None:
    run = create_run(config(pictures))
    set_state(run, "running", step=5)
    page = open_page(run.id)
    assert "not applied yet" not in shown(page)
    page.slider(key="steer_gamma").set_value(0.54).run()
    assert "γ: 0.7 → 0.54, not applied yet" in shown(page)
    assert commands(run) == []
    click(page, "Apply")
    assert commands(run) == [{"gamma": 0.54}]
    assert "not applied yet" not in shown(page)


def test_the_familys_own_setting_is_steered_first_and_the_others_are_folded(pictures: Path) -> None:
    run = create_run(config(pictures))
    page = open_page(run.id)
    folded = {item.key for part in page.expander for item in [*part.slider, *part.number_input]}
    steered = {item.key for item in [*page.slider, *page.number_input] if item.key.startswith("steer_")}
    assert steered - folded == {"steer_gamma"}


def status_line(page: AppTest) -> dict[str, str]:
    (sent,) = (element.proto.json for element in page.get("bidi_component") if "news" in element.proto.json)
    return json.loads(sent)


def test_a_sentence_says_what_the_training_is_going_through(pictures: Path) -> None:
    run = create_run(config(pictures))
    set_state(run, "running", progress=0.46, step=20)
    assert status_line(open_page(run.id))["text"] == "Training. The first numbers appear after 5 iterations."
    row = "step,loss_real,loss_fake,loss_target,k\n5,0.2,{fake},0.14,0.1\n"
    for fake, said in ((0.1, "The generator is ahead"), (0.2, "The discriminator is ahead"), (0.141, "in balance")):
        (run.path / "metrics.csv").write_text(row.format(fake=fake))
        page = status_line(open_page(run.id))
        assert said in page["text"]
        assert page["news"] == "running, 40 %"


def test_the_line_takes_the_focus_when_a_run_is_opened_and_not_when_it_goes_on(pictures: Path) -> None:
    run = create_run(config(pictures))
    page = click(open_page(), "Open")
    focus = status_line(page)["focus"]
    assert run.id in focus
    assert status_line(page.run())["focus"] == focus
    click(page, "All runs")
    assert status_line(click(page, "Open"))["focus"] != focus


def test_a_run_that_is_slower_than_was_measured_says_why(pictures: Path) -> None:
    run = create_run(config(pictures))
    speed.store_speed(run.config, 100.0, 5.0)
    set_state(run, "running", images_per_second=50.0)
    assert "Slower than the 100 images/s measured before: other programs are busy" in shown(open_page(run.id))
    set_state(create_run(config(pictures)), "running")
    assert "1 other run trains on this computer" in shown(open_page(run.id))
    set_state(run, "running", images_per_second=90.0)
    assert "Slower" not in shown(open_page(run.id))


def test_every_chart_of_every_family_is_explained(pictures: Path) -> None:
    for family in family_names():
        cls = config_class(family)
        charted = {"losses" if name.startswith("loss_") else name for name in cls.metrics}
        assert cls.metric_help.keys() == charted
    run = trained(pictures)
    titles = [item for item in open_page(run.id).markdown if item.value in ("**Losses**", r"**k\_t**", "**M**")]
    assert len(titles) == 3
    assert all(title.proto.help for title in titles)


def test_changes_are_undone_one_after_the_other(pictures: Path) -> None:
    run = create_run(config(pictures))
    for gamma in (0.1, 0.2, 0.3):
        run.steer(gamma=gamma)
    undone = []
    while undo := steering.in_force(run, run.config, 0).undo:
        undone.append(undo["gamma"])
        run.steer(**undo)
    assert undone == [0.2, 0.1, 0.7]


def test_a_decayed_learning_rate_is_shown_and_can_be_set_back(pictures: Path) -> None:
    settings = config(pictures)
    run = create_run(settings)
    set_state(run, "running", step=4000)
    page = open_page(run.id)
    assert page.number_input(key="steer_learning_rate_g").value == pytest.approx(3e-4 * 0.81)
    page.number_input(key="steer_learning_rate_g").set_value(3e-4)
    click(page, "Apply")
    assert commands(run) == [{"learning_rate_g": 3e-4}]


@pytest.mark.parametrize(
    ("state", "there", "missing"),
    [
        ("running", {"Pause", "Stop"}, {"Resume", "Continue", "Extend"}),
        ("paused", {"Continue", "Stop"}, {"Pause", "Resume"}),
        ("stopped", {"Start"}, {"Pause", "Stop", "Continue"}),
        ("failed", {"Start"}, {"Pause", "Stop", "Continue"}),
    ],
)
def test_the_buttons_fit_the_state(pictures: Path, state: str, there: set[str], missing: set[str]) -> None:
    run = create_run(config(pictures))
    set_state(run, state)
    page = open_page(run.id)
    assert there <= set(labels(page))
    assert not missing & set(labels(page))


def test_pause_and_stop_are_asked_for_and_confirmed(pictures: Path) -> None:
    run = create_run(config(pictures))
    set_state(run, "running")
    page = open_page(run.id)
    click(page, "Pause")
    assert "will pause after this iteration" in shown(page)
    click(page, "Stop")
    assert commands(run) == ["pause", "stop"]


def test_a_failed_run_says_why_and_can_be_resumed(pictures: Path, launched: Launched) -> None:
    run = create_run(config(pictures))
    set_state(run, "failed", message="The images are too few.")
    page = open_page(run.id)
    assert page.error[0].value == "The images are too few."
    click(page, "Start")
    assert launched == [run]


def test_advice_of_the_health_check_is_a_warning(pictures: Path) -> None:
    run = create_run(config(pictures))
    set_state(run, "running", warnings=["k_t has stayed at 0."])
    assert [warning.value for warning in open_page(run.id).warning] == ["k_t has stayed at 0."]


def test_a_finished_run_goes_on_with_a_larger_budget_only(pictures: Path, launched: Launched) -> None:
    run = trained(pictures)
    page = open_page(run.id)
    assert page.number_input(key="extend_iterations").value == 40
    page.number_input(key="extend_iterations").set_value(20).run()
    click(page, "Train further")
    assert launched == []
    assert "larger" in shown(page)
    page.number_input(key="extend_iterations").set_value(60).run()
    click(page, "Train further")
    assert launched == [run]
    assert run.config.budget.iterations == 60


@pytest.mark.parametrize("name", ["gone", "../../etc", "", ".", "a/b", "\0"])
def test_a_run_that_is_not_there_is_a_message(name: str) -> None:
    assert "No such run" in str(open_page(name).warning[0].proto)


def test_a_run_deleted_while_it_is_shown_is_a_message(pictures: Path) -> None:
    run = create_run(config(pictures))
    page = open_page(run.id)
    trash.delete(run)
    page.run()
    assert not page.exception
    assert page.warning


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("config.json", "{garbage"),
        ("config.json", "[]"),
        ("config.json", '{"family": "unknown"}'),
        ("config.json", '{"family": [1], "model": 3, "name": 5}'),
        ("status.json", "{"),
        ("status.json", '{"progress": "half", "updated": null, "state": "running"}'),
        ("status.json", '{"advice": 3, "step": null}'),
        ("metrics.csv", ""),
        ("metrics.csv", "step,loss"),
        ("metrics.csv", "step,loss_real\n1,x\n"),
        ("metrics.csv", "loss_real\n1\n"),
        ("marks.jsonl", '{"changes": 3}\n'),
        ("marks.jsonl", '{"step": 1, "changes": {"gamma": 7}, "command": 0}\n'),
        ("orders.jsonl", '{"do": "set"}\n'),
        ("samples/00000010.png", "no image"),
        ("log.txt", "\0\ufffd"),
    ],
)
def test_damaged_files_of_a_run_are_never_a_traceback(pictures: Path, file: str, content: str) -> None:
    run = create_run(config(pictures))
    set_state(run, "stopped")
    (run.path / file).write_text(content, "utf8")
    open_page(run.id)
    page = open_page()
    click(page, "Delete")
    assert list_runs() == []


def test_the_list_tells_each_runs_state_and_what_can_be_done(pictures: Path) -> None:
    for state in ("stopped", "finished", "failed", "running"):
        set_state(create_run(config(pictures, name=f"run {state}")), state, message="why")
    create_run(config(pictures, name="never"))
    page = open_page()
    for state in ("stopped", "finished", "failed", "running"):
        assert f"run {state}" in shown(page)
    found = labels(page)
    assert (found.count("Open"), found.count("Resume"), found.count("Extend"), found.count("Delete")) == (5, 3, 1, 5)
    running = next(run for run in list_runs() if run.name == "run running")
    assert page.button(key=f"Delete_{running.id}").disabled


def test_an_entrant_of_a_race_waits_without_resume_and_delete(pictures: Path) -> None:
    options = {"size": 32, "width": 4, "latent": 8, "batch_size": 4, "iterations": 20, "source": str(pictures)}
    found = create_race(entrant_configs(options, ["ours", "dcgan"]))
    me = {"pid": os.getpid(), "process_started": psutil.Process().create_time(), "host": socket.gethostname()}
    found.write_status(Status("running", **me))
    entrant = found.run(found.plan.entries[1])
    page = open_page()
    assert shown(page).replace("\\", "").count(f"Waits for its turn in the race “{found.name}”.") == 2
    assert not {"Resume", "Delete"} & set(labels(page))
    page = open_page(entrant.id)
    assert "Open the race" in labels(page)
    assert not {"Start", "Resume", "Stop"} & set(labels(page))
    found.write_status(Status("stopped"))
    assert "Start" in labels(open_page(entrant.id))


def test_a_run_that_waits_can_start_now(pictures: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FACEDEMO_QUEUE", str(tmp_path / "queue"))
    run = create_run(config(pictures))
    queue.enter(run.path)
    me = {"pid": os.getpid(), "process_started": psutil.Process().create_time(), "host": socket.gethostname()}
    run.write_status(Status("waiting", seconds_left=123, **me))
    page = open_page(run.id)
    assert any("2 min 3 s of training" in bar.proto.text for bar in page.get("progress"))
    click(page, "Start now")
    assert [place.state for place in queue.places()] == ["training"]


def test_open_shows_the_run_and_all_runs_leads_back(pictures: Path) -> None:
    run = create_run(config(pictures))
    page = click(open_page(), "Open")
    assert run.id in page.query_params["run"]
    assert "Start training" not in labels(page)
    click(page, "All runs")
    assert "run" not in page.query_params
    assert "Start training" in labels(page)


def test_deleting_is_undone_with_one_click(pictures: Path) -> None:
    run = create_run(config(pictures))
    page = click(open_page(), "Delete")
    assert list_runs() == []
    click(page, "Restore")
    assert list_runs() == [run]


def test_names_are_shown_as_they_are_not_as_markdown(pictures: Path) -> None:
    create_run(config(pictures, name="# [x](http://y) :red[z]"))
    assert any(r"\[x\]" in item.value for item in open_page().markdown)


def test_sixty_runs_come_a_page_at_a_time_and_can_be_searched(pictures: Path) -> None:
    made = [create_run(config(pictures, name=f"face-{number}-of-sixty")) for number in range(60)]
    page = open_page()
    assert labels(page).count("Open") == 8
    page.text_input(key="find_run").set_value("face-33-of").run()
    assert labels(page).count("Open") == 1
    assert f"Open_{made[33].id}" in {item.key for item in page.button}
    page.text_input(key="find_run").set_value("nothing like it").run()
    assert not page.exception
    assert labels(page).count("Open") == 0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59.6, "1 min"), (192, "3 min 12 s"), (7500, "2 h 5 min"), (273600, "3 d 4 h")],
)
def test_durations_are_read_at_a_glance(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_preparing_images_is_a_progress_of_its_own(pictures: Path) -> None:
    run = create_run(config(pictures))
    set_state(run, "starting", phase="Preparing images", done=1000, total=4000)
    bar = open_page(run.id).get("progress")[0].proto
    assert bar.value == 25
    assert "1,000 of 4,000" in bar.text


def test_a_crash_is_told_and_resumable(pictures: Path, launched: Launched) -> None:
    run = create_run(config(pictures))
    run.write_status(Status("running", host=socket.gethostname(), pid=2**22 + 1, step=10))
    append_line(run.path / "orders.jsonl", {"do": "pause"})
    page = open_page(run.id)
    assert page.error
    click(page, "Start")
    assert launched == [run]


def test_a_run_whose_images_have_moved_is_resumed_from_their_new_place(
    pictures: Path, tmp_path: Path, launched: Launched
) -> None:
    run = create_run(RunConfig.model_validate({"model": {"size": 32}, "data": {"source": str(tmp_path / "gone")}}))
    run.write_status(Status("failed", step=10))
    (run.path / "checkpoints" / "00000010.ckpt").write_bytes(b"")
    page = open_page(run=run.id)
    page.text_area(key=f"images_path_{run.id}").set_value(str(tmp_path / "nowhere")).run()
    page.button(key="images_go").click().run()
    assert "There is no file or folder" in shown(page)
    page.text_area(key=f"images_path_{run.id}").set_value(str(pictures)).run()
    page.button(key="images_go").click().run()
    assert run.config.data.source == str(pictures)
    assert launched == [run]


def test_errors_of_settings_never_end_in_a_link_to_pydantic() -> None:
    with pytest.raises(ValidationError) as caught:
        RunConfig.model_validate({"budget": {"minutes": -1}, "model": {"size": 33}})
    assert "pydantic" in str(caught.value)
    assert "pydantic" not in escaped(caught.value)
    background = Job(lambda steps: RunConfig.model_validate({"budget": {"minutes": -1}}))
    background.thread.join()
    assert background.state == "failed"
    assert "pydantic" not in background.error
