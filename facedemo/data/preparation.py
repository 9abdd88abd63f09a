"""Prepares a source of images once, on all cores: decodes, crops and resizes them, and caches the result."""

import hashlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from PIL import Image

from facedemo.data.cache import CACHE_FORMAT, Faces, open_faces, write_faces
from facedemo.data.decoding import ColourError, decoded, is_animated, rgb, turn_upright
from facedemo.data.personal import UPLOADED, is_uploaded
from facedemo.data.source_files import DataError, Entry, file_names
from facedemo.data.sources import Source, open_source

Crop = Literal["auto", "tight", "wide", "square"]
Progress = Callable[[int, int | None], None]  # (done, total or None)

MAX_PIXELS = 64_000_000
LARGE_PIXELS = 16_000_000  # larger images are decoded one at a time: a dozen at once would fill the memory
WINDOW_BYTES = 256 << 20  # maximum number of bytes read ahead of decoding

UNREADABLE = "damaged or not an image"
ANIMATED = "animated or with several pages"
TOO_MANY_PIXELS = f"more than {MAX_PIXELS // 1_000_000} million pixels"
ODD_COLOURS = "colours that cannot be converted"

_large = threading.Lock()


def prepare(
    source: str | Path, size: int, crop: Crop = "auto", progress: Progress | None = None, cache: Path | None = None
) -> Faces:
    """Opens a source of images at one size, decoding it first if it is not in the cache.

    source: a folder, a .zip or .tar of one, or a CelebA folder; several with a path per line.  size: side in pixels.
    cache: replaces cache_root().
    Raises DataError if the source is unusable or has fewer than MIN_IMAGES usable images.
    """
    if crop not in get_args(Crop):
        raise DataError(f"There is no crop {crop!r}. Choose one of {', '.join(get_args(Crop))}.")
    if not 8 <= size <= 1024:
        raise DataError(f"An image size of {size} pixels is not supported. Choose a size from 8 to 1024.")
    opened = open_source(source)
    key, rows = _key(opened, size, crop), _decode_all(opened, size, crop, progress)
    faces = write_faces(key, rows, size, file_names(source), cache)
    if is_uploaded(source):
        (faces.path / UPLOADED).touch()
    return _with_passed_over(faces, opened)


def prepared(source: str | Path, size: int, crop: Crop = "auto", cache: Path | None = None) -> Faces | None:
    """The cached result of `prepare`; None if it is not cached, or the source no longer exists."""
    try:
        opened = open_source(source)
    except (DataError, OSError):
        return None
    faces = open_faces(_key(opened, size, crop), size, str(source), cache)
    return faces and _with_passed_over(faces, opened)


def _with_passed_over(faces: Faces, opened: Source) -> Faces:
    # not part of the key: a hidden file added by the system must not cause everything to be decoded again
    return replace(faces, skipped=[*faces.skipped, *opened.passed_over])


def _key(opened: Source, size: int, crop: Crop) -> str:
    return hashlib.blake2b(f"{CACHE_FORMAT} {crop} {size} {opened.digest}".encode(), digest_size=16).hexdigest()


def crop_box(width: int, height: int, crop: Crop) -> tuple[int, int, int, int]:
    """The square (left, upper, right, lower) of a crop, always inside the image.

    `tight` and `wide` are fractions of CelebA's aligned frame, in which the face's position is known: 64 or 80 of
    89×109 pixels, around (44, 59).
    """
    if crop == "auto":
        crop = "tight" if abs(width * 109 / (height * 89) - 1) <= 0.01 else "square"
    if crop == "square":
        side = min(width, height)
        left, upper = (width - side) // 2, (height - side) // 2
    else:
        side = max(1, min(round((64 if crop == "tight" else 80) * width / 89), width, height))
        left = min(max(0, round(44 * width / 89 - side / 2)), width - side)
        upper = min(max(0, round(59 * height / 109 - side / 2)), height - side)
    return left, upper, left + side, upper + side


def decode(data: bytes, size: int, crop: Crop = "auto") -> np.ndarray:
    """Decodes, turns upright, crops and resizes one image file of any kind.

    Returns (size, size, 3) uint8, RGB.  Raises DataError with the reason if that is impossible.
    """
    try:
        return decoded(data, lambda image: _square(image, size, crop))
    except DataError:
        raise
    except ColourError as error:
        raise DataError(ODD_COLOURS) from error
    except Image.DecompressionBombError as error:
        raise DataError(TOO_MANY_PIXELS) from error
    except Exception as error:  # for damaged files, Pillow raises almost anything, from SyntaxError to struct.error
        raise DataError(UNREADABLE) from error


def _square(image: Image.Image, size: int, crop: Crop) -> np.ndarray:
    pixels = image.width * image.height
    if pixels > MAX_PIXELS:
        raise DataError(TOO_MANY_PIXELS)
    if is_animated(image):
        raise DataError(ANIMATED)
    with _large if pixels > LARGE_PIXELS else nullcontext():
        # a JPEG can be decoded at reduced size, at a fraction of the cost
        image.draft(None, (6 * size, 6 * size))
        turn_upright(image)
        box = crop_box(image.width, image.height, crop)
        side = box[2] - box[0]
        if side * 2 < size:
            raise DataError(f"too small: the crop has fewer than {-(-size // 2)} pixels per side")
        square = rgb(image.crop(box))
        if side != size:
            square = square.resize((size, size), Image.Resampling.LANCZOS, reducing_gap=3)
        return np.asarray(square)


def _decode_all(
    source: Source, size: int, crop: Crop, progress: Progress | None
) -> Iterator[tuple[str, np.ndarray | str]]:
    """Yields (name, image or reason) in the order of the source, decoding on all cores."""

    def attempt(entry: Entry) -> np.ndarray | str:
        try:
            return entry.problem or decode(entry.data, size, crop)
        except DataError as reason:
            return str(reason)

    workers = os.cpu_count() or 1
    waiting: deque[tuple[Entry, Future[np.ndarray | str]]] = deque()
    total, held, done, report = source.count(), 0, 0, throttled(progress)
    with ThreadPoolExecutor(workers) as pool:
        for entry in source.read():
            waiting.append((entry, pool.submit(attempt, entry)))
            held += len(entry.data)
            while len(waiting) > 4 * workers or held > WINDOW_BYTES:
                first, image = waiting.popleft()
                yield first.name, image.result()
                held, done = held - len(first.data), done + 1
                report(done, total)
        for first, image in waiting:
            yield first.name, image.result()
            done += 1
            report(done, total)
    yield from source.noted
    if progress:
        progress(done, done)


def throttled(progress: Progress | None) -> Progress:
    """Passes on at most ten reports per second, so that displaying them costs nothing."""
    last = 0.0

    def report(done: int, total: int | None) -> None:
        nonlocal last
        if progress and time.monotonic() - last >= 0.1:
            progress(done, total)
            last = time.monotonic()

    return report
