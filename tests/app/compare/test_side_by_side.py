"""Models side by side on the Compare page."""

import json
import shutil

import pytest

from facedemo.evaluation.report import Report, Row, rate, save_evaluation
from tests.app.compare.conftest import click, linked, new_race, open_page, page_text, pictures, report
from tests.conftest import Maker


def test_without_models_it_says_how_to_get_one() -> None:
    assert "There is no model" in page_text(open_page())


@pytest.mark.parametrize("names", [["tiny"], ["dcgan-32", "ours-32"], ["dcgan-32", "ours-32", "wgan-32", "other"]])
def test_models_are_drawn_side_by_side_from_the_same_seeds(make_bundle: Maker, names: list[str]) -> None:
    for name in names:
        make_bundle(name)
    page = open_page()
    expected = [name for family in ("dcgan", "wgan", "ours") for name in names if name.startswith(family)] or names
    assert pictures(page) == [f"16 faces by {name} from seed 0" for name in expected]
    assert linked(page, "models") == "/".join(expected)


def test_of_several_models_of_a_family_the_papers_own_is_shown_first(make_bundle: Maker) -> None:
    for name in ("ours-128", "ours-32", "ours-64", "wgan-32"):
        make_bundle(name)
    assert linked(open_page(), "models") == "wgan-32/ours-64"


def test_a_link_reproduces_models_seed_and_faces_and_what_cannot_be_used_is_said(make_bundle: Maker) -> None:
    for name in ("one", "two"):
        make_bundle(name)
    page = open_page(mode="side", models="two/gone/one", seed="7", faces="4")
    assert pictures(page) == ["4 faces by two from seed 7", "4 faces by one from seed 7"]
    assert "`models=gone` (there is no such model, or there are more than 6)" in page_text(page)
    page = open_page(mode="side", models="gone", seed="-1", faces="4")
    assert "`models=gone` (there is no such model, or there are more than 6)" in page_text(page)
    assert "`seed=-1`" in page_text(page)


def test_below_the_faces_stands_how_many_images_the_model_has_seen_in_all(make_bundle: Maker) -> None:
    seen = {"images": 19_200, "minutes": 8.0}
    (make_bundle("new") / "report.json").write_text(json.dumps(seen))
    (make_bundle("old") / "report.json").write_text(json.dumps({**seen, "images_before": 367_328}))
    text = page_text(open_page())
    assert "19,200 images in 8.0 min" in text
    assert "386,528 images, the last 19,200 in 8.0 min" in text


def test_stored_evaluations_are_in_a_table_and_missing_ones_named(make_bundle: Maker) -> None:
    save_evaluation(make_bundle("judged"), report("judged", 17, 98))
    make_bundle("plain")
    text = page_text(open_page())
    assert "17 of 1,000: 1.7 % (1.1–2.7 %)" in text
    assert "Not evaluated yet: plain" in text


def test_an_evaluation_of_few_faces_stands_beside_one_of_many(make_bundle: Maker) -> None:
    bundle = make_bundle("ours-tiny")
    save_evaluation(bundle, report("ours-tiny", 30, 50))
    few = Row("ours-tiny", rate(4, 100), None, None, 20, 20, None, None, 0.0)
    save_evaluation(bundle, Report("ours-tiny", 0, 100, 32, None, "test", 100, None, [few], {}))
    text = page_text(open_page(models="ours-tiny"))
    assert text.index("ours-tiny, 1,000 faces") < text.index("ours-tiny, 100 faces")
    assert "30 of 1,000: 3.0 %" in text
    assert "20 of 100 (20.0 %)" in text


def test_the_number_of_faces_is_named_where_it_differs_between_models(make_bundle: Maker) -> None:
    save_evaluation(make_bundle("ours-many"), report("ours-many", 30, 50))
    few = Row("ours-few", rate(4, 100), None, None, 20, 20, None, None, 0.0)
    save_evaluation(make_bundle("ours-few"), Report("ours-few", 0, 100, 32, None, "test", 100, None, [few], {}))
    text = page_text(open_page(models="ours-many/ours-few"))
    assert "ours-many, 1,000 faces" in text
    assert "ours-few, 100 faces" in text


def test_a_broken_bundle_leaves_the_others_on_the_page(make_bundle: Maker) -> None:
    make_bundle("whole")
    (make_bundle("broken") / "model.safetensors").write_bytes(b"damaged")
    (make_bundle("strange") / "report.json").write_text('{"evaluation": {"rows": [1]}, "images": "x", "minutes": []}')
    (make_bundle("unset") / "config.json").write_text("{")
    page = open_page(models="broken/whole/strange/unset", mode="side", seed="0", faces="4")
    assert pictures(page) == ["4 faces by whole from seed 0", "4 faces by strange from seed 0"]
    assert "The weights of “broken” are damaged" in page_text(page)


def test_from_a_race_its_models_go_side_by_side(make_bundle: Maker) -> None:
    race = new_race()
    run = race.run(race.plan.entries[0])
    shutil.copy(make_bundle() / "model.safetensors", run.path)
    page = click(open_page(mode="race", race=race.id), "Side by side")
    assert linked(page, "models") == f"run:{run.id}"
    assert len(pictures(page)) == 1
