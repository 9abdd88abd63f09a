"""The images for a new run on the Train page: uploads, counting, preview."""

import base64
import io
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from facedemo.app.shared import image_source, visitor
from facedemo.app.views.train import preview
from facedemo.data.cache import Faces
from facedemo.data.findings import even_sample
from facedemo.data.preparation import prepare
from facedemo.progress import Progress
from tests.app.train.conftest import PREVIEW, choose_folder, click, labels, open_page, page_text, previewed


def test_images_are_counted_before_the_start(pictures: Path, tmp_path: Path) -> None:
    page = open_page()
    choose_folder(page, pictures)
    assert "64 images found; at least 64 are needed." in page_text(page)
    assert all("found" not in warning.value for warning in page.warning)
    (tmp_path / "few").mkdir()
    (tmp_path / "few" / "notes.txt").write_text("words")
    choose_folder(page, tmp_path / "few")
    assert "0 images found" in page.warning[0].value
    assert "not an image by its name" in page.warning[0].value


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
    assert "64 images ready at 32×32, none skipped. " in page_text(page).replace("\\", "")
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
    assert "shown only in a browser on the computer" in page_text(page)
    assert "64 images are few" in page_text(page)


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
    text = page_text(page).replace("\\", "")
    assert "73 images found; at least 64 are needed. 1 file cannot be used: 1 not an image by its name (.txt)." in text
    assert "72 images ready at 32×32, 2 skipped: 1 damaged or not an image; 1 not an image by its name (.txt)." in text
    assert "8 are near-copies of others" in text
    assert "11 % are near-copies of others" in text
    assert page.expander[0].label == "Near-copies: 8"
    assert "again-0.png" in text
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


def test_many_images_are_prepared_only_when_asked_for(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "AT_ONCE", 60)
    page = open_page()
    choose_folder(page, pictures)
    assert page.session_state[PREVIEW].job is None
    click(page, "Preview the images")
    assert "64 images ready" in page_text(previewed(page))
    page.selectbox(key="new_ours_size").set_value(64).run()
    assert "Preview the images" in labels(page)


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


def test_a_preparation_that_was_cancelled_is_not_begun_again(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    def slow(source: str, size: int, crop: str, progress: Progress) -> Faces:
        progress(1, 64)
        go_on.wait(30)
        progress(2, 64)
        return prepare(source, size)

    monkeypatch.setattr(preview, "prepare", slow)
    monkeypatch.setattr(preview, "PATIENCE", 0.05)
    page = open_page()
    choose_folder(page, pictures)
    click(page, "Cancel")
    go_on.set()
    assert "Preview the images" in labels(page.run())
    assert page.session_state[PREVIEW].job.state == "cancelled"


def test_a_few_photos_may_show_many_faces(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for number in range(3):
        shutil.copy(pictures / f"{number:02d}.png", tmp_path / "photos")
    page = open_page()
    choose_folder(page, tmp_path / "photos")
    assert page.warning[0].value.startswith("3 images found")
    page.toggle(key="new_find_faces").set_value(True).run()
    assert page.selectbox(key="new_data_crop").value == "face"
    assert "3 photos found" in page_text(page)
    assert "Preview the images" in labels(page)
    page.selectbox(key="new_data_crop").set_value("wide").run()
    assert page.toggle(key="new_find_faces").value is False
    page.toggle(key="new_find_faces").set_value(True).run()
    page.toggle(key="new_find_faces").set_value(False).run()
    assert page.selectbox(key="new_data_crop").value == "auto"
