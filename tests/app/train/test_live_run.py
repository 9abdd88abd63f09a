"""A run on the Train page: charts, samples, steering and what is said about the training."""

import json
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from facedemo.app.shared.format import duration
from facedemo.app.views.train import steering
from facedemo.gans.registry import config_class, family_names
from facedemo.runs import queue
from facedemo.runs.evaluations import Evaluation, record
from facedemo.runs.run import create_run
from facedemo.training import speed
from tests.app.train.conftest import button, click, commands, config, open_page, page_text, set_state, trained


def test_a_run_that_was_evaluated_shows_how_good_it_was_and_which_weights_are_best(pictures: Path) -> None:
    run = trained(pictures)
    for step, distance in ((10, 0.3), (20, 0.2), (30, None)):
        record(run.path, Evaluation(step, 16 * step, 1.0, 500, 450, 60, 200, distance))
    page = open_page(run=run.id)
    assert not page.exception
    assert "Best so far: iteration 20, Fréchet distance 0.200" in page_text(page)
    for title in ("Detection rate", "Distinct people", "Fréchet face distance"):
        assert f"**{title}**" in page_text(page)
    charts = [json.loads(chart.proto.spec)["data"] for chart in page.get("plotly_chart")]
    (people,) = [lines for lines in charts if [list(line.get("y", [])) for line in lines] == [[30.0, 30.0, 30.0]]]
    assert people[0]["x"] == [10, 20, 30]


def test_a_trained_run_shows_its_charts_samples_and_marks(pictures: Path) -> None:
    run = trained(pictures)
    page = open_page(run.id)
    assert len(page.get("plotly_chart")) == 5
    assert "γ = 0.6" in str(json.loads(page.get("plotly_chart")[0].proto.spec))
    assert page.select_slider(key="samples_step").value == 20
    assert "finished" in page_text(page)
    assert "iteration 20" in page_text(page)
    page.toggle(key="show_norms").set_value(True).run()
    assert len(page.get("plotly_chart")) == 6


def test_the_samples_of_another_time_can_be_looked_at_while_newer_ones_come(pictures: Path) -> None:
    run = trained(pictures)
    page = open_page(run.id)
    (run.path / "samples" / "00000030.png").write_bytes((run.path / "samples" / "00000000.png").read_bytes())
    page.run()
    assert page.select_slider(key="samples_step").value == 30, "follows the newest"
    page.select_slider(key="samples_step").set_value(10).run()
    (run.path / "samples" / "00000040.png").write_bytes((run.path / "samples" / "00000000.png").read_bytes())
    page.run()
    assert page.select_slider(key="samples_step").value == 10


def test_steering_asks_for_what_was_moved_and_can_be_undone(pictures: Path) -> None:
    run = create_run(config(pictures))
    set_state(run, "running", step=5)
    page = open_page(run.id)
    page.slider(key="steer_gamma").set_value(0.3)
    page.number_input(key="steer_sample_every").set_value(20)
    click(page, "Apply")
    assert commands(run) == [{"gamma": 0.3, "sample_every": 20}]
    assert "γ = 0.3" in page_text(page)
    click(page, "Undo")
    assert commands(run)[1] == {"gamma": 0.7, "sample_every": 10}
    assert page.slider(key="steer_gamma").value == 0.7
    assert button(page, "Undo").disabled


def test_a_moved_control_says_that_it_is_not_applied_yet(pictures: Path) -> None:
    run = create_run(config(pictures))
    set_state(run, "running", step=5)
    page = open_page(run.id)
    assert "not applied yet" not in page_text(page)
    page.slider(key="steer_gamma").set_value(0.54).run()
    assert "γ: 0.7 → 0.54, not applied yet" in page_text(page)
    assert commands(run) == []
    click(page, "Apply")
    assert commands(run) == [{"gamma": 0.54}]
    assert "not applied yet" not in page_text(page)


def test_the_familys_own_setting_is_steered_first_and_the_others_are_folded(pictures: Path) -> None:
    run = create_run(config(pictures))
    page = open_page(run.id)
    folded = {item.key for part in page.expander for item in [*part.slider, *part.number_input]}
    steered = {item.key for item in [*page.slider, *page.number_input] if item.key.startswith("steer_")}
    assert steered - folded == {"steer_gamma"}


def status_line(page: AppTest) -> dict[str, str]:
    """What the line above the charts was sent; the one that only announces the film has no text."""
    lines = [json.loads(part.proto.json) for part in page.get("bidi_component") if "news" in part.proto.json]
    (sent,) = (line for line in lines if line["text"])
    return sent


def test_a_sentence_says_what_the_training_is_going_through(pictures: Path) -> None:
    run = create_run(config(pictures))
    set_state(run, "running", progress=0.46, step=20)
    assert status_line(open_page(run.id))["text"] == "Training. The first numbers appear after 5 iterations."
    row = "step,loss_real,loss_fake,loss_target,k\n5,0.2,{fake},0.14,0.1\n"
    for fake, sentence in ((0.1, "The generator is ahead"), (0.2, "The discriminator is ahead"), (0.141, "in balance")):
        (run.path / "metrics.csv").write_text(row.format(fake=fake))
        page = status_line(open_page(run.id))
        assert sentence in page["text"]
        assert page["news"] == "running, 40 %"


def test_the_line_takes_the_focus_when_a_run_is_opened_and_not_when_it_goes_on(pictures: Path) -> None:
    run = create_run(config(pictures))
    page = click(open_page(), "Open")
    focus = status_line(page)["focus"]
    assert run.id in focus
    assert status_line(page.run())["focus"] == focus
    click(page, "All runs")
    assert status_line(click(page, "Open"))["focus"] != focus


def test_a_run_that_is_slower_than_was_measured_says_why(pictures: Path) -> None:
    run = create_run(config(pictures))
    speed.store_speed(run.config, 100.0, 5.0)
    set_state(run, "running", images_per_second=50.0)
    assert "Slower than the 100 images/s measured before: other programs are busy" in page_text(open_page(run.id))
    other = create_run(config(pictures))
    set_state(other, "running")
    queue.enter(other.path, "training")
    waiting = create_run(config(pictures))
    set_state(waiting, "waiting")
    queue.enter(waiting.path)
    assert "1 other run trains on this computer" in page_text(open_page(run.id))
    set_state(run, "running", images_per_second=90.0)
    assert "Slower" not in page_text(open_page(run.id))


def test_every_chart_of_every_family_is_explained(pictures: Path) -> None:
    for family in family_names():
        cls = config_class(family)
        charted = {"losses" if name.startswith("loss_") else name for name in cls.metrics}
        assert cls.metric_help.keys() == charted
    run = trained(pictures)
    titles = [item for item in open_page(run.id).markdown if item.value in ("**Losses**", r"**k\_t**", "**M**")]
    assert len(titles) == 3
    assert all(title.proto.help for title in titles)


def test_changes_are_undone_one_after_the_other(pictures: Path) -> None:
    run = create_run(config(pictures))
    for gamma in (0.1, 0.2, 0.3):
        run.steer(gamma=gamma)
    undone = []
    while undo := steering.in_force(run, run.config, 0).undo:
        undone.append(undo["gamma"])
        run.steer(**undo)
    assert undone == [0.2, 0.1, 0.7]


def test_a_decayed_learning_rate_is_shown_and_can_be_set_back(pictures: Path) -> None:
    settings = config(pictures)
    run = create_run(settings)
    set_state(run, "running", step=4000)
    page = open_page(run.id)
    assert page.number_input(key="steer_learning_rate_g").value == pytest.approx(3e-4 * 0.81)
    page.number_input(key="steer_learning_rate_g").set_value(3e-4)
    click(page, "Apply")
    assert commands(run) == [{"learning_rate_g": 3e-4}]


def test_advice_of_the_health_check_is_a_warning(pictures: Path) -> None:
    run = create_run(config(pictures))
    set_state(run, "running", warnings=["k_t has stayed at 0."])
    assert [warning.value for warning in open_page(run.id).warning] == ["k_t has stayed at 0."]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 s"), (59.6, "1 min"), (192, "3 min 12 s"), (7500, "2 h 5 min"), (273600, "3 d 4 h")],
)
def test_durations_are_read_at_a_glance(seconds: float, expected: str) -> None:
    assert duration(seconds) == expected


def test_preparing_images_is_a_progress_of_its_own(pictures: Path) -> None:
    run = create_run(config(pictures))
    set_state(run, "starting", phase="Preparing images", done=1000, total=4000)
    bar = open_page(run.id).get("progress")[0].proto
    assert bar.value == 25
    assert "1,000 of 4,000" in bar.text
