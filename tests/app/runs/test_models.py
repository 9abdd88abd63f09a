"""Models on the Runs page: made from runs, imported, renamed and deleted."""

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from facedemo.app.views.runs import models
from facedemo.pretrained import archive
from facedemo.storage import locations
from tests.app.runs.conftest import click, open_page, open_promotion, page_text
from tests.conftest import Maker, RunMaker


def test_a_run_becomes_a_model_under_a_free_name(make_run: RunMaker, make_bundle: Maker) -> None:
    make_bundle("mine")
    run = make_run("mine", weights=True)
    page = open_promotion(run)
    page.text_area(key=f"bundle_card_{run.id}").set_value("Trained on squares.").run()
    click(page, "bundle_make")
    assert [path.name for path in locations.bundled()] == ["mine", "mine-2"]
    assert "Trained on squares." in (locations.checkpoints_root() / "mine-2" / "README.md").read_text("utf8")
    assert "mine\\-2” has been added to the models" in page_text(page)


@pytest.mark.parametrize(
    ("name", "message"), [("../up", "not a valid name for a model"), ("", "not a valid name"), ("taken", "already")]
)
def test_a_name_that_cannot_be_used_is_said(make_run: RunMaker, make_bundle: Maker, name: str, message: str) -> None:
    make_bundle("taken")
    page = open_promotion(make_run("mine", weights=True))
    next(item for item in page.text_input if item.label == "Name of the model").set_value(name).run()
    click(page, "bundle_make")
    assert message in page.error[0].value
    assert [path.name for path in locations.bundled()] == ["taken"]


def test_weights_that_are_damaged_become_no_model(make_run: RunMaker) -> None:
    run = make_run("mine", weights=True)
    (run.path / "model.safetensors").write_bytes(b"torn")
    page = click(open_promotion(run), "bundle_make")
    assert "damaged" in page.error[0].value
    assert locations.bundled() == []


def upload(page: AppTest, data: bytes, name: str = "model.zip") -> AppTest:
    page.get("file_uploader")[0].set_value([(name, data, "application/zip")]).run()
    return click(page, "shelf_import")


def test_a_model_is_imported_and_can_be_drawn_with(make_bundle: Maker, tmp_path: Path) -> None:
    data = archive.zip_bytes(make_bundle("theirs", tmp_path / "elsewhere"))
    page = upload(open_page(), data)
    assert "“theirs” has been added to your models" in page_text(page)
    assert page.button(key="draw_theirs")
    assert [path.name for path in locations.bundled()] == ["theirs"]


@pytest.fixture
def own_model(make_bundle: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model of the user's, beside a bundled one."""
    monkeypatch.setenv("FACEDEMO_MODELS", str(tmp_path / "models"))
    make_bundle("shipped")
    return make_bundle("mine", tmp_path / "models")


def test_a_users_own_model_is_renamed_and_a_bundled_one_is_not(own_model: Path) -> None:
    page = open_page()
    assert {"rename_mine", "delete_mine"} <= {button.key for button in page.button}
    assert not {"rename_shipped", "delete_shipped"} & {button.key for button in page.button}
    page.text_input(key="model_name_mine").set_value("shipped").run()
    assert "already exists" in page_text(click(page, "rename_mine"))
    page.text_input(key="model_name_mine").set_value("better").run()
    assert click(page, "rename_mine").button(key="draw_better")
    assert [path.name for path in locations.models_in(own_model.parent)] == ["better"]


def test_deleting_a_model_is_undone_with_one_click(own_model: Path) -> None:
    page = click(open_page(), "delete_mine")
    assert not own_model.exists()
    assert "Deleted “mine”" in page_text(page)
    click(page, "undo_model")
    assert own_model.exists()
    page = click(click(open_page(), "delete_mine"), "restore_model_mine")
    assert own_model.exists()
    click(click(page, "delete_mine"), "erase_models")
    assert list(own_model.parent.rglob("*.safetensors")) == []


@pytest.mark.parametrize("data", [b"", b"no ZIP", b"PK\x03\x04"])
def test_an_upload_that_is_no_model_is_refused_with_words(make_bundle: Maker, data: bytes) -> None:
    page = upload(open_page(), data)
    assert "not a ZIP file" in page.error[0].value
    assert locations.bundled() == []


@pytest.mark.parametrize(
    ("file", "content"),
    [("config.json", "{"), ("config.json", "[]"), ("model.safetensors", ""), ("report.json", "[3]")],
)
def test_a_damaged_model_is_listed_without_a_traceback(make_bundle: Maker, file: str, content: str) -> None:
    (make_bundle("broken") / file).write_text(content, "utf8")
    page = open_page()
    assert "broken" in page_text(page)
    page.session_state["card_broken"] = True
    page.run()
    assert not page.exception
    assert "No sample image" in page_text(page)


def test_a_model_card_is_shown_without_its_header_images_and_large_headings() -> None:
    card = "---\nlicense: other\n---\n\n# mine\n\n![faces](samples.png) ![x][y]\n\n## Data\n\nA [link](http://x).\n"
    assert models.plain_card(card).split() == ["####", "Data", "A", "[link](http://x)."]


def test_models_that_cannot_be_deleted_for_good_are_named(own_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(shutil, "rmtree", refused)
    page = click(click(open_page(), "delete_mine"), "erase_models")
    assert not page.exception
    assert "Permission denied" in page_text(page)
