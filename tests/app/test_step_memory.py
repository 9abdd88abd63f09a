"""One step for many visitors: what they share, and what rests if memory is short."""

from pathlib import Path

import pytest

from facedemo.app.views.step import opened
from facedemo.explore import single_step
from tests.app.step_page import formulas, open_page, press
from tests.conftest import Maker


def test_visitors_share_the_first_step_and_then_go_their_own_ways(
    make_bundle: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_bundle()
    trained, forward = [], single_step.TrainingStepper.forward

    def counted(stepper: single_step.TrainingStepper) -> single_step.Step:
        trained.append(stepper)
        return forward(stepper)

    monkeypatch.setattr(single_step.TrainingStepper, "forward", counted)
    first, second = open_page(), open_page()
    assert len(trained) == 1
    begin = formulas(second)
    press(first, "Next step")
    assert formulas(second.run()) == begin
    press(second, "Next step")
    assert formulas(second) == formulas(first)
    press(first, "Back")
    assert formulas(first) == begin
    assert len(trained) == 1 + 2 * 2  # the shared one, and both steps of each


def test_the_steps_of_ones_own_model_are_kept_for_its_session_alone(
    make_bundle: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEDEMO_MODELS", str(tmp_path / "own"))
    make_bundle(folder=tmp_path / "own")
    first, second = open_page(), open_page()
    assert formulas(first) == formulas(second)
    steppers = [page.session_state.step_opened.stepper for page in (first, second)]
    assert steppers[0] is not steppers[1]


def test_steps_too_far_back_to_undo_are_taken_again(make_bundle: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(single_step, "UNDO_STEPS", 2)
    make_bundle()
    page = open_page(steps="5")
    page.query_params["steps"] = "2"
    page.session_state.step_steps = 2
    page.run()
    assert not page.exception
    assert page.header[0].value == "Iteration 2"


def test_steppers_that_have_not_been_used_for_long_rest_if_memory_is_short(
    make_bundle: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_bundle()
    first, second, third = open_page(), open_page(), open_page()
    press(first, "Next step")
    expected = formulas(press(second, "Next step"))
    assert third.session_state.step_opened.stepper.bytes == 0
    steppers = [page.session_state.step_opened.stepper for page in (first, second)]
    assert all(stepper.bytes > 0 for stepper in steppers)
    monkeypatch.setattr(opened, "MEMORY_SHARE", 0)
    press(third, "Ten steps")
    assert [stepper.bytes for stepper in steppers] == [0, 0]
    assert third.session_state.step_opened.stepper.bytes > 0
    assert formulas(first.run()) == expected
    assert steppers[0].bytes == 0
    press(press(first, "Next step"), "Back")
    assert not first.exception
    assert formulas(first) == expected
    assert third.session_state.step_opened.stepper.bytes == 0


def test_a_stepper_in_use_does_not_rest(make_bundle: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    make_bundle()
    first, second = (press(open_page(), "Next step") for _ in range(2))
    monkeypatch.setattr(opened, "MEMORY_SHARE", 0)
    with first.session_state.step_opened.lock:
        press(second, "Next step")
        assert first.session_state.step_opened.stepper.bytes > 0
    press(second, "Next step")
    assert first.session_state.step_opened.stepper.bytes == 0


def test_a_model_damaged_before_its_steps_are_taken_again_is_explained(
    make_bundle: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_bundle()
    make_bundle("another")
    page = press(open_page(model="tiny"), "Next step")
    page.session_state.step_opened.stepper.rest()
    (folder / "model.safetensors").write_bytes(b"damaged")
    press(page, "Back")
    assert not page.exception
    assert page.error
