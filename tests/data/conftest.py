"""Images, folders and archives for the tests of data."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facedemo.storage.locations import cache_root

CELEBA = Path(__file__).parents[3] / "shared/data/celeba.tar"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path / "cache"))
    return cache_root()


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def noise(width: int, height: int, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "faces").mkdir()
    for number in range(70):
        (tmp_path / f"faces/{number:03d}.png").write_bytes(encoded(noise(40, 50, number)))
    return tmp_path / "faces"


def frames(kind: str) -> bytes:
    rest = [noise(64, 64, seed) for seed in (1, 2)]
    return encoded(noise(64, 64), kind, save_all=True, append_images=rest)


NOISY = encoded(noise(64, 64))
