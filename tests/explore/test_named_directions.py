"""Directions named by attributes: learned with one classifier, checked by another, and kept beside a model."""

import json
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from facedemo.evaluation import attribute_classifier
from facedemo.evaluation.attribute_classifier import (
    AttributeClassifier,
    LearnerAndJudge,
    features,
    fit_learner_and_judge,
)
from facedemo.explore import directions, named_directions
from facedemo.explore.named_directions import NamedDirection
from facedemo.pretrained import archive, sampling
from facedemo.pretrained.model import FaceModel, find_model, load_model
from facedemo.pretrained.seeds import face_seeds
from facedemo.storage.locations import DIRECTIONS, WEIGHTS
from tests.conftest import Maker


def classifiers(model: FaceModel, names: tuple[str, ...] = ("Smiling", "Male")) -> LearnerAndJudge:
    """Two classifiers of the model's faces, which see the strongest differences between their features."""
    x = features(sampling.generate(model, face_seeds(9, 200)))
    _, _, right = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    weights = right[: len(names)].T
    classifier = AttributeClassifier(names, weights, -x.mean(axis=0) @ weights)
    return LearnerAndJudge(classifier, classifier, dict.fromkeys(names, 0.9), "faces.tar", 1200, 300)


@pytest.fixture(scope="module")
def learned(tiny_model: FaceModel) -> LearnerAndJudge:
    return classifiers(tiny_model)


def some_direction(name: str = "smiling", **changes: object) -> NamedDirection:
    step = np.linspace(-0.5, 0.5, 8, dtype=np.float32)
    direction = NamedDirection(name, name.title(), "Towards it.", step, 0.5, 0.9, 0.85, 0.8)
    return replace(direction, **changes)


def test_a_direction_raises_the_score_of_its_attribute_by_a_step_as_long_as_all_others(tiny_model: FaceModel) -> None:
    learner_and_judge = classifiers(tiny_model, ("Smiling",))
    (smiling,) = named_directions.learn(tiny_model, learner_and_judge, 128)
    start = sampling.latents(tiny_model, face_seeds(5, 40))
    step = torch.from_numpy(smiling.step)
    scores = [
        learner_and_judge.judge(features(sampling.draw(tiny_model, start + amount * step))).mean()
        for amount in (-2, 0, 2)
    ]
    assert scores[0] < scores[1] < scores[2]
    (other, *_) = directions.find_directions(tiny_model, 128)
    assert np.linalg.norm(smiling.step) == pytest.approx(np.linalg.norm(other.step), rel=0.05)
    assert (smiling.name, smiling.title, smiling.accuracy) == ("smiling", "Smiling", 0.9)
    assert 0.5 < smiling.changed <= 1


def test_of_directions_that_change_nearly_the_same_only_the_first_is_shown_at_once() -> None:
    smile, hair, age = np.eye(3, 8, dtype=np.float32)
    steps = {"smiling": smile, "cheeks": 3 * smile + hair, "hair": hair, "bald": -hair, "young": age, "old": age + hair}
    candidates = [some_direction(name, step=step) for name, step in steps.items()]
    assert [direction.name for direction in named_directions.distinct(candidates, 3)] == ["smiling", "hair", "young"]
    assert [direction.name for direction in named_directions.distinct(candidates, 9)] == [
        "smiling",
        "hair",
        "young",
        "old",
    ]


def test_all_directions_but_that_of_gender_leave_gender_unchanged() -> None:
    response = np.random.default_rng(0).normal(size=(8, 3))
    left = named_directions.without_gender(response, 1)
    np.testing.assert_allclose(response[:, 1] @ left[:, [0, 2]], 0, atol=1e-12)
    np.testing.assert_array_equal(left[:, 1], response[:, 1])


def test_an_attribute_that_photos_do_not_show_is_neither_checked_nor_reliable(
    tiny_model: FaceModel, learned: LearnerAndJudge
) -> None:
    unlike = replace(learned, accuracy=dict.fromkeys(learned.accuracy, 0.6))
    learned_directions = named_directions.learn(tiny_model, unlike, 64)
    assert not any(direction.reliable for direction in learned_directions)
    assert all(np.isnan(direction.changed) for direction in learned_directions)
    with pytest.raises(ValueError, match="16 faces are too few"):
        named_directions.learn(tiny_model, learned, 16)


@pytest.mark.parametrize(("changes", "reliable"), [({}, True), ({"accuracy": 0.7}, False), ({"changed": 0.3}, False),
                                                   ({"kept": 0.4}, False), ({"kept": np.nan}, False)])  # fmt: skip
def test_every_measure_must_be_good_enough(changes: dict[str, float], reliable: bool) -> None:
    assert some_direction(**changes).reliable is reliable


def test_what_is_kept_is_small_and_read_back_until_the_weights_change(
    make_bundle: Maker, learned: LearnerAndJudge
) -> None:
    folder = make_bundle()
    stored = [some_direction(), some_direction("bald"), some_direction("hat", changed=0.1)]
    path = named_directions.save(folder, stored, learned)
    assert path.stat().st_size < 2000
    read = named_directions.read(folder, 8)
    assert [direction.name for direction in read] == ["smiling", "bald"]
    assert named_directions.left_out(folder) == ["Hat"]
    np.testing.assert_allclose(read[0].step, stored[0].step, atol=1e-4)
    assert read[0].reliability == stored[0].reliability
    assert "changes in 85 % of faces, and 80 % stay" in read[0].reliability
    assert named_directions.read(folder, 9) == []
    (folder / WEIGHTS).write_bytes(b"others")
    assert named_directions.read(folder, 8) == []


def test_a_judgement_of_the_labels_authors_is_no_direction(make_bundle: Maker) -> None:
    folder = make_bundle()
    model = load_model(folder)
    learned = classifiers(model, ("Attractive", "Male"))
    assert [direction.name for direction in named_directions.learn(model, learned, 64)] == ["male"]
    named_directions.save(folder, [some_direction("attractive"), some_direction()], learned)
    assert [direction.name for direction in named_directions.read(folder, 8)] == ["smiling"]


@pytest.mark.parametrize("damage", ["", "[]", "null", '{"format": 1}', "later", "nan", "name", "text"])
def test_an_absent_or_damaged_file_is_ignored(make_bundle: Maker, learned: LearnerAndJudge, damage: str) -> None:
    folder = make_bundle()
    assert named_directions.read(folder, 8) == []
    path = named_directions.save(folder, [some_direction()], learned)
    content = json.loads(path.read_text("utf8"))
    (direction,) = content["directions"]
    if damage == "later":
        content["format"] = 2
    elif damage == "nan":
        direction["kept"] = float("nan")
    elif damage == "name":
        direction["name"] = "brightness"  # that of a measured direction
    elif damage == "text":
        direction["step"] = ["a"] * 8
    path.write_text(json.dumps(content) if damage.isalpha() and damage != "null" else damage, "utf8")
    assert named_directions.read(folder, 8) == []
    assert named_directions.left_out(folder) == []


def test_a_shared_model_brings_its_directions_along(
    make_bundle: Maker, learned: LearnerAndJudge, tmp_path: Path
) -> None:
    folder = make_bundle()
    named_directions.save(folder, [some_direction()], learned)
    zipped = archive.export_zip(folder, tmp_path / "tiny.zip")
    imported = archive.import_zip(zipped, "another")
    assert (imported / DIRECTIONS).read_bytes() == (folder / DIRECTIONS).read_bytes()
    assert [direction.name for direction in named_directions.read(imported, 8)] == ["smiling"]


CELEBA = Path(__file__).parents[3] / "shared" / "data" / "celeba128.tar"


@pytest.mark.slow
@pytest.mark.skipif(not CELEBA.exists(), reason="needs ../shared/data/celeba128.tar")
@pytest.mark.timeout(600)
def test_six_attributes_of_the_bundled_model_change_in_four_of_five_faces_and_keep_the_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a classifier of people that the directions were not learned from, on faces that they were not checked on."""
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(named_directions, "RECOGNISED", 20)
    monkeypatch.setattr(attribute_classifier, "LEARNER_FACES", 2000)  # only the judge is used
    with tarfile.open(CELEBA) as archive:
        half = [member for member in archive if not member.name.endswith(("1.jpg", "3.jpg", "5.jpg", "7.jpg", "9.jpg"))]
        archive.extractall(tmp_path, half, filter="data")
    folder = find_model("ours-64")
    model = load_model(folder)
    best = named_directions.read(folder, model.config.model.latent)[:6]
    others = fit_learner_and_judge(str(tmp_path / "celeba128"), 64)
    rows = [[name.lower() for name in others.judge.names].index(direction.name) for direction in best]
    judge = replace(others.judge, names=tuple(direction.name for direction in best))
    judge = replace(judge, weights=others.judge.weights[:, rows], offset=others.judge.offset[rows])
    monkeypatch.setattr(named_directions, "CHECK_SEED", 2)
    measured = named_directions.with_reliability(model, replace(others, judge=judge), best)
    assert len(best) == 6
    assert all(direction.changed > 0.7 for direction in measured)  # 0.8, less twice the error of 100 faces
    assert np.mean([direction.changed for direction in measured]) > 0.8
    assert all(direction.kept > 0.4 for direction in measured)  # 0.6, less twice the error of 20 faces
    assert np.mean([direction.kept for direction in measured]) > 0.8
