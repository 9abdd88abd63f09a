"""The faces that pages show first, drawn by the bundled model."""

from itertools import combinations

import numpy as np
import pytest

from facedemo import load
from facedemo.app.shared import first_seeds
from facedemo.evaluation.detector import detect_chunk
from facedemo.evaluation.metrics import TOLERANCE


@pytest.mark.parametrize("seeds", [first_seeds.FILM, first_seeds.CORNERS, first_seeds.INSIDE], ids=str)
def test_faces_that_are_shown_together_are_detected_and_of_different_people(seeds: tuple[int, ...]) -> None:
    _, faces, embeddings = detect_chunk(load("ours-64").draw(seeds), "hog", embed=True)
    assert (faces == 1).all()
    for first, second in combinations(embeddings.astype(np.float64), 2):
        assert np.linalg.norm(first - second) > TOLERANCE
