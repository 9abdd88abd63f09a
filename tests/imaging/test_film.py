"""Films as files: strips, GIFs and videos."""

import io
import json

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from facedemo.imaging import film


def frames(count: int, size: int = 32) -> np.ndarray:
    """Pictures that grow brighter: uint8 (count, size, size, 3)."""
    levels = np.linspace(20, 230, count).astype(np.uint8)
    return np.broadcast_to(levels[:, None, None, None], (count, size, size, 3)).copy()


@given(st.integers(2, 40))
def test_there_and_back_has_each_end_once(count: int) -> None:
    played = film.there_and_back(np.arange(count))
    assert len(played) == 2 * count - 2
    assert np.abs(np.diff([*played, played[0]])).tolist() == [1] * len(played)


@given(st.integers(1, 300), st.integers(1, 20))
def test_a_strip_begins_with_the_first_frame_ends_with_the_last_and_repeats_none(count: int, pictures: int) -> None:
    positions = film.strip_places(count, pictures)
    assert len(positions) == len(set(positions)) == min(count, pictures)
    assert positions[0] == 0
    assert pictures == 1 or positions[-1] == count - 1


def test_a_strip_is_one_row() -> None:
    assert film.strip(frames(24), 10).size == (10 * 34 + 2, 36)


@settings(max_examples=8, deadline=None)
@given(st.integers(1, 12), st.integers(1, 50))
def test_a_gif_has_every_frame_loops_and_carries_its_settings(count: int, rate: int) -> None:
    file = film.gif(frames(count), rate, side=32, model="ours-64", seeds="1, 2")
    with Image.open(io.BytesIO(file)) as image:
        assert image.n_frames == count
        assert image.size == (32, 32)
        assert json.loads(image.info["comment"]) == {"model": "ours-64", "seeds": "1, 2"}
        if count > 1:
            assert image.info["loop"] == 0
            assert image.info["duration"] == round(100 / rate) * 10
        for index, frame in enumerate(frames(count)):
            image.seek(index)
            assert abs(int(np.asarray(image.convert("RGB"))[5, 5, 0]) - int(frame[0, 0, 0])) <= 4


def test_a_video_is_read_back_frame_by_frame() -> None:
    pictures = frames(9)
    file = film.mp4(pictures, 12, model="ours-64", seeds="1, 2")
    with av.open(io.BytesIO(file)) as container:
        assert json.loads(container.metadata["comment"]) == {"model": "ours-64", "seeds": "1, 2"}
        stream = container.streams.video[0]
        assert stream.average_rate == 12
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
    assert len(decoded) == 9
    for decoded_frame, picture in zip(decoded, pictures, strict=True):
        assert decoded_frame.shape == (256, 256, 3)
        assert abs(decoded_frame.mean() - picture.mean()) < 4


def test_a_video_starts_before_it_is_loaded_whole() -> None:
    file = film.mp4(frames(3), 12)
    assert file.index(b"moov") < file.index(b"mdat")


@pytest.mark.parametrize("write", [film.gif, film.mp4])
def test_impossible_films_are_refused(write) -> None:
    with pytest.raises(ValueError, match="1 to 50"):
        write(frames(2), 0)
    with pytest.raises(ValueError, match="1 to 50"):
        write(frames(2), 51)
    with pytest.raises(ValueError, match="one frame"):
        write(frames(2)[:0], 12)
