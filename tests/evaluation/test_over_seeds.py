"""One model judged with several seeds."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facedemo.cli import main
from facedemo.evaluation import over_seeds
from facedemo.evaluation.metrics import main_variance
from facedemo.evaluation.report import Report, rate
from tests.evaluation.reports import REAL, report, row


def test_mean_and_sample_deviation_are_those_computed_by_hand() -> None:
    reports = [report(row(undetected, distance=0.04 + 0.001 * undetected), REAL) for undetected in (10, 20, 30)]
    statistics = over_seeds.over_seeds(reports)
    assert statistics["detected"] == over_seeds.Spread(980, 10, 970, 990)
    distance = statistics["Fréchet face distance"]
    assert (distance.mean, distance.sd) == (pytest.approx(0.06), pytest.approx(0.01))


def test_the_table_has_a_row_for_each_metric_that_every_seed_has() -> None:
    reports = [report(row(10, undetected_cnn=rate(1, 1000)), REAL), report(row(20), REAL)]
    head, rows = over_seeds.table(reports)
    assert head == ["", "ours-64, of 1,000 faces", "range", "real faces"]
    assert rows[0] == ["detected", "985.0 ± 7.1", "980 – 990", "806 of 856"]
    assert [cells[0] for cells in rows] == [
        *("detected", "distinct people, among equal numbers", "Fréchet face distance", "nearest training face"),
    ]


def test_one_seed_has_no_deviation_and_none_at_all_is_refused() -> None:
    assert over_seeds.spread([3.0]) == over_seeds.Spread(3, 0, 3, 3)
    with pytest.raises(ValueError, match="at least one"):
        over_seeds.spread([])


def test_the_variance_is_measured_along_the_direction_in_which_real_faces_vary_most() -> None:
    rng = np.random.default_rng(0)
    real = rng.normal(size=(4000, 5)) * [1, 5, 1, 1, 1] + 3
    assert main_variance(real, real) == pytest.approx(1)
    assert main_variance(real * [9, 0.5, 9, 9, 9], real) == pytest.approx(0.25, rel=0.1)
    with pytest.raises(ValueError, match="at least two"):
        main_variance(real[:1], real)


def test_a_report_without_the_variance_is_read() -> None:
    old = report(row(main_variance=0.4), REAL).as_json()
    for line in old["rows"]:
        del line["main_variance"]
    assert Report.from_json(old) == report(row(), replace(REAL, main_variance=None))


def test_the_command_evaluates_each_seed_as_it_would_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path))

    def verify(*arguments: str) -> dict:
        monkeypatch.setattr(
            sys, "argv", ["facedemo", "verify", "--count", "3", "--json", str(tmp_path / "a.json"), *arguments]
        )
        with pytest.raises(SystemExit) as end:
            main()
        assert not end.value.code
        return json.loads((tmp_path / "a.json").read_text("utf8"))

    both = verify("--seed", "5", "--seeds", "2")["evaluations"]
    assert "2 evaluations, seeds 5 to 6" in capsys.readouterr().out
    assert both == [verify("--seed", "5"), verify("--seed", "6")]
