"""Files that are written while others read them, and whose writer may be killed or fail at any moment."""

import io
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from facedemo.config.schema import TrainingConfig
from facedemo.storage import atomic
from facedemo.storage.atomic import remove_abandoned, replace_file, replacing, stats_below
from facedemo.training import device


def test_two_threads_write_one_file_and_no_reader_sees_a_part(tmp_path: Path) -> None:
    path, torn, done = tmp_path / "status.json", [], threading.Event()
    contents = ["a" * 20_000, "b" * 30_000]
    replace_file(path, contents[0], flush=False)

    def write(content: str) -> None:
        for _ in range(400):
            replace_file(path, content, flush=False)

    def read() -> None:
        while not done.is_set():
            if (content := path.read_text()) not in contents:
                torn.append(content)

    with ThreadPoolExecutor(3) as pool:
        reader = pool.submit(read)
        writers = [pool.submit(write, content) for content in contents]
        try:
            for writer in writers:
                writer.result()
        finally:
            done.set()
        reader.result()
    assert torn == []
    assert [path.name for path in tmp_path.iterdir()] == ["status.json"]


def test_content_and_name_reach_the_disk_unless_that_is_not_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed = []

    def note(number: int) -> None:
        flushed.append(str(Path(f"/proc/self/fd/{number}").readlink()))

    monkeypatch.setattr(atomic.os, "fsync", note)
    replace_file(tmp_path / "status.json", "{}", flush=False)
    assert flushed == []
    replace_file(tmp_path / "config.json", "{}")
    assert Path(flushed[0]).name.startswith(".config.json.")
    assert flushed[1:] == [str(tmp_path)]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "00000010.ckpt"
    path.write_bytes(b"old")

    def fill_the_disk() -> None:
        with replacing(path) as temporary:
            temporary.write_bytes(b"half")
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        fill_the_disk()
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_a_file_that_cannot_be_written_is_called_by_its_own_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as failed:
        replace_file(tmp_path / "nowhere" / "face.png", b"")
    assert failed.value.filename == str(tmp_path / "nowhere" / "face.png")


def test_new_files_can_be_read_by_whom_the_system_lets_read(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        replace_file(tmp_path / "a", "")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644


def test_what_killed_processes_left_is_removed_and_what_living_ones_write_stays(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    abandoned = [
        f".status.json.{dead.pid}-0a1b2c3d.tmp",
        f".12.{dead.pid}.tmp",
        f".notes.md.{os.getpid()}-0a1b2c3d.tmp",
    ]
    stay = [f".notes.md.{os.getppid()}-0a1b2c3d.tmp", ".mine.tmp", "notes.md"]
    for name in (*abandoned, *stay):
        (tmp_path / name).touch()
    remove_abandoned(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(stay)


def test_a_checkpoint_takes_no_detour_by_the_folder_for_temporary_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fabric = device.start_fabric(TrainingConfig(precision="32-true"))
    monkeypatch.setattr("tempfile.mkstemp", lambda *_, **__: pytest.fail("wrote elsewhere"))
    fabric.save(tmp_path / "one.ckpt", {"step": 3})
    assert fabric.load(tmp_path / "one.ckpt", weights_only=True) == {"step": 3}


def test_the_same_files_uploaded_twice_at_once_are_stored_once(tmp_path: Path) -> None:
    from facedemo.app.shared.image_source import store_upload

    def upload(_: int) -> Path:
        file = io.BytesIO(bytes(1 << 20))
        file.name = "face.png"
        return store_upload([file], tmp_path)

    with ThreadPoolExecutor(4) as pool:
        stored = set(pool.map(upload, range(16)))
    assert [path.name for path in tmp_path.iterdir()] == [path.name for path in stored]
    assert [path.stat().st_size for path in stored.pop().iterdir()] == [1 << 20]


def test_files_that_disappear_while_they_are_counted_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "weights").write_bytes(bytes(10))
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    assert [file.st_size for file in stats_below(tmp_path)] == [10]
    assert list(stats_below(tmp_path / "nowhere")) == []
