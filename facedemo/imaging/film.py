"""Files made from frames: a film strip, a GIF, an MP4."""

import io
import json
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from facedemo.imaging.pictures import grid
from facedemo.progress import Progress

STRIP = 10  # frames of a film strip
SIDE = 256  # minimum side of a film in pixels: smaller frames are enlarged
MAX_RATE = 50  # GIF delays are in hundredths of a second, and browsers slow down faster GIFs


def there_and_back(frames: np.ndarray) -> np.ndarray:
    """Frames that loop without a jump: (n, …) → (2n − 2, …), forwards and backwards, each end once."""
    return np.concatenate([frames, frames[-2:0:-1]])


def strip_places(count: int, pictures: int = STRIP) -> list[int]:
    """The frames of a film strip: evenly spread over `count` frames, including the first and the last."""
    return np.unique(np.linspace(0, count - 1, min(count, pictures)).round().astype(int)).tolist()


def strip(frames: np.ndarray, pictures: int = STRIP) -> Image.Image:
    """A film strip: up to `pictures` of the frames side by side.  frames: uint8 (n, height, width, 3), n > 0."""
    places = strip_places(len(frames), pictures)
    return grid(frames[places], columns=len(places))


def enlarged(frame: np.ndarray, side: int) -> Image.Image:
    """A frame at least `side` pixels wide, enlarged by an integer factor if it is smaller."""
    height, width, _ = frame.shape
    factor = max(1, -(-side // width))
    return Image.fromarray(frame).resize((factor * width, factor * height), Image.Resampling.BICUBIC)


def gif(frames: np.ndarray, rate: int, side: int = SIDE, progress: Progress | None = None, **settings: object) -> bytes:
    """A GIF that loops forever, with `settings` as a JSON comment.

    frames: uint8 (n, height, width, 3); equal consecutive frames are merged into a longer one.  rate: frames per
    second, in [1, 50]. All frames share 256 colours, so that static areas do not flicker.  Raises ValueError for
    another rate, or if there are no frames.
    """
    check(frames, rate)
    colours = strip(frames, 32).quantize(256)
    pictures: list[Image.Image] = []
    for frame in frames:
        pictures.append(enlarged(frame, side).quantize(palette=colours, dither=Image.Dither.NONE))
        if progress:
            progress(len(pictures), len(frames))
    file = io.BytesIO()
    pictures[0].save(
        file,
        "GIF",
        save_all=True,
        append_images=pictures[1:],
        duration=round(100 / rate) * 10,
        loop=0,
        comment=json.dumps(settings).encode(),
    )
    return file.getvalue()


def mp4(frames: np.ndarray, rate: int, side: int = SIDE, progress: Progress | None = None, **settings: object) -> bytes:
    """An MP4 (H.264) that every browser and phone plays; `settings` are its comment, as JSON.

    frames: uint8 (n, height, width, 3), height and width even.  rate: frames per second, in [1, 50].  Raises ValueError
    for another rate, or if there are no frames.
    """
    import av  # takes long to load, and only MP4 files need it

    check(frames, rate)
    # readable, because moving the index to the front for a quick start reads it again
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
            container.metadata["comment"] = json.dumps(settings)
            stream = container.add_stream("libx264", rate=rate, options={"crf": "16", "preset": "veryfast"})
            stream.width, stream.height = enlarged(frames[0], side).size
            stream.pix_fmt = "yuv420p"  # the only pixel format that all players support
            for done, frame in enumerate(frames, 1):
                container.mux(stream.encode(av.VideoFrame.from_image(enlarged(frame, side))))
                if progress:
                    progress(done, len(frames))
            container.mux(stream.encode())
        return path.read_bytes()


def check_rate(rate: int) -> None:
    """Raises ValueError if a film cannot have `rate` frames per second."""
    if not 1 <= rate <= MAX_RATE:
        raise ValueError(f"A film has 1 to {MAX_RATE} frames per second, not {rate}.")


def check(frames: np.ndarray, rate: int) -> None:
    check_rate(rate)
    if not len(frames):
        raise ValueError("A film needs at least one frame.")
