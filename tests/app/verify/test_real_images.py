"""Real images beside a model's faces on the Verify page."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from facedemo.app.shared import image_source, visitor
from facedemo.app.views.verify import request
from tests.app.verify.conftest import address, open_page, page_text, press, verified
from tests.conftest import Maker


def test_real_images_get_a_row_of_their_own_and_training_images_are_looked_through(
    make_bundle: Maker, photographs: Path
) -> None:
    make_bundle()
    page = open_page(faces="10")
    assert page.toggle(key="verify_copies").disabled
    page.radio(key="verify_real_kind").set_value(image_source.PATH).run()
    page.text_area(key="verify_real_path").set_value(str(photographs)).run()
    page.toggle(key="verify_copies").set_value(True).run()
    verified(page)
    assert not page.error, page.error[0].value
    assert "**real faces, test** |" in page_text(page)
    assert "needs 256" in page_text(page)
    assert str(photographs) not in json.dumps(address(page))
    page.radio(key="verify_real_kind").set_value(request.NONE).run()
    assert "There are no results" in page_text(page), "those were the results of other settings"


def test_real_images_are_compared_with_in_the_chosen_part(make_bundle: Maker, photographs: Path) -> None:
    make_bundle()
    page = open_page(faces="10", split="validation")
    assert not any(control.label == "Compare with" for control in page.get("button_group")), (
        "there is nothing to compare with"
    )
    page.radio(key="verify_real_kind").set_value(image_source.PATH).run()
    page.text_area(key="verify_real_path").set_value(str(photographs)).run()
    verified(page)
    assert "**real faces, validation** |" in page_text(page)
    next(control for control in page.get("button_group") if control.label == "Compare with").set_value("all").run()
    assert page.toggle(key="verify_copies").disabled
    assert address(page)["split"] == "all"
    verified(page)
    assert "**real faces, all** |" in page_text(page)


def one_face_closely() -> None:
    """A script that shows a face with three training faces, of which none is a photograph of anybody."""
    from pathlib import Path

    import numpy as np

    from facedemo.app.views.verify.faces import nearest
    from facedemo.app.views.verify.request import Request
    from facedemo.evaluation.detector import FaceDetections
    from facedemo.evaluation.request import EvaluationRequest
    from facedemo.evaluation.verify import DetectedImages

    def detected(count: int, training: DetectedImages | None = None) -> DetectedImages:
        judged = FaceDetections(np.zeros((count, 4), int), np.ones(count, int), 0.1 * np.eye(count, 128))
        return DetectedImages("grey", np.full((count, 32, 32, 3), 99, np.uint8), judged, training=training)

    nearest(Request("grey", Path(), "", EvaluationRequest(1, copies=True)), detected(1, detected(3)), 0)


def test_photographs_of_people_are_shown_on_the_computer_that_has_them_and_nowhere_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(visitor, "may_see_photographs", lambda: True)
    page = AppTest.from_function(one_face_closely, default_timeout=60).run()
    assert not page.exception
    assert [caption.value for caption in page.caption][1:] == ["0.00", "0.14", "0.14"]
    monkeypatch.setattr(visitor, "may_see_photographs", lambda: False)
    page.run()
    assert not page.get("image")
    assert "only in a browser on the" in page.caption[0].value


@pytest.mark.parametrize(("path", "message"), [("", "Enter the path"), ("/nowhere/at/all", "no file or folder")])
def test_images_that_are_not_there_are_explained(make_bundle: Maker, path: str, message: str) -> None:
    make_bundle()
    page = open_page()
    page.radio(key="verify_gallery_kind").set_value(image_source.PATH).run()
    page.text_area(key="verify_gallery_path").set_value(path).run()
    assert [message in warning.value for warning in page.warning] == [True] * bool(path)
    press(page, "Verify")
    assert message in page.error[0].value
    assert not request.jobs().all()


def test_an_upload_of_nothing_is_explained(make_bundle: Maker) -> None:
    make_bundle()
    page = open_page(faces="2")
    page.radio(key="verify_real_kind").set_value(image_source.UPLOAD).run()
    press(page, "Verify")
    assert "Choose the images" in page.error[0].value
    page.file_uploader(key="verify_real_files").set_value(("empty.png", b"", "image/png")).run()
    assert "0 images found; at least 64 are needed. 1 file cannot be used" in page.warning[0].value
    verified(page)
    assert "The upload has too few usable images" in page.error[0].value
    assert [button.label for button in page.button] == ["Verify"]
