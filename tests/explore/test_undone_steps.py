"""Steps that are undone, or taken again: always the same to the bit."""

import shutil
from pathlib import Path

import pytest

from facedemo.explore import single_step
from facedemo.explore.single_step import TrainingStepper
from facedemo.runs.run import Run
from tests.explore.steppers import assert_equal, motion_of, state


def test_back_takes_a_step_back_to_the_bit_and_forward_takes_it_again(halfway: Path) -> None:
    stepper = motion_of(halfway)
    stepper.forward()
    before = state(stepper)
    second = stepper.forward()
    after = state(stepper)
    stepper.back()
    assert_equal(state(stepper), before)
    assert stepper.number == 11
    assert stepper.forward().row == second.row
    assert_equal(state(stepper), after)


def test_a_fork_does_the_same_and_changes_nothing_in_its_original(halfway: Path) -> None:
    original = motion_of(halfway)
    original.go_to_step(2)
    before = state(original)
    fork = original.fork()
    fork.back()
    fork.steer(gamma=0.2)
    fork.go_to_step(4)
    assert original.number == 12
    assert original.settings()["gamma"] != 0.2
    assert_equal(state(original), before)
    other = original.fork()
    other.back()
    original.back()
    assert_equal(state(other), state(original))
    assert other.forward().row == original.forward().row
    assert_equal(state(original), before)
    assert_equal(state(other), before)


def changed_twice(path: Path) -> TrainingStepper:
    """After six steps, with settings changed before the second and the fifth."""
    stepper = motion_of(path)
    stepper.forward()
    stepper.steer(gamma=0.3, learning_rate_g=0.002)
    stepper.go_to_step(4)
    stepper.steer(gamma=0.9, decay_every=1)
    stepper.go_to_step(6)
    return stepper


def numbers(stepper: TrainingStepper) -> list[dict[str, float]]:
    return [step.row | step.settings for step in stepper.steps]


def test_steps_too_far_back_to_undo_at_once_are_taken_again(halfway: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected, remembering = changed_twice(halfway), changed_twice(halfway)
    remembering.go_to_step(2)
    monkeypatch.setattr(single_step, "UNDO_STEPS", 2)
    stepper = changed_twice(halfway)
    assert numbers(stepper) == numbers(expected)
    assert [bool(step.pictures) for step in stepper.steps] == [False] * 3 + [True] * 3
    calls = []
    stepper.go_to_step(2, lambda done, total: calls.append((done, total)))
    assert calls == [(1, 2), (2, 2)]
    assert_equal(state(stepper), state(remembering))
    assert numbers(stepper) == numbers(expected)[:2]
    assert stepper.steps[1].pictures
    assert stepper.settings() == remembering.settings() == expected.settings()
    assert stepper.forward().row == remembering.forward().row
    for steps in (2, 1, 0):
        stepper.back()
        assert [bool(step.pictures) for step in stepper.steps][-1:] == [True] * (steps > 0)
    assert stepper.number == 10
    with pytest.raises(ValueError, match="no step"):
        stepper.back()


def test_after_a_rest_the_next_step_is_the_same_to_the_bit(halfway: Path) -> None:
    stepper, expected = changed_twice(halfway), changed_twice(halfway)
    assert stepper.bytes > 0
    stepper.rest()
    assert stepper.bytes == 0
    assert numbers(stepper) == numbers(expected)
    assert [bool(step.pictures) for step in stepper.steps] == [False] * 5 + [True]
    stepper.steer(lambda_k=0.1)
    expected.steer(lambda_k=0.1)
    calls = []
    stepper.go_to_step(7, lambda done, total: calls.append((done, total)))
    assert calls == [(done, 7) for done in range(1, 8)]
    expected.go_to_step(7)
    assert numbers(stepper) == numbers(expected)
    assert_equal(state(stepper), state(expected))
    stepper.rest()
    fork = stepper.fork()
    assert fork.bytes == 0
    assert_equal(state(fork), state(expected))
    assert stepper.bytes == 0


def test_a_cancelled_return_leaves_the_steps_as_they_were(halfway: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(single_step, "UNDO_STEPS", 1)
    stepper, expected = changed_twice(halfway), changed_twice(halfway)

    def cancel(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stepper.go_to_step(4, cancel)
    assert numbers(stepper) == numbers(expected)
    assert_equal(state(stepper), state(expected))
    assert stepper.settings() == expected.settings()


def test_a_run_that_trains_on_does_not_change_its_open_steps(trained: Run, halfway: Path) -> None:
    stepper = motion_of(halfway)
    stepper.go_to_step(2)
    before = state(stepper)
    shutil.copytree(trained.path, halfway, dirs_exist_ok=True)
    stepper.rest()
    assert_equal(state(stepper), before)


def test_a_rate_changed_in_a_step_that_is_undone_holds_from_the_next_step_on(halfway: Path) -> None:
    stepper = motion_of(halfway)
    stepper.steer(decay=0.5, decay_every=100)
    stepper.go_to_step(3)
    stepper.steer(learning_rate_g=0.002)
    stepper.go_to_step(4)
    stepper.go_to_step(1)
    assert stepper.schedule.rate("generator", stepper.number) == 0.002
