"""The faces that come with the package, for whoever has none of their own."""

from pathlib import Path

import numpy as np
import pytest

from facedemo.data import builtin
from facedemo.data.builtin import builtin_faces
from facedemo.data.source_files import DataError
from facedemo.evaluation.detector import detect_and_embed


@pytest.mark.parametrize("size", [32, 64, 128])
def test_they_come_at_every_size_that_a_model_may_have(size: int, tmp_path: Path) -> None:
    faces = builtin_faces(size, tmp_path)
    assert faces.images.shape == (4096, size, size, 3)
    assert len(set(faces.names)) == 4096
    assert not faces.skipped


def test_they_are_faces_that_differ(tmp_path: Path) -> None:
    images = np.array(builtin_faces(64, tmp_path).images[::64])
    assert detect_and_embed(images).detected.mean() == 1.0
    assert images.std(axis=0).mean() > 40, "grey levels by which the same pixel differs from face to face"


def test_a_damaged_file_is_named_and_nothing_is_cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "builtin_faces.zip"
    broken.write_bytes(builtin.ARCHIVE.read_bytes()[:-100])
    monkeypatch.setattr(builtin, "ARCHIVE", broken)
    with pytest.raises(DataError, match=r"builtin_faces\.zip cannot be read .*Install facedemo again"):
        builtin_faces(32, tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*/index.json"))
