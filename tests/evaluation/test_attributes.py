"""Age and gender read from faces: against least squares done otherwise, and faces whose shade is their label."""

from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import lstsq

from facedemo.data.archives import read_archive
from facedemo.data.source_files import DataError
from facedemo.evaluation import attributes
from tests.conftest import Seeing

UTKFACE = Path(__file__).parents[3] / "shared" / "data" / "utkface.tar"


def test_ridge_is_least_squares_with_a_row_for_each_penalty() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(3, 2, (60, 5)), rng.normal(size=(60, 2))
    weights, offset = attributes.ridge(x, y, strength=0.3)
    root = np.sqrt(0.3 * np.sum((x - x.mean(0)) ** 2) / 5)
    rows = np.vstack([np.c_[x, np.ones(60)], np.c_[root * np.eye(5), np.zeros(5)]])  # none for the offset
    expected, *_ = lstsq(rows, np.vstack([y, np.zeros((5, 2))]))
    np.testing.assert_allclose(weights, expected[:5], atol=1e-10)
    np.testing.assert_allclose(offset, expected[5], atol=1e-10)


def test_accuracy_is_years_for_ages_and_a_share_for_kinds() -> None:
    years = attributes.accuracy(np.array([20.0, 33.0, 50.0]), np.array([22.0, 30.0, 60.0]))
    assert (years.error, years.guess, years.kinds) == (5.0, pytest.approx(38 / 3), False)
    assert str(years) == "off by 5.0 years on average (always predicting the median: 12.7)"
    kinds = attributes.accuracy(np.array([0.9, 0.2, 0.4, 0.6]), np.array([1.0, 0.0, 1.0, 1.0]))
    assert (kinds.error, kinds.guess, kinds.kinds) == (0.25, 0.25, True)
    assert str(kinds) == "right for 75 % (always predicting the more frequent class: 75 %)"


def test_labels_that_faces_show_are_learned_and_read_from_others(seeing: Seeing) -> None:
    attribute_model = attributes.fit_attribute_model(str(seeing.faces(300)), 32)
    assert (attribute_model.trained_on + attribute_model.tested_on) < 300  # the part “validation” was left alone
    assert attribute_model.accuracy["age"].error < 3 < attribute_model.accuracy["age"].guess
    assert attribute_model.accuracy["gender"].error == 0
    old, young = seeing.picture(80, 1), seeing.picture(10, 0)
    read = attribute_model(seeing.detect_and_embed(np.stack([old, young])).embeddings)
    assert read["age"] == pytest.approx([80, 10], abs=8)
    assert read["gender"].round().tolist() == [1, 0]
    assert (
        f"{attribute_model.trained_on} labelled faces and tested on {attribute_model.tested_on} others"
        in attribute_model.summary()
    )


def test_if_nothing_can_be_learned_it_says_why(seeing: Seeing, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="too few labelled faces"):
        attributes.fit_attribute_model(str(seeing.faces(70)), 32)
    with pytest.raises(DataError, match="everyone the same gender"):
        attributes.fit_attribute_model(str(seeing.faces(250, genders=1)), 32)
    with pytest.raises(DataError, match="has no labels"):
        attributes.fit_attribute_model(str(seeing.faces(70, name="{number}.png")), 32)


@pytest.mark.slow
@pytest.mark.skipif(not UTKFACE.exists(), reason="needs shared/data/utkface.tar")
def test_photographs_are_read_better_than_by_guessing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path / "cache"))
    for number, entry in enumerate(read_archive(UTKFACE)):
        if number % 90 == 0:
            (tmp_path / Path(entry.name).name).write_bytes(entry.data)
    attribute_model = attributes.fit_attribute_model(str(tmp_path), 64)
    assert attribute_model.accuracy["age"].error < 0.9 * attribute_model.accuracy["age"].guess
    assert attribute_model.accuracy["gender"].error < 0.2 < attribute_model.accuracy["gender"].guess
