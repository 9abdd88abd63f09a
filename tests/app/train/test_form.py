"""The form for a new run on the Train page."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from facedemo.app.shared import image_source
from facedemo.app.shared.background import Job
from facedemo.app.shared.markdown import escaped
from facedemo.config.presets import configure
from facedemo.config.schema import RunConfig
from facedemo.gans.registry import config_class
from facedemo.pretrained.model import find_model, load_model
from facedemo.runs.run import list_runs
from facedemo.training import speed
from tests.app.train.conftest import Launched, choose_folder, click, labels, open_page, page_text, previewed, trained


def test_without_runs_it_invites_to_start_one() -> None:
    page = open_page()
    assert "There are no runs yet" in page_text(page)
    assert "Start training" in labels(page)


def test_the_time_of_a_run_is_told_before_it_starts() -> None:
    assert "About" not in page_text(open_page())
    speed.store_speed(configure({}, "minute"), 300.0, 8.0)
    assert "**About 50 s** of training at 300 images per second" in page_text(open_page())
    speed.store_speed(configure({}, "minute"), 50.0, 8.0)
    page = open_page()
    assert "**About 4 min** of training at 50 images per second" in page_text(page)
    page.number_input(key="new_budget_images").set_value(2000).run()
    assert "**About 50 s**" in page_text(page)


def test_a_run_without_a_name_is_called_by_what_it_is(launched: Launched) -> None:
    click(open_page(), "Start training")
    assert re.fullmatch(r"One minute, γ 0\.8, \d\d:\d\d", launched[0].name)


def test_what_differs_from_the_preset_is_listed_beside_start() -> None:
    page = open_page()
    assert "Changed:" not in page_text(page)
    page.slider(key="new_ours_gamma").set_value(0.6).run()
    page.number_input(key="new_budget_images").set_value(2000).run()
    page.number_input(key="new_ours_learning_rate_g").set_value(5e-5).run()
    before, (text,) = configure({}, "minute"), [text for text in page_text(page).splitlines() if "Changed:" in text]
    assert "γ 0.8 → 0.6" in text
    assert f"Generator learning rate {before.model.learning_rate_g} → 5e\\-05" in text
    assert f"{before.budget.text} → 2,000 images" in text
    page.selectbox(key="new_family").set_value("dcgan").run()
    (text,) = [text for text in page_text(page).splitlines() if "Changed:" in text]
    assert "Family Ours (BEGAN) → DCGAN" in text.replace("\\", "")
    assert f"{before.budget.text} → 60 minutes" in text
    page.selectbox(key="new_preset").set_value("paper-64").run()
    assert "Changed:" not in page_text(page)


def test_a_preset_fills_the_controls() -> None:
    page = open_page()
    page.selectbox(key="new_preset").set_value("paper-64").run()
    assert not page.exception
    assert page.selectbox(key="new_ours_size").value == 64
    assert page.selectbox(key="new_ours_stem").value == "full"
    assert page.number_input(key="new_ours_learning_rate_g").value == 1e-4
    assert page.number_input(key="new_budget_images").value == 1_600_000


def test_a_link_chooses_a_preset_and_an_unknown_one_is_named() -> None:
    page = open_page(preset="paper-64")
    assert page.selectbox(key="new_preset").value == "paper-64"
    assert page.number_input(key="new_budget_images").value == 1_600_000
    page.number_input(key="new_budget_images").set_value(2000).run()
    page.run()
    assert page.number_input(key="new_budget_images").value == 2000
    page = open_page(preset="of-gold")
    assert "`preset=of-gold`" in page_text(page)
    assert page.selectbox(key="new_preset").value == "minute"
    assert page.query_params["preset"] in ("minute", ["minute"])


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
    assert "width is 4 there and 8 here" in page_text(page)
    assert launched == []
    assert list_runs() == [first]


def test_settings_at_odds_are_refused_in_words_alone(launched: Launched) -> None:
    page = open_page()
    page.number_input(key="new_training_devices").set_value(3).run()
    click(page, "Start training")
    (problem,) = page.error
    assert problem.value.startswith("- A batch of 8 cannot be shared equally by 3 processes.")
    assert launched == []


def test_a_damaged_model_to_start_from_is_refused_at_once(pictures: Path) -> None:
    first = trained(pictures)
    (first.path / "model.safetensors").write_bytes(b"no weights")
    page = open_page()
    page.selectbox(key="new_training_start").set_value(first.id).run()
    assert not page.exception
    assert "damaged" in page_text(page)
    assert page.selectbox(key="new_training_start").value == ""


def test_every_control_has_a_help_text() -> None:
    page = open_page()
    for part in (page.button, page.selectbox, page.number_input, page.slider, page.text_input, page.radio, page.toggle):
        for item in part:
            assert item.help, item.label


def test_every_number_of_the_family_has_a_control() -> None:
    page = open_page()
    keys = {item.key for item in [*page.number_input, *page.slider]}

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
    assert "a name" in page_text(page)
    click(page, "All runs")
    assert (page.text_input(key="new_name").value, page.number_input(key="new_training_seed").value) == ("", 7)


def test_a_small_set_is_fine_tuned_by_one_press(pictures: Path, launched: Launched) -> None:
    page = open_page()
    choose_folder(page, pictures)
    page.selectbox(key="new_data_crop").set_value("square").run()
    previewed(page)
    (proposal,) = (text for text in page.markdown if "fits 64 images better" in text.value)
    assert proposal.help.startswith("With fewer than 5,000 images")
    click(page, "Use this preset")
    assert page.selectbox(key="new_preset").value == "own-64"
    assert page.selectbox(key="new_training_start").value == "r3gan-64"
    assert page.slider(key="new_r3gan_augment").value == 0.1
    assert page.selectbox(key="new_data_crop").value == "square"
    assert "Use this preset" not in labels(previewed(page))
    click(page, "Start training")
    (run,) = launched
    start = load_model(find_model("r3gan-64")).config
    shaping = {name: getattr(start.model, name) for name in start.model.shaping}
    assert shaping == {name: getattr(run.config.model, name) for name in start.model.shaping}
    assert (run.config.training.start, run.config.budget.images) == ("r3gan-64", 15_000)
    assert (run.config.data.crop, run.config.data.split) == ("square", "train")
    assert (run.path / "start" / "model.safetensors").exists()


def test_the_preset_for_ones_own_photos_finds_the_faces_in_them(pictures: Path) -> None:
    page = open_page()
    choose_folder(page, pictures)
    previewed(page)
    click(page, "Use this preset")
    assert page.toggle(key="new_find_faces").value
    assert "Preview the images" in labels(page)  # finding faces takes a while
    assert "Changed:" not in page_text(page)
    page.selectbox(key="new_preset").set_value("quick-64").run()
    assert page.toggle(key="new_find_faces").value  # the photos are the same
    assert "Crop auto → face" in page_text(page)
    page.selectbox(key="new_family").set_value("dcgan").run()
    assert page.toggle(key="new_find_faces").value
    page.toggle(key="new_find_faces").set_value(False).run()
    page.selectbox(key="new_preset").set_value("own-64").run()
    assert page.toggle(key="new_find_faces").value


def test_the_preset_that_fine_tunes_is_refused_in_words_without_its_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEDEMO_CHECKPOINTS", str(tmp_path / "none"))
    page = open_page()
    page.selectbox(key="new_preset").set_value("own-64").run()
    assert not page.exception
    assert "r3gan-64" in page.error[0].value.replace("\\", "")
    assert page.selectbox(key="new_preset").value == "minute"


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


def test_too_few_images_are_refused_before_a_run_is_created(tmp_path: Path, launched: Launched) -> None:
    (few := tmp_path / "**few** [a](b)").mkdir()
    page = open_page()
    choose_folder(page, few)
    click(page, "Start training")
    assert [error.value for error in page.error] == ["0 images found; at least 64 are needed. Choose more images."]
    choose_folder(page, tmp_path / "**none** [a](b)")
    click(page, "Start training")
    assert escaped("**none** [a](b)") in page.error[0].value
    assert launched == list_runs() == []


def test_starting_with_nothing_uploaded_says_what_to_do(launched: Launched) -> None:
    page = open_page()
    page.radio(key="new_data_kind").set_value(image_source.UPLOAD).run()
    click(page, "Start training")
    assert "Choose the images" in page_text(page)
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


def test_errors_of_settings_never_end_in_a_link_to_pydantic() -> None:
    with pytest.raises(ValidationError) as caught:
        RunConfig.model_validate({"budget": {"minutes": -1}, "model": {"size": 33}})
    assert "pydantic" in str(caught.value)
    assert "pydantic" not in escaped(caught.value)
    background = Job(lambda steps: RunConfig.model_validate({"budget": {"minutes": -1}}))
    background.thread.join()
    assert background.state == "failed"
    assert "pydantic" not in background.error
