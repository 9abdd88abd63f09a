"""What charts say to screen readers."""

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import facedemo.app
from facedemo.app import navigation
from facedemo.app.charts import comparison, overlay, training
from facedemo.app.charts.description import described
from facedemo.app.views.learn import copying
from facedemo.config.schedule import SettingChange
from tests.conftest import RunMaker

METRICS = {
    "step": [10, 20, 3000],
    "seconds": [6, 12, 60],
    "loss_real": [0.5, 0.3, 0.1],
    "loss_fake": [0.5, 0.4, float("nan")],
    "k": [0, 0.01, 0.02],
}


def test_a_chart_says_where_its_lines_begin_and_end_and_what_was_changed() -> None:
    labels = {"loss_real": "L(x)", "loss_fake": "L(G(z))", "k": "k_t"}
    figures = training.figures(METRICS, labels, [SettingChange(20, {"gamma": 0.6})], {"gamma": "γ"})
    said = described(figures["losses"])
    assert (
        said == "Iteration 10 to 3,000. L(x): from 0.5 to 0.1. L(G(z)): from 0.5 to 0.4, then no number. γ = 0.6 at 20."
    )
    assert described(figures["k"]) == "Iteration 10 to 3,000. k_t: from 0 to 0.02. γ = 0.6 at 20."


def test_every_run_of_an_overlay_is_named_once() -> None:
    runs = [overlay.Curves(name, METRICS, {"loss_real": "L(x)"}) for name in ("a & b", "c")]
    said = described(overlay.overlay(runs, "minutes")["loss_real"])
    assert said == "Minutes of training 0.1 to 1. a & b: from 0.5 to 0.1. c: from 0.5 to 0.1."


def test_points_and_histograms_are_read_out() -> None:
    point = comparison.Point("γ = 0.3", 80.123, 70, 90, 120, None)
    said = described(comparison.sweep_chart([point], "people"))
    assert said == "γ = 0.3: distinct people 120, faces detected 80.1 %."
    figure = training.distribution({"generated faces": np.arange(5.0)}, 0.09, "L(v)", "L", ("recorded", 0.1, 0.2))
    assert described(figure) == "Generated faces: from 0 to 4, half of them below 2. L(v) at 0.09."


def test_a_line_of_one_point_or_none_is_no_error() -> None:
    losses = copying.Losses([0], [0.25], [float("nan")])
    assert described(copying.chart(losses)) == "Iteration 0. training images: 0.25. unseen images: no number."


@pytest.mark.parametrize("name", [navigation.TRAIN, navigation.RUNS], ids=lambda path: path.stem)
def test_the_charts_of_a_page_have_their_values_as_alternative(make_run: RunMaker, name: Path) -> None:
    page = AppTest.from_file(name, default_timeout=60)
    page.query_params["run"] = make_run("mine").id
    charts = page.run().get("plotly_chart")
    assert len(charts) >= 3
    for chart in charts:
        assert chart.proto.alt.startswith("Chart of "), chart.proto.alt
        assert ". Iteration 10 to 50. " in chart.proto.alt
        assert ": from " in chart.proto.alt


def test_charts_are_shown_by_the_one_function_that_describes_them() -> None:
    files = Path(facedemo.app.__file__).parent.rglob("*.py")
    assert [file.name for file in files if "plotly_chart(" in file.read_text("utf8")] == ["plot.py"]
