"""The page and the card of one run."""

import io
from dataclasses import replace

import pytest
from PIL import Image

from facedemo.comparison import run_report
from facedemo.evaluation.report import save_evaluation
from facedemo.runs.directory import RunError
from facedemo.runs.evaluations import Evaluation, record
from facedemo.runs.run import MARKS
from facedemo.storage.atomic import append_line
from tests.conftest import RunMaker
from tests.evaluation.reports import report, row


def test_the_page_has_name_settings_verdict_and_the_command_of_the_faces(make_run: RunMaker) -> None:
    run = make_run(name="First try", weights=True, gamma=0.6)
    record(run.path, Evaluation(20, 320, 12.0, 500, 490, 60, 230, 0.123))
    html = run_report.page(run).decode()
    for text in (
        "First try",
        "Ours (BEGAN), trained on the built-in faces at 32×32 for 800 images.",
        "At iteration 20, 98.0 % of 500 faces were detected; they show 26 % as many different people as",
        "their Fréchet face distance to real faces is 0.123",
        "facedemo train --family ours --size 32",
        f"facedemo generate --model {run.id}",
        "gamma",
    ):
        assert text in html, text
    assert html.count("data:image/png") >= 2


def test_the_card_has_its_size_and_shows_other_faces_for_other_weights(make_run: RunMaker) -> None:
    cards = [run_report.card(make_run(name="a" * 80, weights=True)) for _ in range(2)]
    first, second = (Image.open(io.BytesIO(card)).convert("RGB") for card in cards)
    assert first.size == second.size == (1200, 630)
    assert first.crop((50, 60, 700, 580)).tobytes() != second.crop((50, 60, 700, 580)).tobytes()


@pytest.mark.parametrize("name", ["a" * 80, r"my $\foo$ run", "  "])
def test_any_name_fits_on_the_card(make_run: RunMaker, name: str) -> None:
    assert len(run_report.card(make_run(name=name, weights=True))) > 10_000


def test_the_card_has_the_gamma_that_the_training_ended_with(make_run: RunMaker) -> None:
    run = make_run(weights=True, gamma=0.8)
    assert "γ = 0.8" in run_report.card_facts(run)
    append_line(run.path / MARKS, {"step": 20, "changes": {"gamma": 0.5}})
    assert "γ = 0.5" in run_report.card_facts(run)


def test_an_evaluation_after_the_training_is_the_verdict(make_run: RunMaker) -> None:
    run = make_run()
    save_evaluation(run.path, report(row(17)))
    assert run_report.verdict(run).startswith("98.3 % of 1,000 faces are detected")


def test_the_verdict_is_that_of_the_best_weights_or_of_the_last_if_none_was_measured(make_run: RunMaker) -> None:
    run = make_run()
    assert run_report.verdict(run) == ""
    few = Evaluation(10, 160, 6.0, 500, 5)
    record(run.path, few)
    assert run_report.verdict(run) == "At iteration 10, 1.0 % of 500 faces were detected."
    record(run.path, replace(few, step=20, people=4, distance=0.5))
    record(run.path, replace(few, step=30, people=4, distance=0.9))
    assert run_report.verdict(run).startswith("At iteration 20, ")


def test_a_run_without_weights_is_refused_in_words(make_run: RunMaker) -> None:
    for make in (run_report.page, run_report.card):
        with pytest.raises(RunError, match="has saved no weights yet"):
            make(make_run())
