"""The Generate page, run as Streamlit runs it, on a real model with random weights."""

import json
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from facedemo.app import navigation
from facedemo.app.shared import first_seeds, model_picker
from facedemo.app.shared.generated_faces import generated_faces
from facedemo.pretrained import sampling
from facedemo.pretrained.model import FaceModel, find_model, load_model
from facedemo.pretrained.seeds import face_seeds
from tests.conftest import Maker

SETTINGS = {"model": "tiny", "seed": str(first_seeds.GENERATE), "faces": "64", "scale": "1.0", "face": "1"}


def open_page(**address: str) -> AppTest:
    page = AppTest.from_file(navigation.GENERATE, default_timeout=60)
    for name, value in address.items():
        page.query_params[name] = value
    return page.run()


def address(page: AppTest) -> dict[str, str]:
    return {name: values[0] if isinstance(values, list) else values for name, values in page.query_params.items()}


def grid(page: AppTest) -> dict[str, Any]:
    """What the page sends to the grid in the browser."""
    (element,) = page.get("bidi_component")
    return json.loads(element.proto.json)


def test_it_opens_with_64_faces_and_an_address_that_says_everything(make_bundle: Maker) -> None:
    make_bundle()
    page = open_page()
    assert not page.exception
    assert not page.warning
    assert address(page) == SETTINGS
    assert grid(page)["seeds"] == face_seeds(first_seeds.GENERATE, 64)
    assert grid(page)["columns"] == 8
    assert page.code[0].value == SETTINGS["seed"]


def test_many_faces_of_a_slow_model_can_be_cancelled(make_bundle: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    make_bundle()
    generate, calls = sampling.generate, 0

    def slow(*arguments: Any) -> np.ndarray:
        nonlocal calls
        calls += 1
        if calls == 2:
            st.stop()  # as a click makes the page stop
        time.sleep(0.4)
        return generate(*arguments)

    monkeypatch.setattr(sampling, "generate", slow)
    page = open_page(faces="256", seed="77")
    assert page.get("progress")[0].proto.text.startswith("Generating faces: 8 of 256 · ")
    next(button for button in page.button if button.label == "Cancel").click().run()
    assert not page.exception
    assert calls == 2
    assert page.markdown[-1].value == "Generating faces: cancelled."
    monkeypatch.setattr(sampling, "generate", generate)
    page.number_input(key="generate_faces").set_value(3).run()
    assert len(grid(page)["seeds"]) == 3


def test_a_link_reproduces_its_settings(make_bundle: Maker) -> None:
    make_bundle("another")
    make_bundle()
    link = {"model": "tiny", "seed": "4294967295", "faces": "9", "scale": "0.35", "face": "9"}
    page = open_page(**link)
    assert not page.warning
    assert address(page) == link
    assert grid(page)["selected"] == 9
    assert page.code[0].value == str(face_seeds(4294967295, 9)[8])
    assert grid(page)["sprite"] == grid(open_page(**link))["sprite"]


def test_a_few_more_faces_cost_a_few_more_only(make_bundle: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    make_bundle()
    page, drawn, generate = open_page(seed="77"), list[int](), sampling.generate

    def counted(model: FaceModel, seeds: list[int], scale: float) -> np.ndarray:
        drawn.append(len(seeds))
        return generate(model, seeds, scale)

    monkeypatch.setattr(sampling, "generate", counted)
    page.number_input(key="generate_faces").set_value(67).run()
    assert drawn == [3]
    page.number_input(key="generate_faces").set_value(20).run()
    assert drawn == [3, 4]
    faces = generate(load_model(find_model("tiny")), face_seeds(77, 20))
    shown = generated_faces(find_model("tiny"), model_picker.version(find_model("tiny")), face_seeds(77, 20))
    np.testing.assert_array_equal(shown, faces)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seed", "abc"),
        ("seed", "-1"),
        ("seed", "4294967296"),
        ("seed", "1.5"),
        ("faces", "0"),
        ("faces", "257"),
        ("faces", ""),
        ("scale", "99"),
        ("scale", "nan"),
        ("scale", "0"),
        ("face", "65"),
        ("face", "x`y"),
        ("model", "gone"),
        ("model", "run:../../tiny"),
    ],
)
def test_an_unusable_value_in_a_link_is_named_and_replaced(make_bundle: Maker, name: str, value: str) -> None:
    make_bundle()
    page = open_page(**{name: value})
    assert not page.exception
    assert name in page.warning[0].value
    assert address(page) == SETTINGS


def test_controls_change_the_faces_and_the_address(make_bundle: Maker) -> None:
    make_bundle()
    page = open_page(face="40")
    before = grid(page)["sprite"]
    page.number_input(key="generate_faces").set_value(10).run()
    assert not page.warning
    assert address(page) == SETTINGS | {"faces": "10", "face": "10"}
    page.button[1].click().run()
    face_seed = face_seeds(first_seeds.GENERATE, 10)[9]
    assert address(page) == SETTINGS | {"faces": "10", "seed": str(face_seed)}
    page.button[0].click().run()
    assert address(page)["seed"] not in (SETTINGS["seed"], str(face_seed))
    assert not page.exception
    assert grid(page)["sprite"] != before


def test_a_link_from_another_page_counts_over_what_was_there(make_bundle: Maker) -> None:
    make_bundle("another")
    make_bundle()
    page = open_page(model="tiny", seed="5")
    page.query_params.clear()
    page.query_params["model"] = "another"
    page.run()
    assert address(page) == SETTINGS | {"model": "another", "seed": "5"}


def test_every_control_has_a_help_text(make_bundle: Maker) -> None:
    make_bundle()
    page = open_page()
    controls = [*page.selectbox, *page.number_input, *page.slider, *page.button, *page.get("download_button")]
    assert len(controls) == 9
    assert all(control.proto.help for control in controls)


def test_a_run_with_weights_can_be_chosen(make_bundle: Maker, tmp_path: Path) -> None:
    make_bundle("2026-11-23-233642-ours-3f2a", folder=tmp_path / "runs")
    name = "run:2026-11-23-233642-ours-3f2a"
    page = open_page(model=name)
    assert not page.warning
    assert address(page) == SETTINGS | {"model": name}


def test_a_damaged_model_is_explained_and_others_stay_usable(make_bundle: Maker) -> None:
    (make_bundle("damaged") / "model.safetensors").write_bytes(b"not weights")
    make_bundle()
    page = open_page(model="damaged")
    assert not page.exception
    assert "damaged" in page.error[0].value
    assert "another model" in page.error[0].value
    page.selectbox(key="generate_model").set_value("tiny").run()
    assert not page.error
    assert address(page) == SETTINGS


def test_a_model_that_goes_while_someone_looks_at_it_is_replaced(make_bundle: Maker) -> None:
    removed = make_bundle("another")
    make_bundle()
    page = open_page(model="another")
    shutil.rmtree(removed)
    page.run()
    assert not page.exception
    assert "another" in page.warning[0].value
    assert address(page) == SETTINGS


def test_new_weights_under_the_same_name_are_seen(make_bundle: Maker, tmp_path: Path) -> None:
    path = make_bundle()
    page = open_page()
    before = grid(page)["sprite"]
    import torch

    from facedemo.pretrained.model import load_model

    model = load_model(path)
    torch.nn.init.normal_(model.family.average.map.weight)
    model.save_pretrained(tmp_path / "new")
    (tmp_path / "new" / "model.safetensors").replace(path / "model.safetensors")
    assert grid(page.run())["sprite"] != before


def test_without_any_model_it_says_what_to_do(make_bundle: Maker) -> None:
    page = open_page(seed="3")
    assert not page.exception
    assert "no model" in page.info[0].value


def test_a_link_to_the_faces_can_be_copied(make_bundle: Maker) -> None:
    make_bundle()
    page = open_page(seed="7")
    assert any("seed=7" in code.value for code in page.code)
