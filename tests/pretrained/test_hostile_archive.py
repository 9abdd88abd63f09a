"""ZIP files that come in may be hostile or damaged: only a working model gets in, and nothing else stays."""

import io
import shutil
import stat
import struct
import zipfile
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from facedemo.pretrained import archive as model_archive
from facedemo.pretrained.archive import ArchiveError
from facedemo.pretrained.model import load_model
from facedemo.storage import locations
from tests.conftest import Maker
from tests.pretrained.zips import refused, zipped


def test_nothing_but_the_files_of_a_bundle_comes_in(files: dict[str, bytes]) -> None:
    more = {"tiny/run.sh": b"rm", "tiny/sub/x.txt": b"x", "other/readme.txt": b"x", "tiny/.hidden": b"x"}
    folder = model_archive.import_zip(zipped(files | more))
    assert {path.name for path in folder.iterdir()} == {"config.json", "model.safetensors", "README.md"}


@pytest.mark.parametrize("name", ["../up.md", "tiny/../../up.md", "/etc/up.md", "..\\up.md", "C:\\up.md", "C:/up.md"])
def test_a_path_out_of_the_zip_is_refused(files: dict[str, bytes], name: str) -> None:
    refused(zipped({**files, name: b"x"}), "leads out")


def test_a_link_is_refused(files: dict[str, bytes]) -> None:
    buffer = zipped(files)
    with zipfile.ZipFile(buffer, "a") as archive:
        link = zipfile.ZipInfo("tiny/samples.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    refused(buffer, "is a link")


@pytest.mark.parametrize("name", ["tiny/model.pt", "optimizer.PKL", "x/checkpoints/1.ckpt", "tiny/pytorch_model.bin"])
def test_a_zip_with_a_pickle_in_it_is_refused(files: dict[str, bytes], name: str) -> None:
    refused(zipped({**files, name: b"x"}), "is a pickle")


def test_a_pickle_under_the_name_of_safetensors_is_not_run(files: dict[str, bytes], tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple:
            return (Path.touch, (tmp_path / "ran",))

    buffer = io.BytesIO()
    torch.save({"weights": Evil()}, buffer)
    refused(zipped({**files, "tiny/model.safetensors": buffer.getvalue()}), "damaged")
    assert not (tmp_path / "ran").exists()


def test_a_file_that_unpacks_to_more_than_any_model_needs_is_refused(files: dict[str, bytes]) -> None:
    refused(
        zipped({**files, "tiny/README.md": b"0" * (model_archive.TAKEN["README.md"] + 1)}), "larger than any model's"
    )


def test_a_zip_that_claims_too_much_is_refused_unread(files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_archive, "MAX_TOTAL_BYTES", 1000)
    refused(zipped(files), "it is not a model")


def test_a_zip_of_too_many_files_is_refused(files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_archive, "MAX_FILES", 2)
    refused(zipped(files), "it is not a model")


@pytest.mark.parametrize("claimed", [0, 10, 0xFFFFFFFE])
def test_a_size_that_lies_is_refused(files: dict[str, bytes], claimed: int) -> None:
    """The size of every file, as the directory at the end of the ZIP gives it."""
    data = bytearray(zipped(files).getvalue())
    offset = data.find(b"PK\x01\x02")
    while offset >= 0:
        data[offset + 24 : offset + 28] = struct.pack("<I", claimed)
        offset = data.find(b"PK\x01\x02", offset + 4)
    refused(io.BytesIO(data), "damaged|not a model")


def test_an_unusual_compression_is_refused(files: dict[str, bytes]) -> None:
    refused(zipped(files, zipfile.ZIP_BZIP2), "Deflate")


def test_two_models_are_refused(files: dict[str, bytes]) -> None:
    others = {name.replace("tiny/", "other/"): content for name, content in files.items()}
    refused(zipped(files | others), "more than one model")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_run_that_started_from_a_model_comes_in_with_its_own_weights(files: dict[str, bytes]) -> None:
    (folder,) = {name.rpartition("/")[0] for name in files if name.endswith("model.safetensors")}
    start = {f"{folder}/start/{name}": b"of another model" for name in ("config.json", "model.safetensors")}
    path = model_archive.import_zip(zipped(start | files))
    assert (path / "model.safetensors").read_bytes() == files[f"{folder}/model.safetensors"]


def test_two_files_of_one_name_are_refused(files: dict[str, bytes]) -> None:
    buffer = zipped(files)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("tiny/config.json", "{}")
    refused(buffer, "more than one model")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tiny/model.safetensors": None}, "model.safetensors is missing"),
        ({"tiny/config.json": None}, "no config.json"),
        ({"tiny/config.json": b""}, "config.json"),
        ({"tiny/config.json": b"[]"}, "config.json"),
        ({"tiny/config.json": b'{"family": "nobody"}'}, "config.json"),
        ({"tiny/config.json": b'{"model": {"size": 64}}'}, "do not fit"),
        ({"tiny/config.json": b'{"model": {"size": 128, "width": 100000000}}'}, "config.json"),
        ({"tiny/model.safetensors": b""}, "damaged"),
        ({"tiny/model.safetensors": b"\xff" * 100}, "damaged"),
    ],
)
def test_a_model_that_does_not_work_is_refused(
    files: dict[str, bytes], change: dict[str, bytes | None], message: str
) -> None:
    refused(zipped({name: content for name, content in (files | change).items() if content is not None}), message)


@pytest.mark.parametrize("content", [b"", b"no ZIP", b"PK\x05\x06" + b"\0" * 18])
def test_what_is_no_zip_is_refused(make_bundle: Maker, content: bytes) -> None:
    refused(io.BytesIO(content), "not a ZIP file|no model")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_half_a_zip_is_refused(files: dict[str, bytes], share: float) -> None:
    data = zipped(files).getvalue()
    refused(io.BytesIO(data[: int(share * len(data))]), "not a ZIP file, or it is damaged")


def test_an_encrypted_zip_is_refused(files: dict[str, bytes]) -> None:
    data = bytearray(zipped(files).getvalue())
    for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        offset = data.find(magic)
        while offset >= 0:
            data[offset + flags] |= 1
            offset = data.find(magic, offset + 4)
    refused(io.BytesIO(data), "damaged")


def test_a_file_without_a_name_is_passed_over(files: dict[str, bytes]) -> None:
    packed = zipped({**files, "tiny/odd": b"x"}).getvalue()
    assert model_archive.import_zip(io.BytesIO(packed.replace(b"tiny/odd", b"\0iny/odd"))).name.startswith("tiny")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some.data())
def test_damage_anywhere_in_a_zip_is_refused_or_harmless(files: dict[str, bytes], data: some.DataObject) -> None:
    whole = bytearray(zipped(files).getvalue())
    directory = whole.find(b"PK\x01\x02")
    offsets = some.one_of(some.integers(0, 80), some.integers(directory, len(whole) - 1))
    for offset, value in data.draw(some.dictionaries(offsets, some.integers(0, 255), min_size=1, max_size=8)).items():
        whole[offset] = value
    try:
        folder = model_archive.import_zip(io.BytesIO(whole))
    except ArchiveError:
        return
    assert folder.parent == locations.checkpoints_root()
    load_model(folder)
    shutil.rmtree(folder)
