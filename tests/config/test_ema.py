"""The weight of the generator in its moving average: the half-life in images, and the decay of earlier versions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facedemo.cli.options import setting_fields
from facedemo.config.schema import RunConfig


def config(batch: int = 16, **training: float | None) -> RunConfig:
    return RunConfig.model_validate({"model": {"batch_size": batch}, "training": training})


@given(batch=st.sampled_from([2, 16, 64, 512]), half_life=st.integers(100, 100_000))
def test_after_the_half_life_in_images_half_of_the_average_is_new_whatever_the_batch(
    batch: int, half_life: int
) -> None:
    weight = config(batch, ema_images=half_life).ema_weight(step=10**9)
    assert (1 - weight) ** (half_life / batch) == pytest.approx(0.5)


def test_the_half_life_starts_at_a_twentieth_of_the_images_seen() -> None:
    early = config(16, ema_images=10_000)
    assert 1 - early.ema_weight(step=1000) == pytest.approx(0.5 ** (16 / 800))
    assert early.ema_weight(step=1) == pytest.approx(1, abs=1e-5)


def test_a_step_of_several_batches_counts_all_its_images() -> None:
    wgan = RunConfig.model_validate({"family": "wgan", "model": {"batch_size": 64}})
    assert 1 - wgan.ema_weight(step=10**6) == pytest.approx(0.5 ** (320 / 10_000))


def test_no_half_life_means_no_average() -> None:
    assert config(16, ema_images=0).ema_weight(step=500) == 1.0


def test_a_decay_from_an_earlier_versions_config_means_what_it_meant() -> None:
    old = config(16, average=0.999)
    assert old.ema_weight(step=5) == 1 - 5 / 15
    assert old.ema_weight(step=100_000) == 1 - 0.999
    assert RunConfig.model_validate_json(old.model_dump_json()) == old


def test_no_option_offers_the_decay_of_earlier_versions() -> None:
    assert "average" not in setting_fields()
    assert "ema_images" in setting_fields()
