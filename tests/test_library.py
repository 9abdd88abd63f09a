"""The front door of the library, as README and its docstrings show it."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import facedemo
from facedemo.pretrained import sampling

TINY = {"size": 32, "width": 4, "latent": 8, "batch_size": 4, "threads": 1}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, rng = tmp_path_factory.mktemp("pictures"), np.random.RandomState(0)
    for number in range(64):
        small = Image.fromarray(rng.randint(0, 256, (4, 4, 3), dtype=np.uint8))
        small.resize((40, 40), Image.Resampling.BICUBIC).save(folder / f"{number:02d}.png")
    return folder


def test_importing_it_waits_for_nothing() -> None:
    script = "import facedemo, sys; assert not {'torch', 'streamlit', 'numpy'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_bundled_model_draws_the_same_faces_as_everywhere() -> None:
    model = facedemo.load("ours-64")
    faces = model.draw(seeds=range(4))
    assert (faces.shape, faces.dtype) == ((4, 64, 64, 3), np.uint8)
    np.testing.assert_array_equal(faces, sampling.generate(model, [0, 1, 2, 3]))


@pytest.mark.parametrize(("seeds", "message"), [([], "seed"), ([-1], "not -1"), ([2**32], "not 4294967296")])
def test_seeds_that_are_none_are_refused(seeds: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        facedemo.load("ours-64").draw(seeds)


def test_a_run_is_trained_here_loaded_and_verified(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FACEDEMO_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path / "cache"))
    run = facedemo.train(data=pictures, iterations=6, gamma=0.6, **TINY)
    assert run.status.state == "finished"
    assert (run.config.model.gamma, run.status.step) == (0.6, 6)
    assert "finished" in capfd.readouterr().err, "a progress bar"
    assert facedemo.load(run).draw(range(2)).shape == (2, 32, 32, 3)
    tuned = facedemo.train(data=pictures, start_from=run, iterations=2)
    assert tuned.config.model.width == 4
    report = facedemo.verify(run, count=20)
    assert (report.count, report.rows[0].undetected.of) == (20, 20)


def test_what_cannot_be_done_is_refused_before_anything_is_computed(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="There is no file or folder"):
        facedemo.train(data=tmp_path / "nothing", minutes=1)
    with pytest.raises(ValueError, match="No model or run matches"):
        facedemo.load("ours-65")
    with pytest.raises(ValueError, match="“train” is not held out"):
        facedemo.verify("ours-64", count=100_000, data=tmp_path, split="train")
    with pytest.raises(ValueError, match="choose the split test or validation"):
        facedemo.verify("ours-64", count=100_000, data=tmp_path, split="all", copies=True)
    with pytest.raises(ValueError, match="There is no file or folder"):
        facedemo.verify("ours-64", count=100_000, data=tmp_path / "nothing")


def test_what_it_does_not_have_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'sing'"):
        facedemo.sing  # noqa: B018
