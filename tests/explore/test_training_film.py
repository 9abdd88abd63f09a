"""The film of a training: frames, captions that follow the settings, and files that play."""

import io
import json
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from facedemo.config.schema import RunConfig
from facedemo.explore import training_film
from facedemo.runs.directory import RunError
from facedemo.runs.run import Run, create_run


def run_with_samples(root: Path, count: int, family: str = "ours", side: int = 67) -> Run:
    run = create_run(RunConfig.model_validate({"family": family, "model": {"size": 32}, "budget": {"images": 1}}), root)
    for number in range(count):
        picture = Image.new("RGB", (side, side), ((20 * number) % 256, 0, 0))
        picture.save(run.path / "samples" / f"{100 * number:08d}.png")
    return run


def test_every_grid_is_a_frame_in_order_with_a_caption_below(tmp_path: Path) -> None:
    frames = training_film.frames(run_with_samples(tmp_path, 5, side=267))
    assert frames.shape == (5, 280, 268, 3)  # an odd side is padded: films have even ones
    assert list(frames[:, 10, 10, 0]) == [0, 20, 40, 60, 80]
    assert (frames[2, 267:] != frames[3, 267:]).any()


def test_a_long_run_has_200_frames_with_the_first_and_the_last(tmp_path: Path) -> None:
    frames = training_film.frames(run_with_samples(tmp_path, 250, side=16))
    assert len(frames) == 200
    assert (frames[0, 5, 5, 0], frames[-1, 5, 5, 0]) == (0, 249 * 20 % 256)


def test_the_caption_follows_the_setting_when_it_is_changed(tmp_path: Path) -> None:
    run = run_with_samples(tmp_path, 1)
    change = {"step": 150, "changes": {"gamma": 0.5}, "command": 0}
    (run.path / "marks.jsonl").write_text(json.dumps(change) + "\n", "utf8")
    captions = training_film.captions_of(run, [0, 100, 1200])
    assert list(captions.values()) == ["iteration 0 · γ 0.7", "iteration 100 · γ 0.7", "iteration 1,200 · γ 0.5"]


def test_a_family_without_settings_of_its_own_shows_the_iteration_alone(tmp_path: Path) -> None:
    run = run_with_samples(tmp_path, 1, family="dcgan")
    assert training_film.captions_of(run, [30]) == {30: "iteration 30"}


def test_damaged_grids_are_left_out_and_a_film_needs_two(tmp_path: Path) -> None:
    run = run_with_samples(tmp_path, 3)
    (run.path / "samples" / "00000100.png").write_bytes(b"no picture")
    assert len(training_film.frames(run)) == 2
    (run.path / "samples" / "00000200.png").write_bytes(b"")
    with pytest.raises(RunError, match="fewer than two sample grids"):
        training_film.frames(run)
    with pytest.raises(RunError, match="fewer than two"):
        training_film.film_file(run_with_samples(tmp_path / "empty", 0), ".mp4")


def test_the_files_play_and_hold_the_last_frame_for_a_second(tmp_path: Path) -> None:
    run = run_with_samples(tmp_path, 8)
    with av.open(io.BytesIO(training_film.film_file(run, ".mp4"))) as container:
        (stream,) = container.streams.video
        decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        assert stream.average_rate == training_film.SLOWEST
    assert len(decoded) == 8 + training_film.SLOWEST
    assert np.abs(decoded[-1].astype(int) - decoded[7].astype(int)).mean() < 1
    with Image.open(io.BytesIO(training_film.film_file(run, ".gif"))) as gif:
        assert gif.n_frames == 8


def test_another_kind_of_file_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"as \.mp4 or \.gif, not as “\.avi”"):
        training_film.film_file(run_with_samples(tmp_path, 3), ".avi")


def test_it_counts_the_grids_that_it_has_read_and_the_frames_that_it_has_written(tmp_path: Path) -> None:
    counts: dict[str, list[tuple[int, int]]] = {}

    def steps(what: str):
        return lambda done, total: counts.setdefault(what, []).append((done, total))

    run = run_with_samples(tmp_path, 5)
    frames = 5 + training_film.SLOWEST
    for suffix in (".mp4", ".gif"):
        counts.clear()
        training_film.film_file(run, suffix, steps)
        assert counts == {
            "reading sample grids": [(done, 5) for done in range(1, 6)],
            "writing frames": [(done, frames) for done in range(1, frames + 1)],
        }
