"""Data on real people that the app keeps on this computer: uploaded images, and embeddings of faces.

Both expire after `keep_days()` and can be removed at once; images are then uploaded, and embeddings computed, again.
"""

import os
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from facedemo.data.source_files import lines
from facedemo.storage.locations import cache_root, embeddings_root, uploads_root

UPLOADED = "uploaded"  # a file in each prepared data set that was made from uploads, with their paths
EMBEDDINGS = "*.npz*"  # also what a killed process left half-written
DAY = 24 * 3600.0
DEFAULT_DAYS = 30.0


class Personal(NamedTuple):
    """uploads: folders of uploaded images.  prepared: data sets made from them.  embeddings: files of embeddings."""

    uploads: list[Path]
    prepared: list[Path]
    embeddings: list[Path]

    @property
    def every(self) -> list[Path]:
        return [*self.uploads, *self.prepared, *self.embeddings]

    def summary(self) -> str:
        counts = [
            f"{len(paths):,} {singular if len(paths) == 1 else many}"
            for paths, singular, many in (
                (self.uploads, "upload", "uploads"),
                (self.prepared, "data set made from uploads", "data sets made from uploads"),
                (self.embeddings, "file of face embeddings", "files of face embeddings"),
            )
        ]
        return ", ".join(counts)


def keep_days() -> float:
    """Days after which uploads and embeddings expire: `FACEDEMO_KEEP_DAYS`, or 30."""
    try:
        return max(0.0, float(os.environ.get("FACEDEMO_KEEP_DAYS", DEFAULT_DAYS)))
    except ValueError:
        return DEFAULT_DAYS


def note_upload(prepared: Path, source: str) -> None:
    """Notes in a prepared data set that it was made from an upload; equal uploads of several visitors share it."""
    if source not in text_of(prepared / UPLOADED):
        with (prepared / UPLOADED).open("a", encoding="utf8") as mark:
            mark.write(f"\n{source}\n")


def personal_data(older_than_days: float = 0.0, prefix: str = "") -> Personal:
    """The uploads and embeddings that are at least `older_than_days` old.

    prefix: of the names of one visitor's uploads; then only these, and what was made from them and from nobody else's.
    """
    limit = time.time() - older_than_days * DAY

    def old(paths: Iterable[Path]) -> list[Path]:
        aged = []
        for path in paths:
            with suppress(OSError):
                if path.stat().st_mtime <= limit:
                    aged.append(path)
        return sorted(aged)

    marks = cache_root().glob(f"*/{UPLOADED}")
    prepared = old(mark.parent for mark in marks if belongs_to(mark, prefix))
    with_them = [file for folder in prepared for file in (embeddings_root() / folder.name).glob(EMBEDDINGS)]
    others = [] if prefix else old(embeddings_root().glob(f"**/{EMBEDDINGS}"))
    return Personal(old(uploads_root().glob(f"{prefix}*")), prepared, sorted({*with_them, *others}))


def belongs_to(mark: Path, prefix: str) -> bool:
    """Whether a data set was made from uploads whose names begin with `prefix`, and from no other one that exists."""
    if not prefix:
        return True
    own = str(uploads_root() / prefix)
    sources = lines(text_of(mark))
    return any(line.startswith(own) for line in sources) and not any(
        Path(line).exists() for line in sources if not line.startswith(own)
    )


def text_of(path: Path) -> str:
    """The content of a file; "" if it cannot be read, for instance because it is being removed."""
    try:
        return path.read_text("utf8", errors="replace")
    except OSError:
        return ""


def purge(older_than_days: float = 0.0, prefix: str = "") -> Personal:
    """Removes what `personal_data` finds, and returns it."""
    stored = personal_data(older_than_days, prefix)
    for path in stored.every:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return stored


def expire() -> Personal:
    """Removes the uploads and embeddings that have expired."""
    return purge(keep_days())
