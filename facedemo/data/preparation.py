"""Prepares a source of images once, on all cores: decodes, crops and resizes them, and caches the result."""

import hashlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import get_args

import numpy as np
from PIL import Image

from facedemo.data import personal
from facedemo.data.cache import CACHE_FORMAT, Faces, open_faces, write_faces
from facedemo.data.cropping import Crop, crop_box
from facedemo.data.decoding import MAX_PIXELS, ColourError, decoded, is_animated, rgb, turn_upright
from facedemo.data.source_files import DataError, Entry, file_names, is_uploaded
from facedemo.data.sources import Source, open_source
from facedemo.progress import Progress
from facedemo.storage.workers import worker_pool

LARGE_PIXELS = 16_000_000  # larger images are decoded one at a time: a dozen at once would fill the memory
WINDOW_BYTES = 256 << 20  # maximum number of bytes read ahead of decoding

UNREADABLE = "damaged or not an image"
ANIMATED = "animated or with several pages"
TOO_MANY_PIXELS = f"more than {MAX_PIXELS // 1_000_000} million pixels"
ODD_COLOURS = "colours that cannot be converted"
TOO_SMALL = "too small"
NO_FACE = "without a detected face"
ALIGNMENT = 2  # of the crop “face”. 2: a photo is mirrored and blurred beyond its edge, no longer streaked
SMALLEST_FACE = 32  # pixels
SMALL_FACE = f"with a face of fewer than {SMALLEST_FACE} pixels"

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
        personal.note_upload(faces.path, str(source))
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
    cut = f"{crop} {ALIGNMENT}" if crop == "face" else crop
    return hashlib.blake2b(f"{CACHE_FORMAT} {cut} {size} {opened.digest}".encode(), digest_size=16).hexdigest()


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
            raise DataError(f"{TOO_SMALL}: the crop has fewer than {-(-size // 2)} pixels per side")
        square = rgb(image.crop(box))
        if side != size:
            square = square.resize((size, size), Image.Resampling.LANCZOS, reducing_gap=3)
        return np.asarray(square)


def images_in(entry: Entry, size: int, crop: Crop) -> list[np.ndarray | str]:
    """The images of one file, or the reason why there is none; a photo has an image for each face with `face`."""
    try:
        if entry.problem:
            return [entry.problem]
        return [decode(entry.data, size, crop)] if crop != "face" else faces_in(entry.data, size)
    except DataError as reason:
        return [str(reason)]


def faces_in(data: bytes, size: int) -> list[np.ndarray | str]:
    """The faces in a photo, turned upright by their eyes and cut as tightly as CelebA's; too small ones as a reason.

    Raises DataError if there is no face, or no photo.
    """
    from facedemo.data import photos  # imports SciPy and, at the first face, dlib, which no other crop needs

    try:
        photo = photos.read(data)
    except photos.TooLargeError as error:
        raise DataError(TOO_MANY_PIXELS) from error
    except photos.PhotoError as error:
        raise DataError(UNREADABLE) from error
    faces = photos.find_faces(photo)
    if not faces:
        raise DataError(NO_FACE)
    return [
        photos.align(photo, face, size, "face") if face.box[2] - face.box[0] >= SMALLEST_FACE else SMALL_FACE
        for face in faces
    ]


def named(name: str, images: list[np.ndarray | str]) -> Iterator[tuple[str, np.ndarray | str]]:
    """The images of a file with names; further faces of a photo are numbered."""
    for number, image in enumerate(images, 1):
        yield name if number == 1 else f"{name}#{number}", image


@contextmanager
def decoders(crop: Crop, count: int) -> Iterator[Callable[..., Future[list[np.ndarray | str]]]]:
    """Submits calls of `images_in` to all cores: to threads, or to processes for dlib, which finds faces."""
    if crop == "face":
        with worker_pool("facedemo.data.preparation:images_in", count) as pool:
            yield pool.submit
    else:
        with ThreadPoolExecutor(count) as threads:
            yield partial(threads.submit, images_in)


def _decode_all(
    source: Source, size: int, crop: Crop, progress: Progress | None
) -> Iterator[tuple[str, np.ndarray | str]]:
    """Yields (name, image or reason) in the order of the source, decoding on all cores."""
    workers = os.cpu_count() or 1
    waiting: deque[tuple[Entry, Future[list[np.ndarray | str]]]] = deque()
    total, held, done, report = source.count(), 0, 0, throttled(progress)
    with decoders(crop, workers) as submit:
        for entry in source.read():
            waiting.append((entry, submit(entry, size, crop)))
            held += len(entry.data)
            while len(waiting) > 4 * workers or held > WINDOW_BYTES:
                first, images = waiting.popleft()
                yield from named(first.name, images.result())
                held, done = held - len(first.data), done + 1
                report(done, total)
        for first, images in waiting:
            yield from named(first.name, images.result())
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
