"""The metrics of faces that are more and more alike."""

import json

from facedemo.explore import spread
from facedemo.explore.named_directions import digest


def test_the_metrics_are_those_of_the_weights_that_are_bundled() -> None:
    stored = json.loads(spread.FILE.read_text("utf8"))
    assert stored["weights"] == digest(spread.folder()), "python -m facedemo.explore.spread measures them again"
    assert list(spread.read()) == list(spread.SPREADS)


def test_faces_that_are_alike_are_detected_and_only_the_other_metrics_tell() -> None:
    metrics = spread.read()
    alike, random = metrics[0.05], metrics[1.0]
    assert alike.detected == spread.FACES >= random.detected
    assert alike.people == 1 < random.people
    assert alike.distance > 5 * random.distance
