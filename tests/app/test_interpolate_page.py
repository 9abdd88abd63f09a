"""The Interpolate page, run as Streamlit runs it, on a real model with random weights."""

import pytest

from facedemo.explore import directions
from tests.app.interpolate_page import DIRECTIONS, FOUR, TWO, WALK, address, open_page, player
from tests.conftest import Maker


@pytest.fixture(autouse=True)
def few_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directions, "FACES", 32)


@pytest.mark.parametrize("whole", [TWO, WALK | {"frame": "1"}, FOUR, DIRECTIONS], ids=lambda whole: whole["mode"])
def test_every_mode_opens_with_an_address_that_says_everything(make_bundle: Maker, whole: dict[str, str]) -> None:
    make_bundle()
    page = open_page(mode=whole["mode"])
    assert not page.exception
    assert not page.warning
    assert not page.error
    assert address(page) == whole


def test_a_film_of_two_faces_plays_there_and_back_and_a_walk_goes_round(make_bundle: Maker) -> None:
    make_bundle()
    two, round_trip = player(open_page()), player(open_page(mode="walk"))
    assert (two["frames"], two["closed"]) == (24, False)
    assert (round_trip["frames"], round_trip["closed"]) == (144, True)


def test_a_link_reproduces_its_settings(make_bundle: Maker) -> None:
    make_bundle("another")
    make_bundle()
    link = TWO | {"from": "4294967295", "to": "7", "path": "lerp", "steps": "9", "rate": "30", "frame": "5"}
    page = open_page(**link)
    assert not page.warning
    assert address(page) == link
    assert player(page)["frame"] == 5
    assert player(page)["sprite"] == player(open_page(**link))["sprite"]
    assert player(page)["sprite"] != player(open_page(**link | {"path": "slerp"}))["sprite"]


@pytest.mark.parametrize(
    ("mode", "name", "value"),
    [
        ("two", "from", "-1"),
        ("two", "to", "x"),
        ("two", "path", "round"),
        ("two", "steps", "61"),
        ("two", "rate", "0"),
        ("two", "frame", "25"),
        ("walk", "faces", "1"),
        ("four", "d", "4294967296"),
        ("four", "side", "13"),
        ("four", "face", "50"),
        ("directions", "by_side", "4.1"),
        ("directions", "by_main1", "nan"),
        ("directions", "model", "gone"),
    ],
)
def test_an_unusable_value_in_a_link_is_named_and_replaced(
    make_bundle: Maker, mode: str, name: str, value: str
) -> None:
    make_bundle()
    page = open_page(mode=mode, **{name: value})
    assert not page.exception
    assert name in page.warning[0].value
    whole = {"two": TWO, "walk": WALK | {"frame": "1"}, "four": FOUR, "directions": DIRECTIONS}
    assert address(page) == whole[mode]


def test_an_unknown_mode_is_named_and_replaced(make_bundle: Maker) -> None:
    make_bundle()
    page = open_page(mode="five")
    assert "mode" in page.warning[0].value
    assert address(page) == TWO


def test_controls_change_the_film_and_the_address(make_bundle: Maker) -> None:
    make_bundle()
    page = open_page(frame="20")
    before = player(page)["sprite"]
    page.slider(key="interpolate_steps").set_value(10).run()
    assert not page.warning
    assert address(page) == TWO | {"steps": "10"}
    page.number_input(key="interpolate_to").set_value(9).run()
    assert address(page) == TWO | {"steps": "10", "to": "9"}
    assert player(page)["frames"] == 10
    page.button[0].click().run()
    assert address(page)["from"] != TWO["from"]
    assert player(page)["sprite"] != before
    assert not page.exception


def test_changing_the_mode_keeps_what_both_have(make_bundle: Maker) -> None:
    make_bundle()
    page = open_page(path="lerp", steps="10", frame="7")
    page.get("button_group")[0].set_value("walk").run()
    assert not page.exception
    assert not page.warning
    assert address(page) == WALK | {"path": "lerp", "steps": "10", "frame": "1"}


def test_sliders_change_the_face_and_reset_puts_them_back(make_bundle: Maker) -> None:
    make_bundle()
    page = open_page(mode="directions", by_warmth="1.5")
    assert any("warmth +1.5" in caption.value for caption in page.caption)
    page.slider(key="interpolate_by_side").set_value(-2.0).run()
    assert address(page) == DIRECTIONS | {"by_warmth": "1.5", "by_side": "-2.0"}
    page.button[1].click().run()
    assert address(page) == DIRECTIONS
    assert not page.exception


def test_an_edit_can_be_downloaded_as_a_film_once_a_slider_was_moved(make_bundle: Maker) -> None:
    make_bundle()
    assert [item.proto.label for item in open_page(mode="directions").get("download_button")] == ["This face (PNG)"]
    page = open_page(mode="directions", by_side="2.0")
    labels = [item.proto.label for item in page.get("download_button")]
    assert labels == ["This face (PNG)", "Film (MP4)", "Film (GIF)"]


@pytest.mark.parametrize("mode", ["two", "walk", "four", "directions"])
def test_every_control_has_a_help_text(make_bundle: Maker, mode: str) -> None:
    make_bundle()
    page = open_page(mode=mode)
    kinds = ("selectbox", "number_input", "slider", "button", "download_button", "button_group")
    controls = [control for kind in kinds for control in page.get(kind)]
    assert len(controls) >= 9
    assert all(control.proto.help for control in controls)


@pytest.mark.parametrize("mode", ["two", "walk", "four", "directions"])
def test_a_damaged_model_is_explained_and_others_stay_usable(make_bundle: Maker, mode: str) -> None:
    (make_bundle("damaged") / "model.safetensors").write_bytes(b"not weights")
    make_bundle()
    page = open_page(mode=mode, model="damaged")
    assert not page.exception
    assert "damaged" in page.error[0].value
    page.selectbox(key="interpolate_model").set_value("tiny").run()
    assert not page.error
    assert address(page)["model"] == "tiny"


def test_without_any_model_it_says_what_to_do(make_bundle: Maker) -> None:
    page = open_page()
    assert not page.exception
    assert "no model" in page.info[0].value
