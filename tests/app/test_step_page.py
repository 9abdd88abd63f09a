"""The page "One step, slowly", run as Streamlit runs it, on real models with random weights."""

import json
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file
from streamlit.testing.v1 import AppTest

from facedemo.app.views.step import controls
from tests.app.step_page import SETTINGS, address, captions, formulas, open_page, press
from tests.conftest import Maker


def test_it_opens_with_the_first_step_and_an_address_that_says_everything(make_bundle: Maker) -> None:
    make_bundle()
    page = open_page()
    assert not page.exception
    assert not page.warning
    assert address(page) == SETTINGS
    assert page.header[0].value == "Iteration 1"
    assert len(formulas(page)) == 7
    assert "without its optimiser state" in page.caption[-2].value


def test_it_says_whether_the_images_are_those_of_the_training(make_bundle: Maker, tmp_path: Path) -> None:
    folder = make_bundle()
    assert "**x**  Training images." in captions(open_page())
    config = json.loads((folder / "config.json").read_text("utf8"))
    config["data"]["source"] = str(tmp_path / "elsewhere")
    (folder / "config.json").write_text(json.dumps(config), "utf8")
    stand_ins = "**x**  Stand-ins for training images: faces that a bundled model generated."
    assert stand_ins in captions(open_page())


def test_steps_go_forwards_and_backwards(make_bundle: Maker) -> None:
    make_bundle()
    page = open_page()
    first = formulas(page)
    press(page, "Next step")
    assert address(page)["steps"] == "2"
    assert page.header[0].value == "Iteration 2"
    assert formulas(page) != first
    press(page, "Ten steps")
    assert page.header[0].value == "Iteration 12"
    press(page, "Start again")
    assert address(page)["steps"] == "1"
    assert formulas(page) == first
    press(page, "Next step")
    press(page, "Back")
    assert formulas(page) == first
    assert not page.exception


def test_with_latent_recovery_no_line_of_numbers_is_too_long_for_its_column(make_bundle: Maker) -> None:
    make_bundle()
    page = open_page()
    press(page, "Next step")
    assert len(formulas(page)) == 7
    lines = [line for formula in formulas(page) for line in formula.split(r"\\")]
    numbers = [line.replace(r"\cdot", "·") for line in lines if line.startswith(" &") and r"\mathbf" not in line]
    assert numbers
    assert max(map(len, numbers)) < 45
    assert sum(line.startswith(r" & \quad + 0.1 \cdot") for line in lines) == 1
    assert sum(line.startswith(r" &\quad = 0.7 \cdot") for line in lines) == 1, "under the side that has no name"


def test_gamma_counts_from_the_next_step_on_and_its_change_is_marked(make_bundle: Maker) -> None:
    make_bundle()
    page = open_page()
    page.slider(key="step_gamma").set_value(0.2).run()
    assert page.header[0].value == "Iteration 1"
    assert "0.7" in formulas(page)[4]
    press(page, "Next step")
    assert "0.2" in formulas(page)[4]
    assert address(page)["gamma"] == "0.2"
    charts = [json.dumps(json.loads(chart.proto.spec), ensure_ascii=False) for chart in page.get("plotly_chart")]
    assert any("γ = 0.2" in chart for chart in charts)


def test_a_link_takes_the_same_number_of_steps(make_bundle: Maker) -> None:
    make_bundle()
    link = SETTINGS | {"steps": "7", "gamma": "0.35", "amplify": "20"}
    page = open_page(**link)
    assert not page.warning
    assert address(page) == link
    assert page.header[0].value == "Iteration 7"
    assert page.header[1].value == "What the step changed, amplified 20 times"


def test_settings_in_a_link_hold_from_the_first_step_on(make_bundle: Maker) -> None:
    make_bundle()
    assert "0.35" in formulas(open_page(gamma="0.35"))[4]


@pytest.mark.parametrize(
    ("name", "value"), [("steps", "0"), ("steps", "201"), ("gamma", "2"), ("amplify", "3"), ("model", "gone")]
)
def test_an_unusable_value_in_a_link_is_named_and_replaced(make_bundle: Maker, name: str, value: str) -> None:
    make_bundle()
    page = open_page(**{name: value})
    assert not page.exception
    assert name in page.warning[0].value
    assert address(page) == SETTINGS


def test_every_control_has_a_help_text(make_bundle: Maker) -> None:
    make_bundle()
    page = open_page()
    controls = [*page.selectbox, *page.number_input, *page.slider, *page.button, *page.toggle]
    controls += page.get("download_button")
    assert len(controls) == 12
    assert all(control.proto.help for control in controls)


def test_the_buttons_beside_a_number_change_it_by_a_step_of_its_size(make_bundle: Maker) -> None:
    make_bundle()
    page = open_page()
    assert {tunable.label: tunable.step for tunable in page.number_input} == {
        "λ_k, balance gain": 0.01,
        "α, latent recovery": 0.1,
    }


def test_without_any_model_it_says_what_to_do(make_bundle: Maker) -> None:
    page = open_page()
    assert not page.exception
    assert "no model" in page.info[0].value


def test_a_damaged_model_is_explained_and_others_stay_usable(make_bundle: Maker) -> None:
    (make_bundle("damaged") / "model.safetensors").write_bytes(b"not weights")
    make_bundle()
    page = open_page(model="damaged")
    assert not page.exception
    assert "damaged" in page.error[0].value
    page.selectbox(key="step_model").set_value("tiny").run()
    assert not page.error
    assert address(page) == SETTINGS


def test_a_model_without_a_discriminator_is_explained(make_bundle: Maker) -> None:
    file = make_bundle() / "model.safetensors"
    save_file({name: value for name, value in load_file(file).items() if "discriminator" not in name}, file)
    page = open_page()
    assert not page.exception
    assert "only a generator" in page.error[0].value


def test_steps_play_until_they_are_paused_and_the_address_waits_until_then(
    make_bundle: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_bundle()
    page = open_page()
    press(page, "Play")
    assert page.header[0].value == "Iteration 1"
    page.session_state.step_just_drawn = False
    page.session_state.step_steps = 4  # as after three ticks
    page.run()
    assert page.header[0].value == "Iteration 4"
    assert address(page)["steps"] == "1"
    press(page, "Pause")
    assert address(page)["steps"] == "4"


def test_presenting_leaves_pictures_equations_and_curves(make_bundle: Maker) -> None:
    make_bundle()
    page = open_page(present="True", steps="3")
    assert not page.exception
    assert [title.value for title in page.title] == ["Iteration 3"]
    assert not page.header
    assert len(formulas(page)) == 7
    assert len(page.get("plotly_chart")) >= 2
    page.toggle(key="step_present").set_value(False).run()
    assert "What the step changed" in page.header[1].value


def test_the_curves_of_a_few_late_steps_fill_their_charts(make_bundle: Maker) -> None:
    make_bundle()
    page = open_page(steps="3")
    for chart in page.get("plotly_chart"):
        axis = json.loads(chart.proto.spec)["layout"]["xaxis"]
        assert (axis["rangemode"], axis["tick0"], axis["dtick"]) == ("normal", 1, 1)


def test_presented_stand_ins_are_called_so(make_bundle: Maker, tmp_path: Path) -> None:
    folder = make_bundle()
    config = json.loads((folder / "config.json").read_text("utf8"))
    config["data"]["source"] = str(tmp_path / "elsewhere")
    (folder / "config.json").write_text(json.dumps(config), "utf8")
    assert "faces generated by a bundled model" in page_words(open_page(present="True"))


def page_words(page: AppTest) -> str:
    return "\n".join(captions(page))


def test_steps_that_played_to_the_end_do_not_play_on_after_a_step_back(
    make_bundle: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_bundle()
    monkeypatch.setattr(controls, "MAX_STEPS", 3)
    page = open_page(steps="2")
    press(page, "Play")
    press(page, "Next step")
    press(page, "Back")
    assert "Play" in [button.label for button in page.button]


def test_steps_do_not_play_on_when_the_page_is_opened_again(make_bundle: Maker) -> None:
    make_bundle()
    app = AppTest.from_file("../../app.py", default_timeout=60).run()
    app.session_state.step_playing = True
    app.run()
    assert "step_playing" not in app.session_state
