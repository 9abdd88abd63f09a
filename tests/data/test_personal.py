"""Uploads and embeddings of real people: they expire, and they can be removed at once."""

import io
import os
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facedemo.app.shared.image_source import store_upload
from facedemo.data import personal
from facedemo.data.preparation import prepare
from facedemo.evaluation.detector import detect_and_embed
from facedemo.storage.locations import uploads_root
from tests.conftest import facedemo


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def picture(number: int) -> io.BytesIO:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(number).integers(0, 256, (32, 32, 3), np.uint8)).save(file, "PNG")
    file.name = f"{number}.png"
    file.seek(0)
    return file


@pytest.fixture
def uploaded(cache: Path, tmp_path: Path) -> Path:
    """An upload, what is prepared and embedded of it, and a prepared folder of somebody's own."""
    upload = store_upload([picture(number) for number in range(64)], uploads_root())
    faces = prepare(upload, 32)
    detect_and_embed(faces.images[:2], processes=1, cache=faces.detections)
    own = tmp_path / "own"
    own.mkdir()
    for number in range(64):
        (own / f"{number}.png").write_bytes(picture(100 + number).read())
    prepare(own, 32)
    return own


def made_days_ago(days: float) -> None:
    then = time.time() - days * personal.DAY
    for path in personal.personal_data().every:
        os.utime(path, (then, then))


def test_a_purge_removes_uploads_what_was_made_of_them_and_embeddings_but_nothing_else(
    uploaded: Path, cache: Path, tmp_path: Path
) -> None:
    assert personal.personal_data().summary() == ("1 upload, 1 data set made from uploads, 1 file of face embeddings")
    done = facedemo(tmp_path, "data", "purge", "--older-than", "1")
    assert done.stdout.startswith("Removed: 0 uploads")
    assert facedemo(tmp_path, "data", "purge").stdout.startswith("Removed: 1 upload, 1 data set")
    assert personal.personal_data().every == []
    left = [path.parent.name for path in cache.rglob("images.u8")]
    assert len(left) == 1, "the data set of the user's own folder stays"
    assert len(list(uploaded.iterdir())) == 64


def test_a_purge_removes_embeddings_that_a_killed_process_left_half_written(cache: Path) -> None:
    left = cache / "judged" / "0123" / ".4567.npz.99-0123abcd.tmp"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    assert personal.purge().embeddings == [left]
    assert not left.exists()


@pytest.mark.parametrize(("setting", "days", "left"), [("", 29, 3), ("", 31, 0), ("2", 3, 0), ("1e3", 31, 3)])
def test_uploads_and_embeddings_expire_after_thirty_days_unless_set_otherwise(
    uploaded: Path, monkeypatch: pytest.MonkeyPatch, setting: str, days: float, left: int
) -> None:
    monkeypatch.setenv("FACEDEMO_KEEP_DAYS", setting)
    made_days_ago(days)
    personal.expire()
    assert len(personal.personal_data().every) == left
