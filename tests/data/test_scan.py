"""Counting the images of a source without decoding them."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from facedemo.data.scan import scan
from facedemo.data.source_files import DataError

IMAGE = b"not decoded"
FILES = {"a.png": IMAGE, "b/c.jpg": IMAGE, "notes.txt": IMAGE, "empty.png": b"", ".DS_Store": IMAGE}
REASONS = {"not an image by its name (.txt)": 1, "empty": 1, "hidden": 1}


def folder(root: Path) -> Path:
    for name, data in FILES.items():
        (root / "faces" / name).parent.mkdir(parents=True, exist_ok=True)
        (root / "faces" / name).write_bytes(data)
    return root / "faces"


def zipped(root: Path) -> Path:
    with zipfile.ZipFile(root / "faces.zip", "w") as archive:
        for name, data in FILES.items():
            archive.writestr(name, data)
    return root / "faces.zip"


def tarred(root: Path, mode: str = "w") -> Path:
    path = root / "faces.tar"
    with tarfile.open(path, mode) as archive:
        for name, data in FILES.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


@pytest.mark.parametrize("make", [folder, zipped, tarred])
def test_found_and_unusable_files_are_counted_with_their_reasons(tmp_path: Path, make) -> None:
    result = scan(make(tmp_path))
    assert (result.count, dict(result.unusable)) == (2, REASONS)
    assert not result.enough
    assert result.summary().startswith("2 images found; at least 64 are needed. 3 files cannot be used: 1 ")


def test_several_sources_are_counted_together(tmp_path: Path) -> None:
    assert scan(f"{folder(tmp_path)}\n{zipped(tmp_path)}").count == 4


def test_a_compressed_tar_is_counted_only_when_it_is_read(tmp_path: Path) -> None:
    result = scan(tarred(tmp_path, "w:gz"))
    assert result.count is None
    assert result.enough
    assert "counted while they are prepared" in result.summary()


def test_what_is_missing_or_no_archive_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("words")
    for path, message in ((tmp_path / "missing", "There is no file or folder"), (tmp_path / "a.txt", "a.txt")):
        with pytest.raises(DataError, match=message):
            scan(path)


def test_of_photos_one_is_enough_until_their_faces_are_counted(tmp_path: Path) -> None:
    result = scan(folder(tmp_path), "face")
    assert result.enough
    assert result.summary().startswith(
        "2 photos found. The faces on them are counted while they are prepared; at least"
    )
    (tmp_path / "none").mkdir()
    assert not scan(tmp_path / "none", "face").enough
