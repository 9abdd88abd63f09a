"""The images of folders, ZIP and tar archives, and archives inside archives."""

import bz2
import gzip
import lzma
import os
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from facedemo.data import source_files
from facedemo.data.source_files import DataError, Entry, is_image_name
from facedemo.data.sources import open_source
from facedemo.storage.locations import uploads_root
from tests import forked
from tests.data.archives import folder_of, read, tar_of, zip_of

MEMBERS = {"a/1.jpg": b"one", "a/b/2.PNG": b"two", "c.webp": b"three"}


OTHERS = {"a/notes.txt": b"x", "__MACOSX/a/._1.jpg": b"x", "a/.hidden.jpg": b"x", ".git/3.jpg": b"x"}


def test_a_folder_is_searched_recursively_and_in_order(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, OTHERS | MEMBERS)
    assert [(entry.name, entry.data) for entry in read(folder)] == sorted(MEMBERS.items())
    assert open_source(folder).count() == 3


def test_a_zip_gives_the_same_as_its_folder(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "images.zip", OTHERS | MEMBERS)
    assert [(entry.name, entry.data) for entry in read(archive)] == sorted(MEMBERS.items())
    assert open_source(archive).count() == 3


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_a_tar_is_read_however_it_is_compressed(tmp_path: Path, compress) -> None:
    archive = tar_of(tmp_path / "images.tar", OTHERS | MEMBERS)
    archive.write_bytes(compress(archive.read_bytes()))
    assert {entry.name: entry.data for entry in read(archive)} == MEMBERS
    assert open_source(archive).count() == (3 if compress is bytes else None)


def test_celeba_as_officially_distributed_is_read_from_its_nested_zip(tmp_path: Path) -> None:
    folder_of(tmp_path, {"Anno/identity_CelebA.txt": b"000001.jpg 1"})
    (tmp_path / "Img").mkdir()
    zip_of(tmp_path / "Img/img_align_celeba.zip", {"img_align_celeba/000001.jpg": b"one"})
    assert read(tmp_path) == [Entry("Img/img_align_celeba.zip/img_align_celeba/000001.jpg", b"one")]
    assert open_source(tmp_path).count() == 1


def test_a_zip_that_was_unzipped_beside_itself_is_not_read_twice(tmp_path: Path) -> None:
    folder_of(tmp_path, {"celeba/img_align_celeba/000001.jpg": b"one"})
    zip_of(tmp_path / "celeba/img_align_celeba.zip", {"img_align_celeba/000001.jpg": b"one"})
    assert [entry.name for entry in read(tmp_path)] == ["celeba/img_align_celeba/000001.jpg"]


def test_a_digest_changes_with_the_content(tmp_path: Path) -> None:
    folder = folder_of(tmp_path / "images", MEMBERS)
    archive = zip_of(tmp_path / "images.zip", MEMBERS)
    before = open_source(folder).digest, open_source(archive).digest
    assert (open_source(folder).digest, open_source(archive).digest) == before
    (folder / "c.webp").write_bytes(b"other")
    zip_of(archive, MEMBERS | {"c.webp": b"other"})
    assert open_source(folder).digest != before[0]
    assert open_source(archive).digest != before[1]


def test_a_missing_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no file or folder"):
        open_source(tmp_path / "nothing")


def test_a_folder_without_images_is_refused_and_its_archives_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="contains no image files"):
        open_source(tmp_path).count()
    tar_of(tmp_path / "faces.tar", MEMBERS)
    with pytest.raises(DataError, match=r"It contains faces\.tar"):
        open_source(tmp_path).count()


@pytest.mark.parametrize("make", [tar_of, zip_of])
def test_an_archive_without_images_is_refused(tmp_path: Path, make) -> None:
    with pytest.raises(DataError, match="contains no image files"):
        open_source(make(tmp_path / "texts", {"a.txt": b"x"})).count()


def test_only_visible_files_with_an_image_suffix_count_as_images() -> None:
    assert is_image_name("a/b.JPEG")
    assert is_image_name("./a/b.tiff")
    assert not any(is_image_name(name) for name in ("a.txt", ".a.jpg", "a/.b/c.jpg", "__MACOSX/a.jpg", "jpg"))


def archive_bytes(make: Callable[[Path, dict[str, bytes]], Path], folder: Path, members: dict[str, bytes]) -> bytes:
    return make(folder / "to-be-packed", members).read_bytes()


@pytest.mark.parametrize("outer", [zip_of, tar_of])
@pytest.mark.parametrize("inner", [zip_of, tar_of])
def test_an_archive_that_holds_the_archive_is_opened_one_level_deep(tmp_path: Path, outer, inner) -> None:
    name = f"celeba/img_align_celeba.{'zip' if inner is zip_of else 'tar'}"
    packed = archive_bytes(inner, tmp_path, {"img_align_celeba/000001.jpg": b"one"})
    archive = outer(tmp_path / "outer", {name: packed, "celeba/list_attr_celeba.txt": b"1"})
    source = open_source(archive)
    assert source.count() is None
    assert list(source.read()) == [Entry(f"{name}/img_align_celeba/000001.jpg", b"one")]
    assert source.noted == []
    deeper = outer(tmp_path / "deeper", {"a/outer.zip": archive.read_bytes()})
    assert read(deeper) == []


def test_an_archive_beside_images_is_passed_over_and_said_so(tmp_path: Path) -> None:
    packed = archive_bytes(zip_of, tmp_path, MEMBERS)
    source = open_source(zip_of(tmp_path / "outer.zip", MEMBERS | {"more.zip": packed}))
    assert {entry.name for entry in source.read()} == set(MEMBERS)
    assert source.noted == [("more.zip", "an archive beside images")]


def test_an_archive_inside_that_does_not_fit_on_the_disk_says_where_and_leaves_nothing(
    tmp_path: Path, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = archive_bytes(zip_of, tmp_path, {f"{n}.jpg": os.urandom(1 << 20) for n in range(9)})
    outer = tar_of(tmp_path / "outer.tar", {"inner.zip": packed})
    monkeypatch.setattr(tempfile, "tempdir", str(disk))
    with pytest.raises(DataError, match=rf"inner\.zip in .*outer\.tar cannot be unpacked to {disk} \(No space left"):
        read(outer)
    assert list(disk.iterdir()) == []


def read_and_die(archive: Path, temporary: str) -> None:
    tempfile.tempdir = temporary
    entries = open_source(archive).read()
    next(entries)
    os.kill(os.getpid(), signal.SIGKILL)


def test_the_copy_of_an_archive_inside_that_a_killed_process_left_is_removed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = archive_bytes(zip_of, tmp_path, MEMBERS)
    outer = zip_of(tmp_path / "outer.zip", {"inner.zip": packed})
    (tmp_path / "temporary").mkdir()
    forked.start(read_and_die, outer, str(tmp_path / "temporary")).join()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    assert len(list((tmp_path / "temporary").iterdir())) == 1
    assert len(read(outer)) == len(MEMBERS)
    assert list((tmp_path / "temporary").iterdir()) == []


def test_an_archive_inside_keeps_the_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zip_of(tmp_path / "bomb.zip", {"inner.zip": bytes(8 << 20)})
    with pytest.raises(DataError, match="suspiciously high"):
        read(bomb)
    broken = zip_of(tmp_path / "broken.zip", {"inner.zip": b"no archive"})
    with pytest.raises(DataError, match=r"inner\.zip is not a folder"):
        read(broken)
    monkeypatch.setattr(source_files, "MAX_TOTAL_BYTES", 200)
    packed = archive_bytes(zip_of, tmp_path, {f"{n}.jpg": os.urandom(50) for n in range(3)})
    with pytest.raises(DataError, match="contains more than"):
        read(tar_of(tmp_path / "large.tar", {"inner.zip": packed}))


def test_messages_on_an_upload_do_not_name_the_folder_of_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path / "cache"))
    for folder in (tmp_path / "own", uploads_root() / "1f2e3d"):
        folder.mkdir(parents=True)
    with pytest.raises(DataError, match=f"{tmp_path}/own contains no image"):
        open_source(tmp_path / "own").count()
    with pytest.raises(DataError, match=r"^The upload contains no image"):
        open_source(uploads_root() / "1f2e3d").count()
