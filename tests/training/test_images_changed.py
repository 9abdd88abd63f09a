"""A resumed run whose images have changed or moved since it started."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facedemo.config.schema import Budget, RunConfig
from facedemo.runs.run import Run, create_run
from facedemo.training.worker import execute
from tests.conftest import facedemo


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path / "cache"))
    folder, rng = tmp_path / "originals", np.random.RandomState(0)
    folder.mkdir()
    for number in range(80):
        Image.fromarray(rng.randint(0, 256, (32, 32, 3), dtype=np.uint8)).save(folder / f"{number:02d}.png")
    return folder


def killed_after_ten(pictures: Path, root: Path) -> Run:
    """A run that was interrupted after its first checkpoint."""
    settings = {
        "model": {"size": 32, "width": 4, "latent": 8, "batch_size": 4},
        "data": {"source": str(pictures)},
        "budget": {"iterations": 10},
        "training": {"precision": "32-true", "threads": 1},
    }
    run = create_run(RunConfig.model_validate(settings), root)
    assert execute(run).state == "finished"
    run.extend(Budget(iterations=20))
    return run


def test_a_resumed_run_notices_that_its_images_have_changed_and_goes_on_if_told_to(
    pictures: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    shutil.copytree(pictures, folder)
    run = killed_after_ten(folder, tmp_path)
    (folder / "00.png").unlink()
    status = execute(run)
    assert status.state == "failed"
    assert "80 then, 79 now" in status.message
    assert "--data-changed" in status.message
    done = facedemo(tmp_path, "resume", str(run.path), "--data-changed")
    assert done.returncode == 0, done.stderr
    assert run.status.step == 20
    assert execute(run).state == "finished", "the images that it went on with are now its own"


def test_the_same_number_of_other_images_are_noticed_too(pictures: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    shutil.copytree(pictures, folder)
    run = killed_after_ten(folder, tmp_path)
    shutil.copyfile(folder / "01.png", folder / "00.png")
    assert "have changed" in execute(run).message


def test_a_resumed_run_takes_its_images_from_where_they_have_moved(pictures: Path, tmp_path: Path) -> None:
    shutil.copytree(pictures, tmp_path / "before")
    run = killed_after_ten(tmp_path / "before", tmp_path)
    shutil.copytree(pictures, tmp_path / "after", copy_function=shutil.copyfile)  # with other dates
    shutil.rmtree(tmp_path / "before")
    status = execute(run)
    assert status.state == "failed"
    assert "--data" in status.message
    done = facedemo(tmp_path, "resume", str(run.path), "--data", str(tmp_path / "after"))
    assert done.returncode == 0, done.stderr
    assert run.status.step == 20


def test_a_run_of_an_earlier_version_which_did_not_remember_its_images_goes_on(pictures: Path, tmp_path: Path) -> None:
    run = killed_after_ten(pictures, tmp_path)
    (run.path / "images.json").unlink()
    assert execute(run).state == "finished"
    assert (run.path / "images.json").exists()


def test_a_damaged_record_of_the_images_is_set_aside_and_one_of_another_version_is_read(
    pictures: Path, tmp_path: Path
) -> None:
    run = killed_after_ten(pictures, tmp_path)
    path = run.path / "images.json"
    content = path.read_bytes()
    damages = (b"", content[:9], content.decode().encode("utf-16"), b"[]", b'{"count": "x", "digest": 3}')
    for iterations, damaged in enumerate(damages, 20):
        run.extend(Budget(iterations=iterations))
        path.write_bytes(damaged)
        assert execute(run).state == "finished"
        assert path.read_bytes() == content
    assert run.log_text().count("images.json was damaged") == len(damages)
    path.write_text(json.dumps({**json.loads(content), "version": 99}), "utf8")
    run.extend(Budget(iterations=30))
    assert execute(run).state == "finished"
