"""Options that would have no effect, and numbers that no option takes, are refused before anything is computed."""

from pathlib import Path

import pytest

from facedemo.runs.run import list_runs
from tests.conftest import facedemo


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("compare --models nobody --family ours --gamma 0.4", "trains none. Omit --family, --gamma."),
        ("compare --models nobody --minutes 1 --preset minute", "trains none. Omit --preset, --minutes."),
        ("compare --resume abcd --count 9 --seed 1", "own settings. Omit --seed, --count."),
        ("verify --model nobody --quick --gallery pictures --cnn", "Omit --gallery, --cnn."),
        ("verify --model nobody --quick --seeds 3", "Omit --seeds."),
        ("verify --model nobody --split validation", "--split chooses among real images"),
    ],
)
def test_an_option_without_effect_is_refused(home: Path, command: str, message: str) -> None:
    done = facedemo(home, *command.split())
    assert done.returncode == 1
    assert message in done.stderr


def test_a_runs_folder_from_the_environment_is_no_such_option(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEDEMO_RUNS", str(home / "elsewhere"))
    done = facedemo(home, "verify", "--model", "nobody", "--quick")
    assert "No model or run matches" in done.stderr


@pytest.mark.parametrize("options", ["--models ours-64", "--data pictures --minutes 1"])
def test_a_report_is_not_written_among_other_files(home: Path, options: str) -> None:
    done = facedemo(home, "compare", *options.split(), "--out", "pictures")
    assert done.returncode == 1
    assert "pictures is not empty" in done.stderr
    assert not list_runs(home / "runs")
    assert {path.suffix for path in (home / "pictures").iterdir()} == {".png"}


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("data prepare pictures --size 63", "63 is not one of 32, 64, 128."),
        ("bench data pictures --size 7", "7 is not one of 32, 64, 128."),
        ("bench memory --seconds inf", "inf is not a finite number."),
        ("bench processes --seconds inf", "inf is not a finite number."),
        ("data purge --older-than inf", "inf is not a finite number."),
    ],
)
def test_a_number_that_no_option_takes_is_refused(home: Path, command: str, message: str) -> None:
    done = facedemo(home, *command.split())
    assert done.returncode == 2
    assert message in " ".join(done.stderr.replace("│", " ").split())
