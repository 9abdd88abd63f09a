"""The commands that reports and cards show: what the command line reads from them is what was asked for."""

import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from facedemo.cli import app
from facedemo.cli.options import given
from facedemo.comparison.commands import comparison_command, race_command, train_command
from facedemo.comparison.gather import ComparedModel, Comparison
from facedemo.config.presets import PRESETS, configure
from facedemo.config.schema import RunConfig
from facedemo.evaluation.request import EvaluationRequest
from facedemo.runs.model_report import ModelReport
from tests.evaluation.reports import REAL, report, row

OPTIONS = {"images": 500, "size": 32, "flip": False, "alpha": 0.12345678, "clip": 0.02, "seed": 7}


def parsed(line: str) -> dict[str, Any]:
    """The values that the command line reads from a command, without those that it leaves out."""
    program, *arguments = shlex.split(line)
    assert program == "facedemo"
    group = typer.main.get_command(app)
    name, command, options = group.resolve_command(typer.Context(group), arguments)
    return given(command.make_context(name, options).params)


def test_the_command_of_a_race_asks_for_the_same_race() -> None:
    evaluation = {"seed": 7, "count": 100, "split": "validation", "copies": False}
    options = parsed(race_command(OPTIONS, ["ours", "wgan"], [0.5, 0.75], "quick-64", evaluation))
    assert options | OPTIONS == options
    assert options["families"] == ["ours", "wgan"]
    assert options["gammas"] == [0.5, 0.75]
    assert options["preset"] == "quick-64"
    assert options | evaluation == options


def test_the_command_of_a_race_names_its_data_but_not_where_they_are() -> None:
    source = {"source": "/home/me/my faces.zip\n/home/me/more", "minutes": 5.0}
    line = race_command(source, ["ours"], [0.5], None, {"seed": 3})
    assert line == "facedemo compare --data 'my faces.zip' --data more --minutes 5 --family ours --gamma 0.5 --seed 3"


def test_the_command_of_a_comparison_asks_for_the_same_evaluation() -> None:
    request = EvaluationRequest(20, 5, "/home/me/faces.zip", "validation", copies=False)
    options = parsed(comparison_command(["ours-64", "a-run"], request))
    assert options["models"] == ["ours-64", "a-run"]
    assert options["source"] == "faces.zip"
    assert (options["count"], options["seed"], options["split"], options["copies"]) == (20, 5, "validation", False)


@pytest.mark.parametrize("data", ["celeba.tar", "celeba.tar, celeba128.tar", None])
def test_the_commands_of_a_report_ask_for_the_same_numbers_and_faces(data: str | None) -> None:
    evaluation = report(row(), *([REAL] if data else []), data=data)
    model = ComparedModel("γ 0.5", "a-run", RunConfig(), ModelReport(), None, evaluation=evaluation)
    numbers, faces = map(parsed, Comparison("one", 900, [model]).commands.values())
    assert (numbers["model"], numbers["seed"], numbers["count"]) == ("a-run", 1, 1000)
    assert list(numbers["data"]) == (data.split(", ") if data else [])
    assert (faces["model"], faces["seed"], faces["count"]) == ("a-run", 900, 64)


def trained(line: str) -> dict[str, Any]:
    """The settings of a run that a command asks for."""
    run = {"only_create", "dry_run", "now", "runs_dir"}
    return {name: value for name, value in parsed(line).items() if name not in run}


def test_the_command_of_a_training_asks_for_the_same_training(tmp_path: Path) -> None:
    settings = {"family": "wgan", "images": 500, "flip": False, "clip": 0.02, "size": 32, "seed": 7, "threads": 1}
    config = configure(settings | {"source": str(tmp_path / "my faces.zip")})
    options = trained(train_command(config))
    assert options.pop("source") == "my faces.zip"
    assert configure(options) == config.model_copy(
        update={"data": config.data.model_copy(update={"source": "built-in"})}
    )


@pytest.mark.parametrize("preset", [name for name in PRESETS if name != "own-64"])
def test_the_command_of_a_preset_s_training_needs_no_preset(preset: str) -> None:
    config = configure({}, preset)
    assert configure(trained(train_command(config))) == config
