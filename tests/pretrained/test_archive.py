"""Runs and models as ZIP files."""

import io
import shutil
import zipfile
from pathlib import Path

import pytest

from facedemo.imaging import pictures
from facedemo.pretrained import archive as model_archive
from facedemo.pretrained.archive import ArchiveError
from facedemo.pretrained.model import BundleError, load_model
from facedemo.runs.directory import RunError
from facedemo.storage import locations
from tests.conftest import Maker, RunMaker
from tests.pretrained.zips import faces, zipped


def test_a_model_goes_out_and_comes_in_as_it_was(make_bundle: Maker) -> None:
    folder = make_bundle()
    generated = faces(folder)
    packed = model_archive.zip_bytes(folder)
    shutil.rmtree(folder)
    assert model_archive.import_zip(io.BytesIO(packed)) == folder
    assert faces(folder) == generated
    assert locations.bundled() == [folder]


def test_a_run_goes_out_whole_but_for_its_pickles_and_comes_in_as_a_model(make_run: RunMaker, tmp_path: Path) -> None:
    run = make_run("mine", weights=True)
    run.write_notes("kept")
    (run.path / "checkpoints" / "00000050.ckpt").write_bytes(b"large")
    (run.path / ".metrics.csv.1.tmp").write_bytes(b"half-written")
    (run.path / "samples" / "00000010.png").write_bytes(b"picture")
    file = model_archive.export_zip(run.path, tmp_path / "out" / "run.zip")
    with zipfile.ZipFile(file) as archive:
        names = {name.removeprefix(f"{run.id}/") for name in archive.namelist()}
    assert names == {
        "config.json", "metrics.csv", "model.safetensors", "notes.md", "samples/00000010.png", "status.json"
    }  # fmt: skip
    folder = model_archive.import_zip(file)
    assert folder.name == run.id
    assert {path.name for path in folder.iterdir()} == {"config.json", "model.safetensors"}
    assert faces(folder) == faces(run.path)
    assert list(file.parent.iterdir()) == [file]


def test_checkpoints_go_out_when_asked_for(make_run: RunMaker, tmp_path: Path) -> None:
    run = make_run()
    (run.path / "checkpoints" / "00000050.ckpt").write_bytes(b"large")
    with zipfile.ZipFile(model_archive.export_zip(run.path, tmp_path / "run.zip", checkpoints=True)) as archive:
        assert f"{run.id}/checkpoints/00000050.ckpt" in archive.namelist()


def test_links_do_not_carry_other_files_out(make_run: RunMaker, tmp_path: Path) -> None:
    run = make_run()
    (tmp_path / "secret").write_text("secret", "utf8")
    (run.path / "log.txt").symlink_to(tmp_path / "secret")
    with zipfile.ZipFile(io.BytesIO(model_archive.zip_bytes(run.path))) as archive:
        assert f"{run.id}/log.txt" not in archive.namelist()


def test_a_model_without_a_folder_is_called_as_its_zip(files: dict[str, bytes], tmp_path: Path) -> None:
    file = tmp_path / "my faces.zip"
    file.write_bytes(zipped({name.removeprefix("tiny/"): content for name, content in files.items()}).getvalue())
    assert model_archive.import_zip(file).name == "my faces"


def test_a_model_of_a_taken_name_is_numbered_unless_the_name_was_asked_for(files: dict[str, bytes]) -> None:
    assert [model_archive.import_zip(zipped(files)).name for _ in range(3)] == ["tiny", "tiny-2", "tiny-3"]
    assert model_archive.import_zip(zipped(files), "another").name == "another"
    with pytest.raises(ArchiveError, match="already"):
        model_archive.import_zip(zipped(files), "another")


def test_a_folder_in_a_zip_gives_no_hostile_name(files: dict[str, bytes]) -> None:
    renamed = {name.replace("tiny", ".a\nb<script>"): content for name, content in files.items()}
    assert model_archive.import_zip(zipped(renamed)).name == "a-b-script"


@pytest.mark.parametrize("name", ["", ".", "..", "../up", "a/b", "a\\b", ".hidden", " x", "x.", "x" * 65, "a\0", "a\n"])
def test_a_name_that_is_no_plain_folder_is_refused(make_bundle: Maker, name: str) -> None:
    with pytest.raises(ArchiveError, match="not a valid name for a model"):
        model_archive.new_model_path(name)


@pytest.mark.parametrize("name", ["mine", "a run, with [signs] / and γ", "", "…", ".x.", "x" * 200, "über uns"])
def test_a_suggested_name_is_always_taken(make_bundle: Maker, name: str) -> None:
    for _ in range(2):
        suggested = model_archive.free_name(name)
        model_archive.new_model_path(suggested).mkdir(parents=True)
    assert suggested.endswith("-2")


def test_a_run_becomes_a_bundle_among_the_others(make_run: RunMaker) -> None:
    folder = model_archive.export_run_as_model(make_run("mine", weights=True), "my faces", "Trained on squares.")
    assert locations.bundled() == [folder]
    card = (folder / "README.md").read_text("utf8")
    assert "# my faces" in card
    assert "Trained on squares." in card
    assert pictures.read_settings(folder / "samples.png")["model"] == "my faces"


def test_a_run_with_damaged_best_weights_is_exported_with_its_newest(make_run: RunMaker) -> None:
    run = make_run(weights=True)
    (run.path / locations.BEST_WEIGHTS).write_bytes(b"damaged")
    assert load_model(model_archive.export_run_as_model(run, "rescued")).size == 32
    assert "best.safetensors" in run.log_text()
    (run.path / locations.WEIGHTS).write_bytes(b"damaged")
    with pytest.raises(BundleError, match="Resume the run"):
        model_archive.export_run_as_model(run, "lost")


def test_what_cannot_become_a_bundle_leaves_nothing_behind(make_run: RunMaker) -> None:
    run = make_run()
    with pytest.raises(RunError, match="no checkpoint"):
        model_archive.export_run_as_model(run, "mine")
    damaged = make_run(weights=True)
    (damaged.path / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(BundleError):
        model_archive.export_run_as_model(damaged, "mine")
    assert list(locations.checkpoints_root().iterdir()) == []


def test_promotion_never_overwrites_a_model(make_run: RunMaker, make_bundle: Maker) -> None:
    before = (make_bundle("mine") / "model.safetensors").read_bytes()
    with pytest.raises(ArchiveError, match="already"):
        model_archive.export_run_as_model(make_run(weights=True), "mine")
    assert (locations.checkpoints_root() / "mine" / "model.safetensors").read_bytes() == before
