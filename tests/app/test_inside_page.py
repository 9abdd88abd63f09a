"""The page "Inside the discriminator", run as Streamlit runs it, on real models with random weights."""

import io
import json
from pathlib import Path

import pytest
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from facedemo.app import navigation
from facedemo.app.shared import first_seeds
from facedemo.data import photos
from facedemo.explore import directions, discriminator_view, inversion
from facedemo.pretrained.model import FaceModel
from tests.conftest import Maker, Portrait

LOOK = {"mode": "look", "model": "tiny", "a_source": "face", "a_seed": str(first_seeds.INSIDE[0])}
LATENT = LOOK | {"mode": "latent", "b_source": "face", "b_seed": str(first_seeds.INSIDE[1])}
LATENT |= {"steps": "24", "rate": "12", "frame": "1"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discriminator_view, "COUNT", 16)
    monkeypatch.setattr(inversion, "STEPS", 3)


def open_page(**address: str) -> AppTest:
    page = AppTest.from_file(navigation.INSIDE, default_timeout=60)
    for name, value in address.items():
        page.query_params[name] = value
    return page.run()


def address(page: AppTest) -> dict[str, str]:
    return {name: values[0] if isinstance(values, list) else values for name, values in page.query_params.items()}


def with_photo(data: bytes, name: str = "photo.jpg") -> AppTest:
    page = open_page(a_source="photo")
    assert not page.exception
    page.file_uploader[0].set_value((name, data, "image/jpeg")).run()
    assert not page.exception
    return page


def jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG")
    return buffer.getvalue()


def metrics(page: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in page.metric}


def press(page: AppTest, label: str) -> AppTest:
    (button,) = (button for button in page.button if button.label == label)
    return button.click().run()


@pytest.mark.parametrize("whole", [LOOK, LATENT], ids=["look", "latent"])
def test_both_modes_open_with_an_address_that_says_everything(make_bundle: Maker, whole: dict[str, str]) -> None:
    make_bundle()
    page = open_page(mode=whole["mode"])
    assert not page.exception
    assert not page.warning
    assert not page.error
    assert address(page) == whole


def test_a_drawn_face_is_looked_into(make_bundle: Maker) -> None:
    make_bundle()
    page = open_page(a_seed="5")
    assert metrics(page).keys() == {"L(v)", "Realism"}
    assert len(page.get("plotly_chart")) == 1
    other = open_page(a_seed="6")
    assert metrics(other)["L(v)"] != metrics(page)["L(v)"]
    assert any("Better reconstructed than" in caption.value for caption in page.caption)


@pytest.mark.parametrize(
    ("name", "value"), [("mode", "x"), ("model", "gone"), ("a_seed", "-1"), ("a_source", "web"), ("a_seed", "z`")]
)
def test_an_unusable_value_in_a_link_is_named_and_replaced(make_bundle: Maker, name: str, value: str) -> None:
    make_bundle()
    page = open_page(**{name: value})
    assert not page.exception
    assert name in page.warning[0].value
    assert address(page) == LOOK


@pytest.mark.parametrize("data", [b"", b"no picture"], ids=["0 bytes", "text"])
def test_a_file_that_is_no_photo_is_explained(make_bundle: Maker, data: bytes) -> None:
    make_bundle()
    page = with_photo(data)
    assert "another photo" in page.error[0].value or "Choose a photo" in page.error[0].value
    assert not page.metric


def test_a_photo_of_a_hundred_megapixels_is_opened_or_refused(make_bundle: Maker) -> None:
    make_bundle()
    huge = Image.new("L", (10_000, 10_000))
    assert "No face was found" in with_photo(jpeg(huge)).warning[0].proto.title
    buffer = io.BytesIO()
    huge.convert("1").save(buffer, "PNG")
    assert "million pixels" in with_photo(buffer.getvalue(), "huge.png").error[0].value


def test_without_a_face_the_middle_of_the_photo_can_be_used(make_bundle: Maker) -> None:
    make_bundle()
    page = with_photo(jpeg(Image.new("RGB", (300, 200), "grey")))
    assert not page.metric
    page.toggle[0].set_value(True).run()
    assert metrics(page).keys() == {"L(v)", "Realism"}


def test_one_of_five_faces_is_chosen(make_bundle: Maker, portrait: Portrait) -> None:
    make_bundle()
    page = with_photo(jpeg(portrait(5)))
    (grid,) = page.get("bidi_component")
    assert len(json.loads(grid.proto.json)["labels"]) == 5
    first = metrics(page)["L(v)"]
    page.session_state.inside_a_face = 4
    page.run()
    assert metrics(page)["L(v)"] != first
    page.file_uploader[0].set_value(("one.jpg", jpeg(portrait(1)), "image/jpeg")).run()
    assert not page.exception
    assert not page.warning
    assert metrics(page)


def test_faces_are_found_in_latent_space_and_a_film_leads_between_them(make_bundle: Maker) -> None:
    make_bundle()
    page = open_page(**LATENT | {"steps": "6"})
    assert not page.get("bidi_component")
    press(page, "Find them")
    assert not page.exception
    (player,) = page.get("bidi_component")
    assert json.loads(player.proto.json)["frames"] == 6
    assert sum("on average" in caption.value for caption in page.caption) == 2
    assert not any(button.label == "Find them" for button in page.button)
    another = open_page(**LATENT | {"steps": "6"})
    assert any(button.label == "Find them" for button in another.button), "what one visitor found, only this one has"


def test_a_found_face_is_edited_with_sliders_until_a_seed_is_wanted(
    make_bundle: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directions, "FACES", 32)
    make_bundle()
    page = AppTest.from_file("../../app.py", default_timeout=60).switch_page(str(navigation.INSIDE))
    page.query_params["mode"] = "latent"
    press(page.run(), "Find them")
    page.button(key="inside_b_edit").click().run()
    assert not page.exception
    assert page.title[0].value == "Interpolate"
    assert any(f"found for **seed {first_seeds.INSIDE[1]}**" in item.value for item in page.markdown)
    assert not page.number_input
    assert any("cannot contain a face found on Inside" in item.value for item in page.caption)
    page.switch_page(str(navigation.INTERPOLATE))  # AppTest does not notice that the page did so itself
    press(page, "Use a seed instead")
    assert page.number_input[0].label == "Seed"
    assert not page.exception


def test_a_model_that_scores_with_a_number_leads_to_latent_space(make_bundle: Maker, tmp_path: Path) -> None:
    make_bundle()
    torch.manual_seed(0)
    path = tmp_path / "checkpoints" / "dcgan"
    model = FaceModel({"family": "dcgan", "model": {"size": 32, "latent": 8, "width": 4}})
    model.save_pretrained(path)
    (path / "config.json").write_text(model.config.model_dump_json(), "utf8")
    page = open_page(model="dcgan")
    assert not page.exception
    assert "single number" in page.info[0].value
    press(open_page(model="dcgan", mode="latent"), "Find them")
    assert not page.exception


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
    page.selectbox(key="inside_model").set_value("tiny").run()
    assert not page.error
    assert metrics(page)


def test_every_control_has_a_help_text(make_bundle: Maker) -> None:
    make_bundle()
    for mode in ("look", "latent"):
        page = open_page(mode=mode)
        controls = [*page.selectbox, *page.number_input, *page.slider, *page.button, *page.get("download_button")]
        controls += [*page.get("button_group"), *page.file_uploader]
        assert len(controls) >= 4
        assert all(control.proto.help for control in controls)


def test_a_photo_is_kept_for_its_visitor_alone(
    portrait: Portrait, make_bundle: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_bundle()
    find_faces, searches = photos.find_faces, []
    monkeypatch.setattr(photos, "find_faces", lambda photo: searches.append(photo) or find_faces(photo))
    for visitors in (1, 2):
        page = with_photo(jpeg(portrait(1))).run()
        assert len(searches) == visitors, "the second visitor's photo, although the same, is another one"
        assert any("for you alone" in caption.value for caption in page.caption)
