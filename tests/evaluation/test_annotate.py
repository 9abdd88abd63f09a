"""Marked faces and sheets of an evaluation, on faces of the bundled model."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from facedemo.evaluation import annotate
from facedemo.evaluation.detector import detect_and_embed, landmarks
from facedemo.evaluation.verify import DetectedImages
from facedemo.imaging import pictures
from facedemo.pretrained import sampling
from facedemo.pretrained.model import find_model, load_model
from facedemo.pretrained.seeds import face_seeds


@pytest.fixture(scope="module")
def detected(tmp_path_factory: pytest.TempPathFactory) -> DetectedImages:
    """Five faces, of which the last is the first once more, and two pictures of nothing."""
    some = sampling.generate(load_model(find_model("ours-64")), face_seeds(5, 12))
    faces = some[detect_and_embed(some, embed=False, processes=1, cache=tmp_path_factory.mktemp("some")).detected][:4]
    nothing = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    images = np.concatenate([faces, nothing, faces[:1]])
    return DetectedImages(
        "mine", images, detect_and_embed(images, processes=1, cache=tmp_path_factory.mktemp("judged"))
    )


def opened(file: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(file)))


def test_a_marked_face_is_enlarged_and_differs_only_along_its_lines(detected: DetectedImages) -> None:
    image, box = detected.images[0], detected.hog.boxes[0]
    plain = annotate.marked(image, (0, 63, 63, 0), {})
    marked = annotate.marked(image, box, landmarks(image, box))
    assert marked.shape == (192, 192, 3)
    changed = (marked != plain).any(axis=2)
    top, right, _, left = (3 * int(side) for side in box)
    assert changed[top, left:right].mean() > 0.9, "the upper edge of the box"
    assert (marked[top, (left + right) // 2] == annotate.BOX_COLOUR).all()
    assert (marked == annotate.POINTS_COLOUR).all(axis=2).sum() > 100
    assert changed.mean() < 0.3


def test_a_box_that_reaches_over_the_edge_is_drawn_along_it() -> None:
    marked = annotate.marked(np.zeros((64, 64, 3), np.uint8), (-5, 80, 70, -9), {})
    assert (marked[0, :] == annotate.BOX_COLOUR).all()
    assert (marked[:, -1] == annotate.BOX_COLOUR).all()


def test_a_person_has_one_portrait_with_the_number_of_its_faces_most_first(detected: DetectedImages) -> None:
    portraits = annotate.portraits(detected)
    assert detected.hog.detected.tolist() == [True] * 4 + [False] * 2 + [True]
    assert portraits[0] == (0, 2), "the face that comes twice"
    assert sum(count for _, count in portraits) == 5
    assert [row for row, _ in portraits] == annotate.sheet_rows(detected, "people")
    once, often = (annotate.counted(detected.images[0], count) for count in (1, 1000))
    assert (once[:150] == often[:150]).all()
    assert (once != often).any()


def test_sheets_hold_every_face_of_their_kind_and_say_so(detected: DetectedImages) -> None:
    sheets = annotate.sheets(detected, model="mine", seed=5)
    assert sheets.keys() == {"detected.png", "undetected.png", "people.png"}
    facts = pictures.read_settings(sheets["detected.png"])
    assert {name: facts[name] for name in ("model", "seed", "shows", "shown", "of")} == {
        "model": "mine", "seed": "5", "shows": "detected", "shown": "5", "of": "5"
    }  # fmt: skip
    assert opened(sheets["detected.png"]).shape == (2 * 194 + 2, 3 * 194 + 2, 3)
    assert opened(sheets["undetected.png"]).shape == (194 + 2, 2 * 194 + 2, 3)


def test_there_is_no_sheet_of_what_there_is_not(
    detected: DetectedImages, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    none = DetectedImages(
        "mine", detected.images[4:6], detect_and_embed(detected.images[4:6], processes=1, cache=tmp_path)
    )
    assert annotate.sheets(none).keys() == {"undetected.png"}
    monkeypatch.setattr(annotate, "MOST", 2)
    facts = pictures.read_settings(annotate.sheet(detected, "detected"))
    assert (facts["shown"], facts["of"]) == ("2", "5")
