"""The time left of a computation, at its recent speed."""

import time

import pytest

from facedemo.app.shared.format import RECENT, Pace


def test_the_time_left_is_that_of_the_recent_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    now, pace = 100.0, Pace()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    pace.reached(0, 1000)
    assert pace.left is None
    for done in range(1, 101):  # 10 per second
        now += 0.1
        pace.reached(done, 1000)
    assert pace.left == pytest.approx(90)
    for done in range(101, 131):  # one per second, for thrice as long as is recent
        now += 1
        pace.reached(done, 1000)
    assert pace.left == pytest.approx(870, rel=0.05)
    assert pace.spent == pytest.approx(40)
    assert len(pace.reports) <= RECENT + 2


def test_a_few_reports_far_apart_tell_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now, pace = 0.0, Pace()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    for done in range(3):
        pace.reached(done, 4)
        now += 60
    assert pace.left == pytest.approx(120)
    assert pace.spent == 120
    pace.reached(1, 4)
    assert pace.left is None, "it started again"
    now += 10
    pace.reached(2, 4)
    assert pace.left == pytest.approx(20)
