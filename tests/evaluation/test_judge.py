"""The judge of faces: that its grades are those of its graders, and that it sees what is broken."""

import json

import numpy as np
import pytest

from facedemo.evaluation.judge import GRADES, fitted, the_judge
from facedemo.pretrained import sampling
from facedemo.pretrained.model import load_model
from facedemo.pretrained.seeds import face_seeds
from facedemo.storage.locations import checkpoints_root


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    """Clear ones."""
    model = load_model(checkpoints_root() / "ours-128")
    images = sampling.draw(model, sampling.latents(model, face_seeds(600_000, 128)))
    return images[np.argsort(the_judge()(images))[:64]]


def moved(images: np.ndarray, rows: slice, columns: slice, down: int) -> np.ndarray:
    """Images in which a part is replaced by what is some pixels below it."""
    changed = images.copy()
    changed[:, rows, columns] = np.roll(images, -down, axis=1)[:, rows, columns]
    return changed


EYE, MOUTH = (slice(52, 72), slice(36, 62)), (slice(84, 108), slice(44, 84))


@pytest.mark.parametrize(("part", "down"), [(EYE, 12), (EYE, -16), (MOUTH, -14)])
def test_faces_with_a_part_torn_out_of_place_get_worse_grades(
    faces: np.ndarray, part: tuple[slice, slice], down: int
) -> None:
    whole, torn = the_judge()(faces), the_judge()(moved(faces, *part, down))
    assert (torn > whole).mean() > 0.85


def test_a_mirrored_darker_or_smaller_face_gets_nearly_the_same_grade(faces: np.ndarray) -> None:
    grades = the_judge()(faces)
    darker = (faces.astype(float) * 0.8).astype(np.uint8)
    smaller = faces.reshape(64, 64, 2, 64, 2, 3).mean((2, 4)).round().astype(np.uint8)
    for changed, tolerance in ((darker, 0.02), (smaller, 0.02)):
        assert np.abs(the_judge()(changed) - grades).mean() < tolerance
    assert np.abs(the_judge()(faces[:, :, ::-1]) - grades).mean() < 0.3


def barred(random: np.random.RandomState) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """400 images of noise: half have a dark bar across their middle, half a dark bar below it, independently."""
    images = random.randint(100, 160, (400, 32, 32, 3)).astype(np.uint8)
    middle, below = random.rand(400) < 0.5, random.rand(400) < 0.5
    images[middle, 12:16] //= 2
    images[below, 22:26] //= 2
    return images, middle.astype(np.float32), below.astype(np.float32)


def test_grades_are_learned_whatever_models_have_in_common() -> None:
    """Faces with a bar across their middle are worse; all of the second model's grades are one higher."""
    images, middle, below = barred(np.random.RandomState(0))
    grades = [middle[:200], middle[200:] + 1]
    judge = fitted([images[:200], images[200:]], grades, [below[:200, None], below[200:, None]])
    assert np.corrcoef(judge(images), middle)[0, 1] > 0.95
    assert judge(images).mean() == pytest.approx(np.concatenate(grades).mean(), abs=0.02)


def test_half_of_what_an_attribute_explains_is_taken_away() -> None:
    """Both bars are as bad as each other to the graders, but the lower one is an attribute."""
    images, middle, below = barred(np.random.RandomState(1))
    judge = fitted([images], [middle + below], [below[:, None]])
    weights = np.linalg.lstsq(np.column_stack([middle, below, np.ones(400)]), judge(images), rcond=None)[0]
    assert weights[1] == pytest.approx(weights[0] / 2, rel=0.15)


def test_there_is_one_grade_for_each_face() -> None:
    for graded in json.loads(GRADES.read_text("utf8")):
        given = "".join(graded["grades"])
        assert set(given) == set("012")
        assert len(given) % 48 == 0
        assert (checkpoints_root() / graded["model"]).is_dir()
