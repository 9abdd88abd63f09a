"""Sliders on the Interpolate page for attributes that come with a model, or are learned from labelled faces."""

import threading
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from facedemo.evaluation.attribute_classifier import AttributeClassifier, LearnerAndJudge
from facedemo.explore import directions, named_directions
from facedemo.explore.named_directions import NamedDirection
from facedemo.progress import Steps
from tests.app.interpolate_page import DIRECTIONS, NAMES, address, open_page
from tests.conftest import Maker, Seeing


@pytest.fixture(autouse=True)
def few_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directions, "FACES", 32)


def press(page: AppTest, label: str) -> AppTest:
    (button,) = (button for button in page.button if button.label == label)
    button.click().run()
    assert not page.exception
    return page


def learn(page: AppTest, source: str | Path) -> AppTest:
    """The page once it has learned from a source, or failed to."""
    page.text_area(key="interpolate_labels_path").set_value(str(source)).run()
    press(page, "Learn")
    for thread in threading.enumerate():
        if thread.name == "job":
            thread.join(60)
    page.run()
    assert not page.exception
    return page


def page_text(page: AppTest) -> str:
    return "\n".join(caption.value for caption in page.caption)


def sliders(page: AppTest) -> list[str]:
    return [slider.label for slider in page.slider]


def test_two_sliders_come_first_and_their_amounts_are_in_the_address(make_bundle: Maker, seeing: Seeing) -> None:
    make_bundle()
    page = learn(open_page(mode="directions"), seeing.faces(300))
    assert sliders(page)[:3] == ["Age", "Gender", "Brightness"]
    assert len(sliders(page)) == len(NAMES) + 2
    assert any("age is off by" in caption.value for caption in page.caption)
    assert address(page) == DIRECTIONS | {"by_age": "0.0", "by_gender": "0.0"}
    page.slider(key="interpolate_by_age").set_value(2.5).run()
    assert address(page)["by_age"] == "2.5"
    assert any("age +2.5" in caption.value for caption in page.caption)
    page.get("button_group")[0].set_value("walk").run()
    page.get("button_group")[0].set_value("directions").run()
    assert sliders(page)[:2] == ["Age", "Gender"]
    assert page.slider(key="interpolate_by_age").value == 2.5
    assert all(control.proto.help for kind in ("slider", "button", "radio", "text_input") for control in page.get(kind))


def test_a_link_to_an_age_waits_until_age_is_learned(make_bundle: Maker, seeing: Seeing) -> None:
    make_bundle()
    page = open_page(mode="directions", by_age="2.0", by_gender="9", by_side="1.0")
    assert not page.exception
    assert "`by_age=2.0` (learn this slider first, below)" in page.warning[0].value
    assert "`by_gender=9` (not a number from -4 to 4)" in page.warning[0].value
    assert address(page) == DIRECTIONS | {"by_side": "1.0"}
    learn(page, seeing.faces(300))
    assert address(page) == DIRECTIONS | {"by_side": "1.0", "by_age": "2.0", "by_gender": "0.0"}
    assert not page.warning


def test_a_source_that_will_not_do_is_explained_and_what_was_learned_stays(
    make_bundle: Maker, seeing: Seeing, tmp_path: Path
) -> None:
    make_bundle()
    page = press(open_page(mode="directions"), "Learn")
    assert "Enter the path" in page.error[0].value
    page.text_area(key="interpolate_labels_path").set_value(str(tmp_path / "nothing")).run()
    assert "There is no file or folder" in page.warning[0].value
    assert "There is no file or folder" in press(page, "Learn").error[0].value
    learn(page, seeing.faces(300))
    assert not page.error
    assert "300 images found; at least 64 are needed. 300 file names give age and gender." in page_text(page)
    page.text_area(key="interpolate_labels_path").set_value(str(seeing.faces(70, name="{number}.png"))).run()
    assert "has no labels. Choose CelebA" in page.warning[0].value
    learn(page, seeing.faces(70, name="{number}.png"))
    assert "has no labels" in page.error[0].value
    assert sliders(page)[:2] == ["Age", "Gender"]
    learn(page, seeing.faces(70))
    assert "too few labelled faces" in page.error[0].value
    assert sliders(page)[:2] == ["Age", "Gender"]


def test_learning_can_be_cancelled_and_begun_again(
    make_bundle: Maker, seeing: Seeing, monkeypatch: pytest.MonkeyPatch
) -> None:
    from facedemo.evaluation import attributes

    make_bundle()

    def endless(source: str, size: int, steps: Steps) -> None:
        while True:
            steps("analysing labelled faces")(5, 10)

    page = open_page(mode="directions")
    page.text_area(key="interpolate_labels_path").set_value(str(seeing.faces(300))).run()
    with monkeypatch.context() as patched:
        patched.setattr(attributes, "fit_attribute_model", endless)
        press(page, "Learn")
        assert "Learn" not in [button.label for button in page.button]
        reloaded = open_page(mode="directions")
        reloaded.text_area(key="interpolate_labels_path").set_value(str(seeing.faces(300))).run()
        press(reloaded, "Learn")  # finds the work that goes on
        assert [thread.name for thread in threading.enumerate()].count("job") == 1
        press(page, "Cancel")
        page.run()
    assert "press Learn to continue" in page.info[0].value
    learn(page, seeing.faces(300))
    assert sliders(page)[:2] == ["Age", "Gender"]


def test_another_model_has_to_be_learned_about_by_itself(make_bundle: Maker, seeing: Seeing) -> None:
    make_bundle("another")
    make_bundle()
    page = learn(open_page(mode="directions", model="tiny"), seeing.faces(300))
    page.slider(key="interpolate_by_gender").set_value(-1.0).run()
    page.selectbox(key="interpolate_model").set_value("another").run()
    assert not page.exception
    assert "Age" not in sliders(page)
    assert "by_gender=-1.0" in page.warning[0].value
    page.selectbox(key="interpolate_model").set_value("tiny").run()
    assert page.slider(key="interpolate_by_gender").value == -1.0


def test_attributes_are_learned_from_a_csv_file(
    make_bundle: Maker, seeing: Seeing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(named_directions, "FACES", 64)
    for limit in ("LEAST_CHANGED", "LEAST_KEPT"):  # the tiny model's faces hardly differ
        monkeypatch.setattr(named_directions, limit, 0.0)
    make_bundle()
    page = learn(open_page(mode="directions", by_smiling="1.5"), seeing.attributes())
    assert sorted(sliders(page)[:2]) == ["Bald", "Smiling"]
    assert page.slider(key="interpolate_by_smiling").value == 1.5
    assert any("labelled faces and checked with" in caption.value for caption in page.caption)


@pytest.fixture
def with_attributes(make_bundle: Maker) -> Path:
    """A model that comes with eight attributes."""
    folder = make_bundle()
    none = AttributeClassifier((), np.empty((0, 0)), np.empty(0))
    classifiers = LearnerAndJudge(none, none, {}, "faces.tar", 1200, 300)
    steps = np.eye(8, dtype=np.float32)
    named = [
        NamedDirection(f"look{n}", f"Look {n}", "Towards it.", steps[n], 0.5, 0.9, 0.95 - 0.05 * n, 0.8)
        for n in range(8)
    ]
    named.append(NamedDirection("hat", "Wearing hat", "Towards it.", steps[0], 0.5, 0.9, 0.1, 0.8))
    named_directions.save(folder, named, classifiers)
    return folder


def test_a_models_attributes_come_first_and_say_how_reliable_they_are(with_attributes: Path) -> None:
    page = open_page(mode="directions")
    assert not page.exception
    assert sliders(page) == [f"Look {number}" for number in range(6)]
    assert "changes in 95 % of faces, and 80 % stay recognisable" in page.slider[0].help
    assert any(caption.value == "Not reliable for this model: wearing hat." for caption in page.caption)
    assert {f"by_look{number}" for number in range(8)} | {f"by_{name}" for name in NAMES} <= address(page).keys()


def test_beside_attributes_the_other_directions_are_found_only_if_one_is_used(with_attributes: Path) -> None:
    page = open_page(mode="directions", by_side="1.0")
    assert not page.exception
    assert [slider.key.removeprefix("interpolate_by_") for slider in page.slider][6:] == NAMES
    assert any("light from the side +1.0" in caption.value for caption in page.caption)


def test_a_link_moves_a_models_attributes_and_opens_the_others_if_one_is_used(with_attributes: Path) -> None:
    link = open_page(mode="directions", by_look0="2.0", by_look7="-1.0")
    assert not link.exception
    assert not link.warning
    assert sliders(link)[:8] == [f"Look {number}" for number in range(8)]
    assert any("look 0 +2.0, look 7 -1.0" in caption.value for caption in link.caption)
    assert address(open_page(**address(link))) == address(link)


def test_one_slider_is_undone_by_itself(with_attributes: Path) -> None:
    page = open_page(mode="directions", by_look0="2.0", by_look1="-1.0", by_side="0.5")
    assert page.button(key="interpolate_reset_look2").disabled
    page.button(key="interpolate_reset_look0").click().run()
    assert not page.exception
    assert [address(page)[name] for name in ("by_look0", "by_look1", "by_side")] == ["0.0", "-1.0", "0.5"]
    page.button(key="interpolate_reset_side").click().run()
    assert [address(page)[name] for name in ("by_look0", "by_look1", "by_side")] == ["0.0", "-1.0", "0.0"]
