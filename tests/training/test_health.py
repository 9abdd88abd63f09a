"""The checks for trainings that fail."""

import pytest
import torch

from facedemo.gans.settings import MetricBounds
from facedemo.training import health


def test_the_health_check_warns_of_k_at_a_bound_only_when_it_stays_there() -> None:
    watch = health.HealthMonitor((MetricBounds("k", 0.0, 1.0, "low", "high"),), real_spread=0.5)
    for step in range(health.PATIENCE):
        watch.check_metrics({"step": step, "k": 1.0})
    assert watch.warnings == ["high"]
    watch.check_metrics({"step": 999, "k": 0.5})
    assert watch.warnings == []


def test_the_health_check_tells_a_collapsed_batch_from_a_varied_one() -> None:
    watch = health.HealthMonitor((), real_spread=0.5)
    varied = torch.randn(32, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 0.35
    watch.check_samples(varied, step=5000)
    assert watch.warnings == []
    watch.check_samples(varied[:1] + 0.01 * varied, step=5000)
    assert "mode collapse" in watch.warnings[0]
    watch.check_samples(varied[:1] + 0.01 * varied, step=10)  # early samples are always alike
    assert watch.warnings == []


def test_spread_is_the_mean_pairwise_root_mean_square_difference() -> None:
    images = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]])
    # distances 5, 0, 5 over two pixels: mean(5, 0, 5) / √2
    assert health.pairwise_spread(images) == pytest.approx(10 / 3 / 2**0.5)
