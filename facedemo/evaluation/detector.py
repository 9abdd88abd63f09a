"""Face detection and embeddings of 128 numbers, by `face_recognition`.

Results are cached in the user's cache folder by image content, so an interrupted evaluation can continue and a repeated
one is quick. Embeddings of real people are personal data: they stay in the cache, in a folder for each data set, which
is removed with it, and are never exported.
"""

import hashlib
import os
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np

from facedemo.data.face_recognition import using_face_recognition
from facedemo.data.images import Images
from facedemo.progress import Progress
from facedemo.storage.atomic import remove_abandoned, replacing
from facedemo.storage.locations import embeddings_root
from facedemo.storage.workers import worker_pool

Detector = Literal["hog", "cnn"]
Box = tuple[int, int, int, int]  # top, right, bottom, left, in pixels
Found = tuple[np.ndarray, np.ndarray, np.ndarray]  # boxes, faces, embeddings of a chunk

CHUNK = 25  # images processed at a time and cached in one file
FORMAT = 1  # of the cache files
DIMENSIONS = 128
SMALLEST = 64  # pixels per side: smaller images are enlarged, or the detector would detect no faces


@dataclass(frozen=True)
class FaceDetections:
    """For each of n images, the box (0, 0, 0, 0 if there is no face) and the embedding of the largest face.

    detected: (n,) bool.  boxes: (n, 4) int, as `Box`.  faces: (n,) number of detected faces.  embeddings: (n, 128)
    float64, NaN for images without a face, and NaN everywhere if they were not requested.
    """

    boxes: np.ndarray
    faces: np.ndarray
    embeddings: np.ndarray

    @property
    def detected(self) -> np.ndarray:
        return self.faces > 0

    @property
    def face_embeddings(self) -> np.ndarray:
        """The embeddings of the images with a face, (m, 128)."""
        return self.embeddings[self.detected]

    def followed_by(self, other: "FaceDetections") -> "FaceDetections":
        pairs = ((self.boxes, other.boxes), (self.faces, other.faces), (self.embeddings, other.embeddings))
        return FaceDetections(*map(np.concatenate, pairs))

    def at(self, rows: np.ndarray) -> "FaceDetections":
        return FaceDetections(self.boxes[rows], self.faces[rows], self.embeddings[rows])


def detect_and_embed(
    images: Images,
    detector: Detector = "hog",
    embed: bool = True,
    progress: Progress | None = None,
    processes: int | None = None,
    cache: Path | None = None,
) -> FaceDetections:
    """Detects faces with `face_recognition` at its default settings, on all cores.

    Images below SMALLEST pixels are enlarged once more than by default; otherwise no face would be detected in them.

    images: n of uint8 (height, width, 3).  embed: compute embeddings, which takes 50 times as long as detection.
    processes: 1 runs in this process.  progress: called at the start if some images are not cached, then after every
    chunk; an exception from it stops the work, and finished chunks stay in the cache.  cache: the folder
    of the results; by default that of faces that no data set contains.
    """
    folder = cache or embeddings_root()
    with suppress(OSError):  # without a cache, everything is computed
        folder.mkdir(parents=True, exist_ok=True)
        remove_abandoned(folder)
    rows = list(parts(len(images)))

    def chunk(number: int) -> np.ndarray:
        return np.stack([images[row] for row in rows[number]])

    # one chunk at a time: all images of a large data set would fill the memory
    files = [folder / f"{key(chunk(number), detector, embed)}.npz" for number in range(len(rows))]
    done = [read(file) for file in files]
    pending = [number for number, result in enumerate(done) if result is None]
    finished = len(images) - sum(len(rows[number]) for number in pending)
    if progress and pending:
        progress(finished, len(images))
    with closing(detect_pending(pending, chunk, detector, embed, processes or os.cpu_count() or 1)) as results:
        for number, result in results:
            done[number] = result
            write(files[number], result)
            finished += len(rows[number])
            if progress:
                progress(finished, len(images))
    columns = zip(*(result for result in done if result is not None), strict=True)
    boxes, faces, embeddings = (np.concatenate(column) for column in columns)
    return FaceDetections(boxes, faces, embeddings)


def parts(count: int) -> Iterator[range]:
    yield from (range(start, min(start + CHUNK, count)) for start in range(0, count, CHUNK))


def key(chunk: np.ndarray, detector: str, embed: bool) -> str:
    content = hashlib.blake2b(np.ascontiguousarray(chunk).data, digest_size=16)
    content.update(f"{FORMAT} {detector} {embed} {chunk.shape}".encode())
    if upsampled(chunk) > 1:
        content.update(b" enlarged")
    return content.hexdigest()


def upsampled(chunk: np.ndarray) -> int:
    """How often the detector doubles images (n, height, width, 3); the default of `face_recognition` is once."""
    return 2 if min(chunk.shape[1:3]) < SMALLEST else 1


def detect_pending(
    pending: list[int], chunk: Callable[[int], np.ndarray], detector: Detector, embed: bool, processes: int
) -> Generator[tuple[int, Found]]:
    """Processes the pending chunks and yields them as they finish, in any order.  chunk: reads one by its number."""
    if processes == 1 or len(pending) < 2:
        return ((number, detect_chunk(chunk(number), detector, embed)) for number in pending)
    return detect_in_processes(pending, chunk, detector, embed, min(processes, len(pending)))


def detect_in_processes(
    pending: list[int], chunk: Callable[[int], np.ndarray], detector: Detector, embed: bool, processes: int
) -> Generator[tuple[int, Found]]:
    left, running = iter(pending), dict[Future[Found], int]()
    with worker_pool("facedemo.evaluation.detector:detect_chunk", processes) as pool:

        def submit(count: int) -> None:  # only a few chunks at once, so that only they are in memory
            for number in islice(left, count):
                running[pool.submit(chunk(number), detector, embed)] = number

        submit(processes + 1)
        while running:
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                submit(1)
                yield running.pop(future), future.result()


def detect_chunk(chunk: np.ndarray, detector: Detector, embed: bool) -> Found:
    """Detects faces in images (n, height, width, 3) in this process."""
    boxes = np.zeros((len(chunk), 4), np.int64)
    faces = np.zeros(len(chunk), np.int64)
    embeddings = np.full((len(chunk), DIMENSIONS), np.nan)
    for number, image in enumerate(chunk):
        with using_face_recognition() as face_recognition:
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
    """Cached results; None if there are none or the file is damaged."""
    try:
        with np.load(file) as saved:
            return saved["boxes"], saved["faces"], saved["embeddings"]
    except (OSError, ValueError, KeyError, EOFError):
        return None
    except Exception:  # a damaged zip file raises zipfile.BadZipFile, or zlib.error
        return None


def write(file: Path, result: Found) -> None:
    """Caches results, if that is possible: they are there, and can be computed again."""
    with suppress(OSError), replacing(file, flush=False) as temporary, temporary.open("wb") as out:
        np.savez_compressed(out, boxes=result[0], faces=result[1], embeddings=result[2])


def landmarks(image: np.ndarray, box: Box) -> dict[str, list[tuple[int, int]]]:
    """Points (x, y) in pixels of the parts of one face: chin, eyebrows, nose, eyes, lips."""
    with using_face_recognition() as face_recognition:
        return face_recognition.face_landmarks(image, [tuple(int(side) for side in box)])[0]
