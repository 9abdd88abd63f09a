"""Archives that are damaged or made to do harm are refused or read in part, within limits."""

import gzip
import io
import os
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from facedemo.data import source_files
from facedemo.data.archive_limits import UNSAFE_NAME
from facedemo.data.source_files import DataError, Entry
from tests.data.archives import folder_of, read, tar_of, zip_of


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
