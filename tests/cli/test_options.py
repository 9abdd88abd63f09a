"""Options of the command line, made from the settings' declarations."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from facedemo.cli import app
from facedemo.cli.options import setting_fields
from facedemo.config.presets import configure
from facedemo.config.schema import RunConfig
from facedemo.gans.registry import FAMILIES, config_class
from facedemo.runs.run import list_runs
from facedemo.training import speed


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEDEMO_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path / "cache"))


def planned(*arguments: str) -> RunConfig:
    """The config that `train --dry-run` prints."""
    result = CliRunner().invoke(app, ["train", "--dry-run", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return RunConfig.model_validate_json(result.stdout)


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "measure_and_store", lambda config: speed.store_speed(config, 400.0, 6.0))


@pytest.mark.usefixtures("measured")
def test_every_setting_of_every_family_is_an_option() -> None:
    fields = setting_fields()
    for family in FAMILIES:
        assert config_class(family).model_fields.keys() <= fields.keys()
    wgan = planned("--family", "wgan", "--clip", "0.02", "--critic-steps", "3", "--minutes", "1").model
    assert (wgan.clip, wgan.critic_steps) == (0.02, 3)


@pytest.mark.usefixtures("measured")
def test_a_dry_run_tells_the_time_and_makes_no_run() -> None:
    result = CliRunner().invoke(app, ["train", "--preset", "minute", "--dry-run"], catch_exceptions=False)
    assert json.loads(result.stdout)["budget"]["images"] == 12_000
    assert "About 36 s" in result.stderr
    assert list_runs() == []


@pytest.mark.usefixtures("measured")
def test_a_config_json_is_a_starting_point_and_options_go_over_it(tmp_path: Path) -> None:
    config = configure({"gamma": 0.4, "iterations": 7, "seed": 3}, "quick-64")
    (tmp_path / "config.json").write_text(config.model_dump_json())
    assert planned("--config", str(tmp_path / "config.json")) == config
    changed = planned("--config", str(tmp_path / "config.json"), "--gamma", "0.6", "--minutes", "2")
    assert (changed.model.gamma, changed.training.seed) == (0.6, 3)
    assert changed.budget.model_dump(exclude_none=True) == {"minutes": 2.0}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--config", "nothing.json"], "nothing.json cannot be read"),
        (["--config", "x.json", "--preset", "minute"], "--config goes with neither"),
    ],
)
def test_a_config_that_cannot_be_used_is_refused_in_words(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["train", *arguments])
    assert message in str(result.exception)
    assert list_runs() == []
