"""What `face_recognition` sees in images: where faces are, and the 128 numbers that tell people apart.

Every image is looked at once: what was found is kept in the user's cache folder, by the content of the images, so an
evaluation that was interrupted goes on and a second one is quick. Embeddings of real people are personal data: they
stay there, and nothing in this project ships them.
"""

import hashlib
import os
import secrets
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context, parent_process
from pathlib import Path
from types import ModuleType
from typing import Literal

import numpy as np

from facedemo.data.preparation import Progress
from facedemo.evaluation.face_recognition import recogniser
from facedemo.storage.locations import cache_root

Detector = Literal["hog", "cnn"]
Box = tuple[int, int, int, int]  # top, right, bottom, left, in pixels

CHUNK = 25  # images judged at a time, and kept in one file
FORMAT = 1  # of those files
DIMENSIONS = 128
SMALLEST = 64  # pixels a side: in smaller pictures, the detector finds faces only once they are enlarged


@dataclass(frozen=True)
class Judged:
    """For each of n images: its largest face's box (0, 0, 0, 0 where none was found) and embedding.

    found: (n,) bool.  boxes: (n, 4) int, as `Box`.  faces: (n,) how many faces were found.
    embeddings: (n, 128) float64, NaN where none was found, and everywhere where they were not asked for.
    """

    boxes: np.ndarray
    faces: np.ndarray
    embeddings: np.ndarray

    @property
    def found(self) -> np.ndarray:
        return self.faces > 0

    @property
    def known(self) -> np.ndarray:
        """Embeddings of the images with a face, (m, 128)."""
        return self.embeddings[self.found]


def judge(
    images: Sequence[np.ndarray],
    detector: Detector = "hog",
    embed: bool = True,
    progress: Progress | None = None,
    processes: int | None = None,
    cache: Path | None = None,
) -> Judged:
    """Looks for faces with `face_recognition` at its default settings, on all cores.

    Pictures below SMALLEST pixels are enlarged once more than it does by itself: it would find no face in any.

    images: n of uint8 (height, width, 3), at the size they are to be judged at.  embed: compute embeddings, which takes
    fifty times as long as finding the faces.  processes: 1 judges in this one.
    progress: called once at the start where something is left to judge, then after every chunk; what it raises ends
    the work, of which all that is done is kept.
    cache: instead of the user's cache folder.
    """
    folder = cache or cache_root().parent / "judged"
    folder.mkdir(parents=True, exist_ok=True)
    chunks = [np.stack([images[row] for row in part]) for part in parts(len(images))]
    files = [folder / f"{key(chunk, detector, embed)}.npz" for chunk in chunks]
    done = [read(file) for file in files]
    waiting = [number for number, found in enumerate(done) if found is None]
    finished = sum(len(chunk) for chunk in chunks) - sum(len(chunks[number]) for number in waiting)
    if progress and waiting:
        progress(finished, len(images))
    with closing(looked_at(waiting, chunks, detector, embed, processes or os.cpu_count() or 1)) as results:
        for number, found in results:
            done[number] = found
            write(files[number], found)
            finished += len(chunks[number])
            if progress:
                progress(finished, len(images))
    columns = zip(*(found for found in done if found is not None), strict=True)
    boxes, faces, embeddings = (np.concatenate(column) for column in columns)
    return Judged(boxes, faces, embeddings)


def parts(count: int) -> Iterator[range]:
    yield from (range(start, min(start + CHUNK, count)) for start in range(0, count, CHUNK))


def key(chunk: np.ndarray, detector: str, embed: bool) -> str:
    content = hashlib.blake2b(np.ascontiguousarray(chunk).data, digest_size=16)
    content.update(f"{FORMAT} {detector} {embed} {chunk.shape}".encode())
    if upsampled(chunk) > 1:
        content.update(b" enlarged")
    return content.hexdigest()


def upsampled(chunk: np.ndarray) -> int:
    """How often the detector doubles images (n, height, width, 3): once is the default of `face_recognition`."""
    return 2 if min(chunk.shape[1:3]) < SMALLEST else 1


Found = tuple[np.ndarray, np.ndarray, np.ndarray]  # boxes, faces, embeddings of a chunk


def looked_at(
    waiting: list[int], chunks: list[np.ndarray], detector: Detector, embed: bool, processes: int
) -> Iterator[tuple[int, Found]]:
    """Judges the waiting chunks, in whatever order they are done."""
    if processes == 1 or len(waiting) < 2:
        yield from ((number, look(chunks[number], detector, embed)) for number in waiting)
        return
    left, running = iter(waiting), dict[Future[Found], int]()
    with ProcessPoolExecutor(min(processes, len(waiting)), get_context("spawn"), end_with_the_parent) as pool:

        def submit(count: int) -> None:
            for number in islice(left, count):
                running[pool.submit(look, chunks[number], detector, embed)] = number

        with nothing_to_run_again():
            submit(processes + 1)  # not all: Python waits for whatever is in the queue before it ends
        try:
            while running:
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    submit(1)
                    yield running.pop(future), future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def end_with_the_parent() -> None:
    """A worker whose parent was killed would otherwise wait for work for ever."""
    parent = parent_process()

    def watch() -> None:
        parent.join()
        os._exit(1)

    if parent is not None:
        threading.Thread(target=watch, daemon=True, name="watch the parent").start()


@contextmanager
def nothing_to_run_again() -> Iterator[None]:
    """A spawned process runs the program's main script once more; for a Streamlit app, that is the whole page."""
    main, nothing = sys.modules["__main__"], ModuleType("__main__")
    sys.modules["__main__"] = nothing
    try:
        yield
    finally:
        if sys.modules["__main__"] is nothing:  # another visitor's page may have begun meanwhile
            sys.modules["__main__"] = main


def look(chunk: np.ndarray, detector: Detector, embed: bool) -> Found:
    """Judges images (n, height, width, 3) in this process."""
    face_recognition = recogniser()
    boxes = np.zeros((len(chunk), 4), np.int64)
    faces = np.zeros(len(chunk), np.int64)
    embeddings = np.full((len(chunk), DIMENSIONS), np.nan)
    for number, image in enumerate(chunk):
        found: list[Box] = face_recognition.face_locations(image, upsampled(chunk), model=detector)
        faces[number] = len(found)
        if found:
            boxes[number] = max(found, key=area)
            if embed:
                embeddings[number] = face_recognition.face_encodings(image, [tuple(boxes[number])])[0]
    return boxes, faces, embeddings


def area(box: Box) -> int:
    top, right, bottom, left = box
    return (bottom - top) * (right - left)


def read(file: Path) -> Found | None:
    """What was found before; None where nothing was kept, or what was kept is damaged."""
    try:
        with np.load(file) as kept:
            return kept["boxes"], kept["faces"], kept["embeddings"]
    except (OSError, ValueError, KeyError, EOFError):
        return None
    except Exception:  # a damaged zip file raises zipfile.BadZipFile, and zlib its own
        return None


def write(file: Path, found: Found) -> None:
    temporary = file.with_name(f".{file.stem}.{secrets.token_hex(4)}.npz")
    np.savez_compressed(temporary, boxes=found[0], faces=found[1], embeddings=found[2])
    temporary.replace(file)


def landmarks(image: np.ndarray, box: Box) -> dict[str, list[tuple[int, int]]]:
    """Points (x, y) in pixels of the parts of one face: chin, eyebrows, nose, eyes, lips."""
    return recogniser().face_landmarks(image, [tuple(int(side) for side in box)])[0]
