"""Charts show what the metrics say, thinned but not changed."""

import numpy as np
import pytest

from facedemo import charts

LABELS = {"loss_real": "L(x)", "loss_fake": "L(G(z))", "k": "k_t", "convergence": "M"}


def metrics(rows: int) -> dict[str, list[float]]:
    steps = [10.0 * (row + 1) for row in range(rows)]
    columns = ["loss_real", "loss_fake", "k", "convergence", "learning_rate_g", "learning_rate_d"]
    return {"step": steps, **{name: [0.5] * rows for name in [*columns, "gradient_norm_g", "gradient_norm_d"]}}


def test_losses_share_a_chart_and_every_other_metric_has_its_own() -> None:
    figures = charts.figures(metrics(20), LABELS)
    assert list(figures) == ["losses", "k", "convergence", "learning_rates"]
    assert {line.name for line in figures["losses"].data} == {"L(x)", "L(G(z))"}
    assert "gradient_norms" in charts.figures(metrics(20), LABELS, gradient_norms=True)


def test_no_metrics_make_no_charts() -> None:
    assert charts.figures({}, LABELS) == {}


def test_a_mark_is_drawn_at_its_iteration_on_every_chart() -> None:
    marks = [{"step": 70, "changes": {"gamma": 0.6}}]
    for figure in charts.figures(metrics(20), LABELS, marks, {"gamma": "γ"}).values():
        assert [shape.x0 for shape in figure.layout.shapes] == [70]
        assert [note.text for note in figure.layout.annotations] == ["γ = 0.6"]


def test_marks_near_each_other_get_rows_of_their_own() -> None:
    marks = [{"step": step, "changes": {"gamma": 0.6}} for step in (100, 101, 102)]
    figure = charts.figures(metrics(20), LABELS, marks)["k"]
    assert len({note.yshift for note in figure.layout.annotations}) == 3


def test_long_runs_are_thinned_to_means_that_keep_the_whole() -> None:
    x, y = np.arange(100_000.0), np.random.RandomState(0).rand(100_000)
    thin_x, thin_y = charts.thinned(x, y)
    assert len(thin_x) == len(thin_y) == charts.POINTS
    assert thin_x[-1] == x[-1]
    assert thin_y.mean() == pytest.approx(y.mean())


def test_smoothing_leaves_a_constant_alone_and_quietens_noise() -> None:
    np.testing.assert_allclose(charts.smoothed(np.full(50, 0.3)), 0.3)
    noise = np.random.RandomState(0).randn(1000)
    assert charts.smoothed(noise)[200:].std() < 0.4 * noise.std()
