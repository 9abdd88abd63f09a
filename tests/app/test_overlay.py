import numpy as np
import plotly.graph_objects as go
import pytest

from facedemo.app.charts import overlay
from facedemo.app.charts.overlay import Curves

LABELS = {"loss_real": "L(x)", "k": "k_t"}


def curves(name: str, rows: int = 20, labels: dict[str, str] = LABELS) -> Curves:
    steps = np.arange(1.0, rows + 1)
    columns = {"step": 10 * steps, "images": 160 * steps, "seconds": 30 * steps}
    columns |= dict.fromkeys(labels, 1 / steps)
    return Curves(name, {column: values.tolist() for column, values in columns.items()}, labels)


def visible_curves(figure: go.Figure) -> list[go.Scatter]:
    """The lines that the legend names."""
    return [line for line in figure.data if line.showlegend is not False]


def test_every_metric_gets_a_chart_with_a_line_for_each_run_that_has_it() -> None:
    figures = overlay.overlay([curves("one"), curves("two"), curves("three", labels={"k": "k", "distance": "W"})])
    assert list(figures) == ["loss_real", "k", "distance"]
    assert [line.name for line in visible_curves(figures["k"])] == ["one", "two", "three"]
    assert [line.name for line in visible_curves(figures["distance"])] == ["three"]
    assert figures["k"].layout.title.text == "k<sub>t</sub>", "as the first run calls it"


@pytest.mark.parametrize(("axis", "last"), [("iterations", 200.0), ("images", 3200.0), ("minutes", 10.0)])
def test_runs_are_compared_at_equal_iterations_images_or_minutes(axis: str, last: float) -> None:
    figure = overlay.overlay([curves("one"), curves("two", rows=10)], axis)["k"]
    assert [line.x[-1] for line in visible_curves(figure)] == [last, last / 2]
    assert figure.layout.xaxis.title.text == overlay.AXES[axis][2]


def test_a_run_looks_the_same_in_every_chart_and_no_two_alike() -> None:
    runs = [curves(str(number)) for number in range(overlay.MAX_RUNS)]
    styles = {
        column: [(line.line.color, line.line.dash) for line in visible_curves(figure)]
        for column, figure in overlay.overlay(runs).items()
    }
    assert styles["k"] == styles["loss_real"]
    assert len(set(styles["k"])) == overlay.MAX_RUNS


def test_more_runs_than_can_be_told_apart_are_left_out() -> None:
    runs = [curves(str(number)) for number in range(overlay.MAX_RUNS + 3)]
    assert len(visible_curves(overlay.overlay(runs)["k"])) == overlay.MAX_RUNS


def test_a_run_without_metrics_takes_neither_colour_nor_line_from_the_others() -> None:
    figures = overlay.overlay([curves("one"), Curves("empty", {}, LABELS), curves("two")])
    assert [line.name for line in visible_curves(figures["k"])] == ["one", "two"]
    assert overlay.overlay([Curves("empty", {}, LABELS)]) == {} == overlay.overlay([])


def test_long_names_and_names_that_look_like_html_are_tamed() -> None:
    names = ["x" * 200, "<a href='http://x'>y</a>"]
    long, html = (line.name for line in visible_curves(overlay.overlay([curves(name) for name in names])["k"]))
    assert long == "x" * (overlay.LETTERS - 1) + "…"
    assert "<" not in html


def test_the_plot_keeps_its_height_however_many_names_stand_below_it() -> None:
    heights = []
    for count in (2, 9):
        layout = overlay.overlay([curves(str(number)) for number in range(count)])["k"].layout
        heights.append(layout.height - layout.margin.t - layout.margin.b)
    assert heights[0] == heights[1]


def test_a_run_alone_needs_no_legend() -> None:
    assert overlay.overlay([curves("one")])["k"].layout.showlegend is False
    assert overlay.overlay([curves("one"), curves("two")])["k"].layout.showlegend is True


def test_a_zoom_is_kept_as_rows_come_but_not_on_another_axis() -> None:
    before, after = (overlay.overlay([curves("one", rows)])["k"].layout.uirevision for rows in (10, 20))
    assert before == after != overlay.overlay([curves("one")], "minutes")["k"].layout.uirevision


@pytest.mark.parametrize(("axis", "unit"), [("iterations", "iteration"), ("images", "images"), ("minutes", "minutes")])
def test_a_tooltip_has_the_unit_of_the_axis(axis: str, unit: str) -> None:
    figure = overlay.overlay([curves("one")], axis)["k"]
    assert unit in figure.layout.xaxis.unifiedhovertitle.text
    assert ("iteration" in figure.layout.xaxis.unifiedhovertitle.text) is (axis == "iterations")
