import time

import numpy as np
import pytest

from facedemo.app.charts import training
from facedemo.config.schedule import SettingChange

LABELS = {"loss_real": "L(x)", "loss_fake": "L(G(z))", "k": "k_t", "convergence": "M"}


def metrics(rows: int) -> dict[str, list[float]]:
    rng = np.random.default_rng(0)
    columns = [*LABELS, "learning_rate_d", "learning_rate_g", "gradient_norm_g", "gradient_norm_d"]
    columns_of_values = {column: (rng.random(rows) + 0.1).tolist() for column in columns}
    return {"step": [10.0 * (row + 1) for row in range(rows)], **columns_of_values}


def names_of(figure) -> list[str]:
    return [line.name for line in figure.data if line.showlegend is not False]


def test_every_one_of_a_few_iterations_has_a_mark_and_no_half_has() -> None:
    def step_of_marks(last: int) -> float | None:
        metrics = {"step": range(1, last + 1), "loss": [0.5] * last}
        (figure, *_) = training.figures(metrics, {"loss": "L"}).values()
        return figure.layout.xaxis.dtick

    assert step_of_marks(3) == 1
    assert step_of_marks(50) is None


def test_losses_share_a_chart_and_the_other_metrics_get_one_each() -> None:
    figures = training.figures(metrics(20), LABELS)
    assert list(figures) == ["losses", "k", "convergence", "learning_rates"]
    assert names_of(figures["losses"]) == ["L(x)", "L(G(z))"]
    assert names_of(figures["learning_rates"]) == ["generator", "discriminator"]


def test_gradient_norms_are_drawn_when_asked_for() -> None:
    assert "gradient_norms" in training.figures(metrics(20), LABELS, gradient_norms=True)


def test_a_family_with_metrics_of_its_own_needs_no_change_of_the_charts() -> None:
    figures = training.figures(
        {"step": [10.0], "loss_critic": [1.0], "clipped": [0.5]}, {"loss_critic": "C", "clipped": "c"}
    )
    assert list(figures) == ["losses", "clipped"]


def test_without_metrics_there_are_no_charts() -> None:
    assert training.figures({}, LABELS) == {}


def test_one_row_of_metrics_is_enough() -> None:
    assert len(training.figures(metrics(1), LABELS, [SettingChange(3, {"gamma": 0.6})])) == 4


def test_every_chart_names_the_iteration_and_what_is_measured() -> None:
    for figure in training.figures(metrics(20), LABELS).values():
        assert figure.layout.xaxis.title.text == "iteration"
        assert figure.layout.yaxis.title.text


def test_marks_are_labelled_lines_on_every_chart() -> None:
    changes = [SettingChange(100, {"gamma": 0.6})]
    for figure in training.figures(metrics(20), LABELS, changes, {"gamma": "γ"}).values():
        assert [shape.x0 for shape in figure.layout.shapes] == [100]
        assert [note.text for note in figure.layout.annotations] == ["γ = 0.6"]


def test_changes_at_one_iteration_share_a_mark_that_says_what_holds() -> None:
    changes = [SettingChange(5, {"gamma": 0.6, "decay": 0.5}), SettingChange(5, {"gamma": 0.7})]
    assert training.change_labels(changes, {"gamma": "γ"}) == {5: "γ = 0.7, decay = 0.5"}


def test_labels_of_marks_close_to_each_other_do_not_overlap() -> None:
    changes = [SettingChange(step, {"gamma": step / 1000}) for step in range(100, 200, 7)]
    figure = training.figures(metrics(100), LABELS, changes)["losses"]
    placed = []
    for note in figure.layout.annotations:
        at, width = note.x / 1000 * training.NARROW, len(note.text) * training.LETTER
        left = at - width if note.xanchor == "right" else at
        placed.append((note.yshift, left, left + width))
    for index, (row, left, right) in enumerate(placed):
        assert all(row != other or right <= start or end <= left for other, start, end in placed[:index])
    assert len(figure.layout.shapes) == len(changes), "a mark without room for its label still has its line"
    assert len(figure.data[-1].text) == len(changes), "and its tooltip"


def test_marks_after_the_last_row_wait_for_it() -> None:
    figure = training.figures(metrics(10), LABELS, [SettingChange(5000, {"gamma": 0.6})])["losses"]
    assert not figure.layout.shapes


def test_a_label_at_the_right_edge_stays_inside_the_chart() -> None:
    figure = training.figures(metrics(100), LABELS, [SettingChange(990, {"gamma": 0.6})])["losses"]
    assert figure.layout.annotations[0].xanchor == "right"


@pytest.mark.parametrize("rows", [999, 1000, 1001, 12_345, 100_000])
def test_long_runs_are_thinned_without_changing_their_mean(rows: int) -> None:
    y = np.random.default_rng(0).random(rows)
    x, thin = training.thinned(np.arange(rows), y)
    assert len(x) == len(thin) == min(rows, training.POINTS)
    assert x[-1] == rows - 1
    assert np.average(thin) == pytest.approx(y.mean(), abs=2e-3)


def test_learning_rates_are_shown_as_they_were_not_averaged() -> None:
    rows = metrics(5000) | {"learning_rate_g": [1e-3] * 2500 + [5e-4] * 2500}
    line = training.figures(rows, LABELS)["learning_rates"].data[0]
    assert set(line.y) == {1e-3, 5e-4}


def test_a_learning_rate_of_nothing_is_no_error() -> None:
    training.figures(metrics(5) | {"learning_rate_g": [0.0] * 5, "learning_rate_d": [0.0] * 5}, LABELS)


def test_smoothing_keeps_a_constant_and_the_first_value() -> None:
    assert training.smoothed(np.full(50, 3.0)) == pytest.approx(np.full(50, 3.0))
    assert training.smoothed(np.array([5.0, 1.0]))[0] == pytest.approx(5.0)


def test_a_hundred_thousand_rows_are_drawn_within_two_seconds() -> None:
    rows = metrics(100_000)
    began = time.perf_counter()
    figures = training.figures(rows, LABELS, gradient_norms=True)
    assert time.perf_counter() - began < 2
    assert sum(len(figure.to_json()) for figure in figures.values()) < 1_000_000


def test_a_value_stands_among_histograms_of_others() -> None:
    groups = {"real": np.linspace(0.1, 0.2, 50), "drawn": np.linspace(0.3, 0.4, 20)}
    figure = training.distribution(groups, 0.25, "L(v)", "L", ("recorded", 0.15, 0.02))
    histograms = [trace for trace in figure.data if trace.type == "histogram"]
    assert [trace.name for trace in histograms] == ["real", "drawn"]
    for trace in histograms:
        bins = trace.xbins
        assert bins.start <= min(trace.x)
        assert bins.end > max(trace.x)
    assert names_of(figure)[-1] == "recorded"
    band, line = figure.layout.shapes
    assert (band.x0, band.x1) == pytest.approx((0.13, 0.17))
    assert (line.x0, line.x1) == (0.25, 0.25)
    assert figure.layout.annotations[0].text == "L(v)"


def test_a_distribution_of_one_value_can_be_drawn() -> None:
    figure = training.distribution({"drawn": np.full(5, 0.2)}, 0.2, "L(v)", "L")
    assert figure.data[0].xbins.size > 0


@pytest.mark.parametrize(("tick", "text"), [(0.02, "0.02"), (500.0, "500"), (1e4, "10,000"), (2e-5, "2e-5")])
def test_ticks_of_a_logarithmic_axis_are_written_out_unless_they_are_long(tick: float, text: str) -> None:
    assert training.tick_text(tick) == text


def test_small_numbers_on_one_logarithmic_axis_are_all_powers_of_ten() -> None:
    metrics = {"step": [1, 2], "learning_rate_g": [1e-3, 5e-4], "learning_rate_d": [1e-3, 1e-3]}
    axis = training.figures(metrics, {})["learning_rates"].layout.yaxis
    assert {"5e-4", "1e-3"} <= set(axis.ticktext)
    assert all("e-" in text for text in axis.ticktext)


def test_a_tooltip_shows_the_nearest_point_also_while_there_are_few() -> None:
    for figure in training.figures({"step": [20, 40], "loss_real": [0.5, 0.4]}, {"loss_real": "L(x)"}).values():
        assert figure.layout.hoverdistance == -1
