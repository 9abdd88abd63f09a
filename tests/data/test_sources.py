"""Folders and archives of images are read whole, in a fixed order, and within limits that no header can talk away."""

import bz2
import gzip
import io
import lzma
import os
import signal
import struct
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facedemo.data import source_files
from facedemo.data.archive_limits import UNSAFE_NAME
from facedemo.data.source_files import DataError, Entry, is_image_name
from facedemo.data.sources import open_source
from facedemo.storage.locations import uploads_root
from tests import forked


def read(path: Path) -> list[Entry]:
    return list(open_source(path).read())


def tar_of(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def zip_of(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


MEMBERS = {"a/1.jpg": b"one", "a/b/2.PNG": b"two", "c.webp": b"three"}
OTHERS = {"a/notes.txt": b"x", "__MACOSX/a/._1.jpg": b"x", "a/.hidden.jpg": b"x", ".git/3.jpg": b"x"}


def folder_of(path: Path, members: dict[str, bytes]) -> Path:
    for name, data in members.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


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


def test_links_devices_and_pipes_in_a_tar_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "hostile.tar"
    with tarfile.open(path, "w") as archive:
        for name, kind in (
            ("s", tarfile.SYMTYPE),
            ("h", tarfile.LNKTYPE),
            ("c", tarfile.CHRTYPE),
            ("p", tarfile.FIFOTYPE),
        ):
            member = tarfile.TarInfo(f"{name}.jpg")
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
        member = tarfile.TarInfo("good.jpg")
        member.size = 4
        archive.addfile(member, io.BytesIO(b"good"))
    assert read(path) == [Entry("good.jpg", b"good")]


def test_sparse_members_of_a_tar_are_skipped_unread(tmp_path: Path) -> None:
    member = tarfile.TarInfo("huge.png")
    member.type = tarfile.GNUTYPE_SPARSE
    header = bytearray(member.tobuf(tarfile.GNU_FORMAT))
    header[386:410] = b"%011o\0" % (60 << 20) + b"%011o\0" % 0  # nothing is stored, and it is 60 MB long
    header[483:495] = b"%011o\0" % (60 << 20)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    (tmp_path / "sparse.tar").write_bytes(header + bytes(10240))
    assert read(tmp_path / "sparse.tar") == [Entry("huge.png", problem="sparse files are not supported")]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_named_pipe_in_a_folder_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "broken.jpg").symlink_to(tmp_path / "nowhere")
    assert [entry.problem for entry in read(tmp_path)] == [source_files.NOT_OPENED] * 2


@pytest.mark.parametrize("make", [tar_of, zip_of])
@pytest.mark.parametrize("name", ["../up.jpg", "a/../../up.jpg", "/tmp/up.jpg", "C:/up.jpg"])
def test_members_that_point_out_of_the_archive_are_skipped(tmp_path: Path, make, name: str) -> None:
    archive = make(tmp_path / "hostile", {name: b"evil", "good.jpg": b"good"})
    assert {entry.name: entry.problem for entry in read(archive)} == {name: UNSAFE_NAME, "good.jpg": ""}
    assert list(tmp_path.iterdir()) == [archive]


def test_names_are_stripped_of_terminal_escapes(tmp_path: Path) -> None:
    archive = tar_of(tmp_path / "hostile.tar", {"\x1b[2Jclear.jpg": b"x"})
    assert read(archive)[0].name == "�[2Jclear.jpg"


def test_a_tar_member_that_claims_more_than_there_is_is_refused(tmp_path: Path) -> None:
    member = tarfile.TarInfo("liar.jpg")
    member.size = 1 << 20
    (tmp_path / "liar.tar").write_bytes(member.tobuf() + b"short" + bytes(2048))
    with pytest.raises(DataError, match="damaged"):
        read(tmp_path / "liar.tar")


def test_an_extended_header_of_absurd_size_is_not_read(tmp_path: Path) -> None:
    member = tarfile.TarInfo("pax")
    member.type, member.size = tarfile.XHDTYPE, 8 << 30
    (tmp_path / "bomb.tar.gz").write_bytes(gzip.compress(member.tobuf(tarfile.GNU_FORMAT) + bytes(4096)))
    with pytest.raises(DataError, match="absurd size"):
        read(tmp_path / "bomb.tar.gz")


def test_a_tar_whose_sizes_are_negative_does_not_loop(tmp_path: Path) -> None:
    member = tarfile.TarInfo("back.jpg")
    member.size = -2048
    block = member.tobuf(tarfile.GNU_FORMAT)
    (tmp_path / "back.tar").write_bytes(
        tar_of(tmp_path / "a", {"1.jpg": b"x"}).read_bytes()[:1024] + block + bytes(1024)
    )
    with pytest.raises(DataError):
        read(tmp_path / "back.tar")


@pytest.mark.parametrize("make", [tar_of, zip_of])
def test_files_beyond_the_limit_are_skipped(tmp_path: Path, make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_files, "MAX_FILE_BYTES", 1000)
    archive = make(tmp_path / "big", {"big.jpg": os.urandom(1001), "good.jpg": os.urandom(1000)})
    assert {entry.name: entry.problem for entry in read(archive)} == {"big.jpg": source_files.TOO_BIG, "good.jpg": ""}
    folder = folder_of(tmp_path / "folder", {"big.jpg": bytes(1001)})
    assert read(folder) == [Entry("big.jpg", problem=source_files.TOO_BIG)]


@pytest.mark.parametrize("make", [tar_of, zip_of])
def test_total_size_and_count_are_bounded(tmp_path: Path, make, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = make(tmp_path / "many", {f"{number}.jpg": os.urandom(2000) for number in range(10)})
    monkeypatch.setattr(source_files, "MAX_TOTAL_BYTES", 9000)
    with pytest.raises(DataError, match="more than"):
        read(archive)
    monkeypatch.undo()
    monkeypatch.setattr(source_files, "MAX_FILES", 9)
    with pytest.raises(DataError, match="more than 9 files"):
        read(archive)


def test_a_compressed_tar_that_expands_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_files, "MAX_TOTAL_BYTES", 1 << 20)
    archive = tar_of(tmp_path / "bomb.tar", {f"{number}.txt": bytes(1 << 19) for number in range(4)} | {"a.jpg": b"x"})
    archive.write_bytes(gzip.compress(archive.read_bytes()))
    with pytest.raises(DataError, match="more than"):
        read(archive)


def test_a_zip_bomb_is_skipped_unread(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "bomb.zip", {"bomb.jpg": bytes(32 << 20), "good.jpg": b"good"})
    assert archive.stat().st_size < 100_000
    assert [entry.problem for entry in read(archive)] == ["suspiciously high compression ratio", ""]


def test_a_zip_bomb_that_lies_about_its_size_is_cut_off(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "bomb.zip", {"bomb.jpg": bytes(32 << 20), "good.jpg": b"good"})
    data = archive.read_bytes()
    archive.write_bytes(data.replace(struct.pack("<I", 32 << 20), struct.pack("<I", 5000)))
    bomb, good = read(archive)
    assert bomb == Entry("bomb.jpg", problem="damaged in the archive")
    assert good.data == b"good"


def test_zip_members_compressed_in_ways_that_cannot_be_bounded_are_skipped(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "lzma.zip", {"a.jpg": os.urandom(5000)}, zipfile.ZIP_LZMA)
    assert "unsupported compression" in read(archive)[0].problem


def test_an_encrypted_zip_is_refused_with_advice(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "secret.zip", {"a.jpg": b"abc"})
    data = bytearray(archive.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)
    with pytest.raises(DataError, match="password"):
        read(archive)


@pytest.mark.parametrize("make", [tar_of, zip_of])
def test_an_archive_cut_short_is_refused_with_advice(tmp_path: Path, make) -> None:
    archive = make(tmp_path / "cut", {f"{number}.jpg": os.urandom(3000) for number in range(5)})
    archive.write_bytes(archive.read_bytes()[:9000])
    with pytest.raises(DataError, match="download it again"):
        read(archive)


def test_a_compressed_tar_cut_short_is_refused_with_advice(tmp_path: Path) -> None:
    archive = tar_of(tmp_path / "cut.tar.gz", {"1.jpg": os.urandom(9000)})
    archive.write_bytes(gzip.compress(archive.read_bytes())[:5000])
    with pytest.raises(DataError, match="download it again"):
        read(archive)


def test_a_tar_with_rubbish_between_its_members_is_refused(tmp_path: Path) -> None:
    archive = tar_of(tmp_path / "rubbish.tar", {"1.jpg": b"a", "2.jpg": b"b"})
    data = bytearray(archive.read_bytes())
    data[1024:1536] = b"\xff" * 512
    archive.write_bytes(data)
    with pytest.raises(DataError, match="damaged"):
        read(archive)


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    for name, content in (("text.zip", b"hello, I am text"), ("empty.tar", b""), ("one.jpg", os.urandom(4000))):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=f"{name} is not a folder"):
            read(tmp_path / name)


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


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_damaged_archives_are_read_or_refused_but_never_crash(tmp_path_factory: pytest.TempPathFactory, data) -> None:
    make = data.draw(st.sampled_from([tar_of, zip_of]))
    path = make(tmp_path_factory.mktemp("fuzz") / "archive", {"1.jpg": b"one" * 300, "2.jpg": b"two" * 300})
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        names = [entry.name for entry in read(path)]
    except DataError:
        return
    assert len(names) <= 2


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
