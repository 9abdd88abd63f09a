"""What is found in prepared images, against values worked out by hand."""

import re
import tarfile
import time
from collections import Counter
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from facedemo.data.cache import Faces
from facedemo.data.findings import EXAMINED, even_sample, examine, near_copies, sharpness
from facedemo.data.preparation import NO_FACE, TOO_SMALL, prepare

DATA = Path(__file__).parents[3] / "shared" / "data"


def faces(images: np.ndarray, skipped: tuple[tuple[str, str], ...] = (), names: list[str] | None = None) -> Faces:
    return Faces(images, names or [f"{row}.png" for row in range(len(images))], list(skipped), "mine", Path(), "")


def noise(count: int, size: int = 32, seed: int = 0) -> np.ndarray:
    return np.random.RandomState(seed).randint(0, 256, (count, size, size, 3), dtype=np.uint8)


def textured(count: int, size: int = 32, seed: int = 0) -> np.ndarray:
    """Different pictures: noise whose 8×8 parts have different means."""
    rng = np.random.RandomState(seed)
    parts = rng.randint(0, 200, (count, 8, 8, 3)).repeat(size // 8, axis=1).repeat(size // 8, axis=2)
    return (parts + rng.randint(0, 56, parts.shape)).astype(np.uint8)


@given(count=st.integers(0, 3000), number=st.integers(1, 200), seed=st.integers(0, 5))
def test_an_even_sample_has_one_row_of_each_equal_stretch(count: int, number: int, seed: int) -> None:
    rows = even_sample(count, number, seed)
    assert len(rows) == min(count, number)
    assert np.array_equal(rows, even_sample(count, number, seed))
    if count > number:
        edges = [stretch * count // number for stretch in range(number + 1)]
        assert all(low <= row < high for row, low, high in zip(rows, edges, edges[1:], strict=False))


def test_the_sharpness_of_a_checkerboard_is_worked_out_by_hand() -> None:
    """A pixel differs by 200 from its four neighbours: the Laplacian is ±800, and the grey values are 100 ± 100."""
    board = np.indices((10, 10)).sum(axis=0) % 2 * 200
    image = np.repeat(board[..., None], 3, axis=2).astype(np.uint8)
    assert sharpness(image[None])[0] == pytest.approx(800**2 / 100**2, rel=1e-5)
    assert sharpness(np.full((1, 10, 10, 3), 7, np.uint8))[0] == 0
    ramp = np.repeat(np.broadcast_to(np.arange(10) * 20, (10, 10))[..., None], 3, axis=2).astype(np.uint8)
    assert sharpness(ramp[None])[0] == pytest.approx(0, abs=1e-6)


def test_copies_are_images_whose_parts_differ_by_less_than_seven_levels() -> None:
    first, second = textured(2)
    first = first.clip(0, 200)
    images = np.stack([first, second, first + 6, second, first + 8])
    assert near_copies(images) == [(2, 0), (3, 1), (4, 2)], "8 levels from the first one, but 2 from the third"
    assert near_copies(images[[0, 1, 4]]) == []
    assert near_copies(images[:1]) == []


def test_copies_are_found_across_blocks_and_are_the_nearest_earlier_image() -> None:
    images = textured(2200)
    images[2100], images[1500] = images[3], images[1400]
    assert near_copies(images) == [(1500, 1400), (2100, 3)]


@pytest.mark.parametrize("size", [32, 64, 128])
def test_blurred_images_are_told_from_sharp_ones_at_every_size(size: int) -> None:
    sharp = [Image.fromarray(image) for image in textured(4, size)]
    blurred = [image.filter(ImageFilter.GaussianBlur(size / 20)) for image in sharp]
    findings = examine(faces(np.stack([np.asarray(image) for image in [*sharp, *blurred]])))
    assert findings.blurred.tolist() == [4, 5, 6, 7]


def test_the_findings_are_said_in_words_with_their_warnings() -> None:
    images = textured(100)
    images[50:70] = images[:20]
    images[90:] = images[89]  # ten more copies
    images[80] = 0
    skipped = [(f"{row}", NO_FACE) for row in range(150)] + [(f"s{row}", f"{TOO_SMALL}: few") for row in range(20)]
    findings = examine(faces(images, tuple(skipped)))
    assert findings.skipped == Counter({NO_FACE: 150, f"{TOO_SMALL}: few": 20})
    assert findings.summary() == "1 looks blurred, and 30 are near-copies of others."
    starts = (
        "No face was found in 150 of 250 photos",
        "100 images are few",
        "20 were skipped",
        "30 % are near",
    )
    assert [warning.startswith(start) for warning, start in zip(findings.warnings, starts, strict=True)] == [True] * 4


def test_good_images_have_no_warning() -> None:
    findings = examine(faces(textured(600)))
    assert (findings.warnings, len(findings.shown), findings.copies) == ([], 24, [])
    assert findings.summary() == "0 look blurred, and 0 are near-copies of others."


def test_several_faces_of_a_photo_are_one_photo() -> None:
    findings = examine(faces(textured(600), names=[f"{row // 3}.jpg#{row % 3 + 1}" for row in range(600)]))
    assert findings.photos == 200


def test_of_many_images_a_sample_is_examined_and_said_to_be_one() -> None:
    images = np.broadcast_to(textured(1), (EXAMINED + 1000, 32, 32, 3))
    findings = examine(faces(images))
    assert len(findings.examined) == EXAMINED
    assert findings.summary().endswith("4,999 are near-copies of others, in a sample of 5,000.")
    assert all(row > earlier for row, earlier in findings.copies)


def test_five_thousand_images_are_examined_within_two_seconds() -> None:
    images, spent = noise(5000, 64), []
    for _ in range(3):
        began = time.process_time()
        examine(faces(images))
        spent.append(time.process_time() - began)
    assert min(spent) < 2


@pytest.mark.skipif(not (DATA / "utkface.tar").exists(), reason="UTKFace is not on this machine")
@pytest.mark.slow
def test_copies_among_real_faces_are_found_and_sharp_faces_are_not_called_blurred(tmp_path: Path) -> None:
    with tarfile.open(DATA / "celeba.tar") as archive:
        sixth = [member for member in archive if member.isdir() or int(re.sub(r"\D", "", member.name) or 0) % 6 == 0]
        archive.extractall(tmp_path / "celeba", sixth, filter="data")
    with tarfile.open(DATA / "utkface.tar") as archive:
        archive.extractall(tmp_path / "utkface", islice(archive, 5000), filter="data")
    celeba, utkface = (examine(prepare(tmp_path / name, 64)) for name in ("celeba", "utkface"))
    assert len(celeba.examined) > 1250
    assert len(celeba.copies) == 0
    assert len(celeba.blurred) < 0.01 * len(celeba.examined)
    assert 100 <= len(utkface.copies) <= 250
