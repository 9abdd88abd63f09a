"""Prepared images in the user's cache folder: written once, then opened immediately as a memory map."""

import hashlib
import json
import mmap
import os
import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from facedemo.data.source_files import DataError
from facedemo.storage.locations import cache_root, embeddings_root

MIN_IMAGES = 64
CACHE_FORMAT = 2  # 2: more kinds of files are read, and skipped files are listed


@dataclass(frozen=True)
class Faces:
    """Prepared images.

    images: (n, size, size, 3) uint8, RGB, memory-mapped and read-only.  names: n names, in the same order.  skipped:
    (name, reason).  path: the folder in the cache.  digest: of the pixels of all images.
    """

    images: np.ndarray
    names: list[str]
    skipped: list[tuple[str, str]]
    source: str
    path: Path
    digest: str

    @property
    def detections(self) -> Path:
        """The folder of the faces that are detected in these images, and of their embeddings."""
        return embeddings_root() / self.path.name

    def summary(self) -> str:
        """One sentence for users: the number of images, and the skipped files with the reasons."""
        size = self.images.shape[1]
        ready = f"{len(self.names):,} images ready at {size}×{size}"
        if not self.skipped:
            return f"{ready}, none skipped."
        return f"{ready}, {len(self.skipped):,} skipped: {_reasons(self.skipped)}."


def release(images: object) -> None:
    """Releases the memory that a memory-mapped array uses in this process; its pages stay in the system's cache."""
    if isinstance(images, np.memmap) and isinstance(images.base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        images.base.madvise(mmap.MADV_DONTNEED)


def open_faces(key: str, size: int, source: str, cache: Path | None = None) -> Faces | None:
    """The images stored in the cache under key; None if there are none."""
    return _open_faces((cache or cache_root()) / key, size, source)


def write_faces(
    key: str, rows: Iterable[tuple[str, np.ndarray | str]], size: int, source: str, cache: Path | None = None
) -> Faces:
    """Stores images in the cache under key; if that is already stored, opens it and ignores rows.

    rows: (name, (size, size, 3) uint8 RGB image), or (name, reason why there is none).  source: shown to users.  Raises
    DataError if there are fewer than MIN_IMAGES images, or the cache cannot be written.
    """
    root = cache or cache_root()
    faces = _open_faces(root / key, size, source)
    try:
        if faces is None:
            root.mkdir(parents=True, exist_ok=True)
            # if two processes need the same images, the second waits and then opens the first one's result
            with FileLock(root / f"{key}.lock"):
                faces = _open_faces(root / key, size, source) or _build(root / key, rows, size, source)
    except OSError as error:
        raise DataError(
            f"The prepared images cannot be stored in {root} ({error.strerror or error}). "
            "Free some space there, or set FACEDEMO_CACHE to another folder."
        ) from error
    return faces


def _build(final: Path, rows: Iterable[tuple[str, np.ndarray | str]], size: int, source: str) -> Faces:
    part = final.with_name(f"{final.name}.part")
    for damaged in (final, part):
        shutil.rmtree(damaged, ignore_errors=True)
    _remove_abandoned(final.parent)
    part.mkdir()
    try:
        _write_part(part, rows, size, source)
        part.rename(final)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    faces = _open_faces(final, size, source)
    assert faces is not None
    return faces


def _write_part(part: Path, rows: Iterable[tuple[str, np.ndarray | str]], size: int, source: str) -> None:
    names: list[str] = []
    skipped: list[tuple[str, str]] = []
    digest = hashlib.blake2b(digest_size=16)
    with (part / "images.u8").open("wb") as stream:
        for name, image in rows:
            if isinstance(image, str):
                skipped.append((name, image))
                continue
            if image.shape != (size, size, 3) or image.dtype != np.uint8:
                raise ValueError(f"{name}: expected ({size}, {size}, 3) uint8, got {image.shape} {image.dtype}")
            stream.write(np.ascontiguousarray(image).data)
            digest.update(np.ascontiguousarray(image).data)
            names.append(name)
        stream.flush()
        os.fsync(stream.fileno())  # the index must not survive a power cut without the images
    if len(names) < MIN_IMAGES:
        raise DataError(_too_few(source, len(names), skipped))
    index = {"format": CACHE_FORMAT, "size": size, "source": source, "names": names, "skipped": skipped}
    index["digest"] = digest.hexdigest()
    (part / "index.json").write_text(json.dumps(index), encoding="utf-8")


def _open_faces(path: Path, size: int, source: str) -> Faces | None:
    """Opens a stored data set; None if there is none, or it is damaged and must be made again."""
    try:
        index = json.loads((path / "index.json").read_text(encoding="utf-8"))
        names = index["names"]
        shape = (len(names), size, size, 3)
        if index["format"] != CACHE_FORMAT or (path / "images.u8").stat().st_size != np.prod(shape):
            return None
        images = np.memmap(path / "images.u8", np.uint8, mode="r", shape=shape)
        skipped = [(name, reason) for name, reason in index["skipped"]]
        return Faces(images, names, skipped, source, path, index.get("digest") or digest_of(path / "images.u8"))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def digest_of(images: Path) -> str:
    """The digest of images that an earlier version stored without one."""
    with images.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _remove_abandoned(root: Path) -> None:
    for part in root.glob("*.part"):
        try:
            with FileLock(part.with_suffix(".lock"), timeout=0):  # a process that is still writing it holds this lock
                shutil.rmtree(part, ignore_errors=True)
        except Timeout:
            continue


def _too_few(source: str, usable: int, skipped: list[tuple[str, str]]) -> str:
    usable_text = f"{usable} of {usable + len(skipped)} images" if skipped else f"{usable} images"
    message = f"{source} has too few usable images: {usable_text}, and at least {MIN_IMAGES} are needed."
    if not skipped:
        return f"{message} Add more images."
    return (
        f"{message} Skipped: {_reasons(skipped)}. Add more images; for a training, a smaller size helps if many are "
        "too small, and another crop if many show no face."
    )


def _reasons(skipped: list[tuple[str, str]]) -> str:
    counts = Counter(reason for _, reason in skipped).most_common()
    return "; ".join(f"{count:,} {reason}" for reason, count in counts)
