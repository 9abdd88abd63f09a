"""Preparing a data set: the cache, its limits, and what is skipped or passed over."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from facedemo.data import preparation
from facedemo.data.cache import write_faces
from facedemo.data.preparation import decode, prepare, prepared
from facedemo.data.source_files import DataError
from tests.data.conftest import CELEBA, NOISY, encoded, frames, noise

# preparing

pytestmark = pytest.mark.usefixtures("cache")


def test_prepared_images_are_mapped_read_only_and_in_order(folder: Path) -> None:
    faces = prepare(folder, 32)
    assert faces.images.shape == (70, 32, 32, 3)
    assert isinstance(faces.images, np.memmap)
    assert not faces.images.flags.writeable
    assert faces.names == [f"{number:03d}.png" for number in range(70)]
    assert all(
        np.array_equal(image, decode((folder / name).read_bytes(), 32))
        for name, image in zip(faces.names, faces.images, strict=True)
    )
    assert faces.summary() == "70 images ready at 32×32, none skipped."


def test_the_second_time_nothing_is_decoded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = prepare(folder, 32)
    monkeypatch.setattr(preparation, "decode", None)
    calls: list[int] = []
    second = prepare(folder, 32, progress=lambda done, total: calls.append(done))
    assert second.path == first.path
    assert np.array_equal(second.images, first.images)
    assert second.names == first.names
    assert calls == []


def test_content_crop_and_size_each_have_their_own_place_in_the_cache(folder: Path) -> None:
    paths = {prepare(folder, 32).path, prepare(folder, 24).path, prepare(folder, 32, "wide").path}
    (folder / "000.png").write_bytes(encoded(noise(40, 50, 999)))
    changed = prepare(folder, 32)
    assert len(paths | {changed.path}) == 4
    assert np.array_equal(changed.images[0], decode((folder / "000.png").read_bytes(), 32))


def test_a_folder_and_its_archives_give_the_same_pixels(folder: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "faces.tar.gz", "w:gz") as archive:
        archive.add(folder, "faces")
    with zipfile.ZipFile(tmp_path / "faces.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, f"faces/{path.name}")
    expected = prepare(folder, 32)
    for name in ("faces.tar.gz", "faces.zip"):
        faces = prepare(tmp_path / name, 32)
        pixels = {Path(name).name: image for name, image in zip(faces.names, faces.images, strict=True)}
        assert all(
            np.array_equal(pixels[name], image) for name, image in zip(expected.names, expected.images, strict=True)
        )


def test_progress_ends_at_the_total(folder: Path) -> None:
    calls: list[tuple[int, int | None]] = []
    prepare(folder, 32, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (70, 70)
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)


def test_skipped_files_are_listed_and_counted_by_reason(folder: Path) -> None:
    (folder / "broken.jpg").write_bytes(b"broken")
    (folder / "cut.png").write_bytes(encoded(noise(64, 64))[:900])
    (folder / "moving.gif").write_bytes(frames("GIF"))
    for faces in (prepare(folder, 32), prepare(folder, 32)):
        assert [name for name, _ in faces.skipped] == ["broken.jpg", "cut.png", "moving.gif"]
        assert faces.summary().endswith("3 skipped: 2 damaged or not an image; 1 animated or with several pages.")


def test_too_few_images_are_refused_with_the_reason(folder: Path, cache: Path) -> None:
    for path in sorted(folder.iterdir())[:10]:
        path.write_bytes(b"broken")
    with pytest.raises(DataError, match=r"60 of 70 images, and at least 64 are needed. Skipped: 10 damaged"):
        prepare(folder, 32)
    assert [path for path in cache.iterdir() if path.is_dir()] == []


def test_a_size_or_crop_that_does_not_exist_is_refused(folder: Path) -> None:
    with pytest.raises(DataError, match="size from 8"):
        prepare(folder, 4)
    with pytest.raises(DataError, match="no crop 'loose'"):
        prepare(folder, 32, "loose")


# the cache


def rows(count: int) -> Iterator[tuple[str, np.ndarray]]:
    for number in range(count):
        yield f"{number}", np.full((16, 16, 3), number, np.uint8)


def test_generated_images_are_stored_and_found_again() -> None:
    faces = write_faces("drawn-16", rows(64), 16, "drawn faces")
    assert (faces.images[:, 0, 0, 0] == range(64)).all()
    second = write_faces("drawn-16", iter(()), 16, "drawn faces")
    assert np.array_equal(second.images, faces.images)


@pytest.mark.parametrize("damage", ["images.u8", "index.json"])
def test_a_damaged_cache_is_made_again(folder: Path, damage: str) -> None:
    faces = prepare(folder, 32)
    expected = faces.images.copy()
    path = faces.path / damage
    path.write_bytes(path.read_bytes()[:-100])
    assert np.array_equal(prepare(folder, 32).images, expected)


def test_an_interrupted_preparation_leaves_nothing_behind(folder: Path, cache: Path) -> None:
    def interrupt(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(folder, 32, progress=interrupt)
    assert [path for path in cache.iterdir() if path.is_dir()] == []
    assert len(prepare(folder, 32).names) == 70


def test_what_a_killed_preparation_left_is_cleared_away_by_the_next(folder: Path, cache: Path) -> None:
    key = prepare(folder, 32).path.name
    for name in (f"{key}.part", "another.part"):
        (cache / name).mkdir()
        (cache / name / "images.u8").write_bytes(b"half")
    (cache / key / "index.json").unlink()
    assert len(prepare(folder, 32).names) == 70
    assert list(cache.glob("*.part")) == []


def test_two_processes_that_prepare_the_same_images_both_end_well(folder: Path) -> None:
    code = "import sys; from facedemo.data.preparation import prepare; print(len(prepare(sys.argv[1], 32).names))"
    command = [sys.executable, "-c", code, str(folder)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) for _ in range(2)]
    assert [process.communicate(timeout=30)[0].strip() for process in both] == ["70", "70"]
    assert [process.returncode for process in both] == [0, 0]


def test_a_cache_that_cannot_be_written_is_explained(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(DataError, match="FACEDEMO_CACHE"):
        prepare(folder, 32, cache=tmp_path / "file/below")


def test_the_real_data_set_is_prepared_whole() -> None:
    if not CELEBA.is_file():
        pytest.skip("needs ../shared/data/celeba.tar")
    faces = prepare(CELEBA, 64)
    assert faces.images.shape == (9000, 64, 64, 3)
    assert faces.skipped == []


# what is passed over


def filled(folder: Path) -> Path:
    for number in range(64):
        (folder / f"{number:02d}.png").write_bytes(NOISY)
    return folder


def test_files_and_folders_that_are_not_read_are_counted_with_the_reason(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    (folder / ".thumbs").mkdir(parents=True)
    filled(folder)
    assert prepare(folder, 32).summary().endswith("none skipped.")
    for name in (".DS_Store", ".thumbs/1.png", "a.raw", "identity_CelebA.txt", "README"):
        (folder / name).write_bytes(NOISY)
    (folder / "elsewhere").symlink_to(tmp_path)
    expected = {
        ".DS_Store": "hidden",
        ".thumbs/1.png": "hidden",
        "README": "not an image by its name (no extension)",
        "a.raw": "not an image by its name (.raw)",
        "elsewhere": "a linked folder",
    }
    for faces in (prepare(folder, 32), prepared(folder, 32)):
        assert dict(faces.skipped) == expected
        assert "5 skipped: 2 hidden" in faces.summary()


def test_hidden_files_that_the_system_adds_do_not_make_everything_be_decoded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    prepare(filled(folder), 32)
    (folder / ".DS_Store").touch()
    monkeypatch.setattr(preparation, "decode", lambda *_: pytest.fail("decoded again"))
    assert prepare(folder, 32).skipped == [(".DS_Store", "hidden")]


def test_a_folder_that_cannot_be_read_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "images"
    (folder / "locked").mkdir(parents=True)
    scan = os.scandir

    def refuse(path: str) -> object:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)  # permissions do not bind an administrator, as tests may run
    faces = prepare(filled(folder), 32)
    assert faces.skipped == [("locked", "a folder that cannot be read (Permission denied)")]


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_members_of_an_archive_that_are_not_read_are_counted_the_second_time_too(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    filled(folder)
    (folder / "notes.doc").touch()
    (folder / ".hidden.png").touch()
    archive = shutil.make_archive(str(tmp_path / "archive"), kind, folder)
    for _ in range(2):
        skipped = {name.removeprefix("./"): reason for name, reason in prepare(archive, 32).skipped}
        assert skipped == {".hidden.png": "hidden", "notes.doc": "not an image by its name (.doc)"}
