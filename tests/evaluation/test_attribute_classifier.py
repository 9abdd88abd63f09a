"""Attributes recognised in images: features with known values, and faces whose shades are their attributes."""

import numpy as np
import pytest

from facedemo.data.source_files import DataError
from facedemo.evaluation.attribute_classifier import (
    AttributeClassifier,
    averaged,
    balanced,
    balanced_accuracy,
    features,
    fit_learner_and_judge,
    histograms,
    standardised,
)
from tests.conftest import Seeing


def test_a_vertical_edge_has_a_gradient_in_one_orientation_of_the_parts_beside_it() -> None:
    image = np.zeros((1, 32, 32, 3), np.float32)
    image[:, :, 16:] = 100
    gradients = histograms(image).reshape(8, 8, 8)
    assert (gradients[:, 3:5, 0] > 0).all()  # brighter to the right
    gradients[:, 3:5, 0] = 0
    np.testing.assert_array_equal(gradients, 0)


def test_a_diagonal_gradient_is_divided_between_the_nearest_orientations() -> None:
    across, down = np.meshgrid(np.arange(32.0), np.arange(32.0))
    angle = np.pi / 8  # halfway between the first two of eight
    ramp = np.cos(angle) * across + np.sin(angle) * down
    gradients = histograms(np.repeat(ramp[None, ..., None], 3, axis=3).astype(np.float32)).reshape(8, 8, 8)[3, 3]
    assert gradients[0] == pytest.approx(gradients[1], rel=1e-3)
    np.testing.assert_allclose(gradients[2:], 0, atol=1e-2)


def test_features_hardly_depend_on_brightness_contrast_and_size() -> None:
    image = np.random.default_rng(0).integers(60, 120, (3, 64, 64, 3), dtype=np.uint8)
    plain = features(image)
    np.testing.assert_allclose(features(2 * image), plain, atol=0.01)
    np.testing.assert_allclose(features(image + 20), plain, atol=0.01)
    np.testing.assert_allclose(features(image.repeat(2, axis=1).repeat(2, axis=2)), plain, atol=1e-5)
    assert features(image[:, ::2, ::2]).shape == plain.shape  # 32 pixels
    assert np.isfinite(features(np.zeros((1, 64, 64, 3), np.uint8))).all()
    np.testing.assert_allclose(standardised(averaged(image, 32)).std(axis=1), 1, atol=1e-3)


def test_scores_are_zero_halfway_between_faces_with_and_without_a_rare_attribute() -> None:
    values = np.array([[0.0], [2.0], [1.0], [9.0]])
    labels = np.array([[-1], [-1], [-1], [1]])
    classifier = balanced(AttributeClassifier(("Bald",), np.ones((1, 1)), np.array([-20.0])), values, labels)
    np.testing.assert_allclose(classifier(np.array([[5.0]])), 0)
    assert balanced_accuracy(np.array([[1.0], [-1], [-1], [1]]), labels) == pytest.approx((2 / 3 + 1) / 2)


def test_attributes_that_faces_show_are_recognised_by_two_classifiers_of_different_faces(seeing: Seeing) -> None:
    classifiers = fit_learner_and_judge(str(seeing.attributes()), 32)
    assert classifiers.learner.names == classifiers.judge.names == ("Bald", "Smiling")
    assert classifiers.learner_faces + classifiers.judge_faces == 400
    assert classifiers.learner_faces > 2 * classifiers.judge_faces
    assert min(classifiers.accuracy.values()) > 0.95
    assert classifiers.labels == "attributes"
    photo_features = features(np.stack([seeing.photo_with(1, 0, 999), seeing.photo_with(0, 1, 998)]))
    for classifier in (classifiers.learner, classifiers.judge):
        np.testing.assert_array_equal(classifier(photo_features) > 0, [(True, False), (False, True)])


def test_an_attribute_of_nobody_is_left_out_and_too_few_faces_are_refused(seeing: Seeing) -> None:
    folder = seeing.attributes()
    lines = (folder / "labels.csv").read_text("utf8").splitlines()
    (folder / "labels.csv").write_text("\n".join([f"{lines[0]},Hat", *(f"{line},-1" for line in lines[1:])]), "utf8")
    assert fit_learner_and_judge(str(folder), 32).learner.names == ("Bald", "Smiling")
    (folder / "labels.csv").write_text("\n".join(lines[:30]), "utf8")
    with pytest.raises(DataError, match="too few labelled faces"):
        fit_learner_and_judge(str(folder), 32)
