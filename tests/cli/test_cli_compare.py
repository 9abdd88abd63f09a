"""Races and comparisons from the command line, on real files."""

import json
import re
from pathlib import Path

import pytest

from facedemo.comparison.race import list_races
from facedemo.evaluation.report import load_evaluation
from tests.conftest import facedemo


@pytest.fixture(scope="module")
def raced(home: Path) -> Path:
    """Where a race of two was run and reported on."""
    options = "--family ours --family dcgan --size 32 --width 4 --images 64 --threads 1"
    options += " --seed 3 --count 4 --no-copies --out report"
    done = facedemo(home, "compare", "--data", "pictures", *options.split())
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "report/report.html"
    return home


def test_compare_trains_evaluates_and_reports(raced: Path) -> None:
    (race,) = list_races(raced / "runs")
    runs = [race.run(entry) for entry in race.plan.entries]
    assert [run.status.state for run in runs] == ["finished", "finished"]
    assert [run.status.images for run in runs] == [64, 64]
    assert {run.config.training.seed for run in runs} == {3}
    numbers = json.loads((raced / "report/report.json").read_text("utf8"))
    assert [entrant["evaluation"]["count"] for entrant in numbers["contenders"]] == [4, 4]
    assert numbers["commands"]["the whole comparison"] == race.plan.command
    assert "--data pictures" in race.plan.command
    assert "--no-copies" in race.plan.command
    for name in ("report.html", "report.md", "report.json"):
        assert str(raced) not in (raced / "report" / name).read_text("utf8")


def test_a_finished_race_is_reported_on_again_without_training(raced: Path) -> None:
    (race,) = list_races(raced / "runs")
    versions = [race.run(entry).model_version for entry in race.plan.entries]
    done = facedemo(raced, "compare", "--resume", race.id[-4:])
    assert done.returncode == 0, done.stderr
    assert (race.path / "report" / "report.html").is_file()
    assert [race.run(entry).model_version for entry in race.plan.entries] == versions


def test_models_that_are_there_are_compared_without_training(raced: Path) -> None:
    (race,) = list_races(raced / "runs")
    run = race.run(race.plan.entries[0])
    options = ["--models", run.id, "--models", "ours-64", "--count", "3", "--seed", "900", "--out", "other"]
    done = facedemo(raced, "compare", *options, "--data", "built-in")  # as if left out: nobody real is in it
    assert done.returncode == 0, done.stderr
    assert re.search(r"can't detect a face.*of 3", done.stdout)
    numbers = json.loads((raced / "other/report.json").read_text("utf8"))
    assert [entrant["model"] for entrant in numbers["contenders"]] == [run.id, "ours-64"]
    assert load_evaluation(run.path).count == 4, "what was measured in the race stays"


def test_models_are_compared_with_all_images_but_a_race_is_not(raced: Path) -> None:
    options = ["--data", "pictures", "--split", "all", "--count", "3"]
    done = facedemo(raced, "compare", "--models", "ours-64", *options, "--out", "whole")
    assert done.returncode == 0, done.stderr
    numbers = json.loads((raced / "whole/report.json").read_text("utf8"))
    assert numbers["contenders"][0]["evaluation"]["rows"][1]["undetected"]["of"] == len(
        list((raced / "pictures").iterdir())
    )
    assert "--split all" in numbers["commands"]["the whole comparison"]
    refused = facedemo(raced, "compare", *options, "--minutes", "1")
    assert refused.returncode == 1
    assert "choose test or validation" in refused.stderr


def test_races_are_listed(raced: Path) -> None:
    done = facedemo(raced, "races")
    assert "finished" in done.stdout


def test_what_is_wrong_is_said_in_a_line(home: Path) -> None:
    for arguments, message in (
        (["compare", "--data", "pictures"], "budget"),
        (["compare", "--minutes", "1", "--family", "ours"], "at least two models"),
        (["compare", "--minutes", "1", "--family", "vae"], "no family"),
        (["compare", "--resume", "zzzz"], "No race matches"),
        (["compare", "--models", "nobody"], "No model or run matches"),
    ):
        done = facedemo(home, *arguments)
        assert done.returncode == 1, arguments
        assert message in done.stderr
        assert "Traceback" not in done.stderr
