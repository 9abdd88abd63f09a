"""The learning-rate schedule and changes to a running run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from facedemo.config.schedule import SettingChange, SettingsSchedule, decayed
from facedemo.config.schema import Budget, RunConfig


def schedule_of(**model: object) -> SettingsSchedule:
    settings = {"learning_rate_g": 1e-4, "learning_rate_d": 2e-4, "decay": 0.9, "decay_every": 2000, "rate_floor": 1e-5}
    return SettingsSchedule(RunConfig(model={**settings, **model}))


def test_rate_is_multiplied_at_every_interval_as_the_paper_says() -> None:
    schedule = schedule_of()
    assert schedule.rate("generator", 1999) == 1e-4
    assert schedule.rate("generator", 2000) == pytest.approx(0.9e-4)
    assert schedule.rate("discriminator", 6100) == pytest.approx(2e-4 * 0.9**3)


def test_rate_never_falls_below_its_floor() -> None:
    assert schedule_of().rate("generator", 10_000_000) == 1e-5


@given(
    rate=st.floats(0, 0.1),
    decay=st.floats(0.01, 1),
    every=st.integers(1, 10_000),
    floor=st.floats(0, 0.1),
    steps=st.integers(0, 100_000),
)
def test_rate_only_falls_and_stays_between_floor_and_start(
    rate: float, decay: float, every: int, floor: float, steps: int
) -> None:
    now, later = (decayed(rate, decay, every, floor, at) for at in (steps, steps + every))
    assert later <= now <= rate
    assert later >= min(rate, floor)


def test_a_new_decay_counts_from_its_mark_and_does_not_make_the_rate_jump() -> None:
    schedule = schedule_of()
    before = schedule.rate("generator", 5000)
    schedule.apply(SettingChange(5000, {"decay": 0.5, "decay_every": 100}))
    assert schedule.rate("generator", 5000) == before
    assert schedule.rate("generator", 5100) == pytest.approx(before / 2)


def test_a_new_rate_replaces_the_decayed_one_of_its_player_alone() -> None:
    schedule = schedule_of()
    other = schedule.rate("discriminator", 5000)
    schedule.apply(SettingChange(5000, {"learning_rate_g": 5e-4}))
    assert schedule.rate("generator", 5000) == 5e-4
    assert schedule.rate("discriminator", 5000) == other


def test_changing_gamma_leaves_the_rates_alone() -> None:
    schedule = schedule_of()
    schedule.apply(SettingChange(3000, {"gamma": 0.2}))
    assert schedule.config.model.gamma == 0.2
    assert schedule.rate("generator", 4000) == pytest.approx(1e-4 * 0.9**2)


def test_recorded_changes_are_replayed_once_each_when_their_iteration_is_reached() -> None:
    recorded = [SettingChange(15, {"gamma": 0.3}), SettingChange(5, {"gamma": 0.5}), SettingChange(5, {"clip": 0.1})]
    schedule = SettingsSchedule(RunConfig(model={"gamma": 0.7}), recorded)
    assert schedule.replay(4) == []
    assert schedule.config.model.gamma == 0.7
    lines = ["iteration 5: gamma = 0.5", "ignored: iteration 5: clip = 0.1"]  # clip is a setting of another family
    assert schedule.replay(10) == lines
    assert schedule.replay(10) == []
    assert schedule.config.model.gamma == 0.5
    assert schedule.replay() == ["iteration 15: gamma = 0.3"]
    assert schedule.config.model.gamma == 0.3


@pytest.mark.parametrize("changes", [{"gamma": 1.5}, {"gamma": float("nan")}, {"width": 64}, {"nonsense": 1}])
def test_what_cannot_be_steered_is_refused_and_changes_nothing(changes: dict[str, float]) -> None:
    schedule = schedule_of()
    before = schedule.config
    with pytest.raises(ValueError, match=r".+"):
        schedule.apply(SettingChange(10, changes))
    assert schedule.config is before


def test_budget_is_spent_at_the_first_of_its_limits() -> None:
    budget = Budget(iterations=1000, minutes=10)
    assert budget.fraction(step=100, images=1600, seconds=300) == 0.5
    assert budget.fraction(step=900, images=14400, seconds=300) == 0.9
    assert Budget(images=1600).fraction(50, 800, 0) == 0.5


def test_a_budget_is_said_in_words_one_of_anything_in_the_singular() -> None:
    assert Budget(minutes=1).text == "1 minute"
    assert Budget(images=30_000, minutes=1.5).text == "30,000 images, 1.5 minutes"
    assert Budget(minutes=1e-4).text == "0.0001 minutes"
    assert Budget(images=3_000_000, iterations=1_234_567, minutes=1 / 3).text == (
        "1,234,567 iterations, 3,000,000 images, 0.333 minutes"
    )


def test_a_budget_needs_a_limit() -> None:
    with pytest.raises(ValidationError, match="Set a budget"):
        Budget()


def test_config_survives_its_file_and_refuses_unknown_settings() -> None:
    config = RunConfig(model={"gamma": 0.3, "size": 32})
    assert RunConfig.model_validate_json(config.model_dump_json()) == config
    with pytest.raises(ValidationError):
        RunConfig(model={"gama": 0.3})
    with pytest.raises(ValidationError, match="no family"):
        RunConfig(family="vae")
