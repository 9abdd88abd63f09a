"""Models as ZIP files, and what is refused of them."""

import io
import zipfile
from pathlib import Path

import pytest

from facedemo.pretrained import archive as model_archive
from facedemo.pretrained import sampling
from facedemo.pretrained.archive import ArchiveError
from facedemo.pretrained.model import load_model
from facedemo.storage import locations


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer


def refused(source: io.BytesIO | Path, message: str) -> None:
    """It is refused with these words, and leaves nothing behind."""
    root = locations.checkpoints_root()
    before = sorted(root.rglob("*")) if root.exists() else []
    with pytest.raises(ArchiveError, match=message):
        model_archive.import_zip(source)
    assert (sorted(root.rglob("*")) if root.exists() else []) == before


def faces(folder: Path) -> list[int]:
    return sampling.generate(load_model(folder), [1, 2]).ravel().tolist()
