"""The settings in which runs differ, in words."""

from pathlib import Path

import pytest

from facedemo.config.presets import configure
from facedemo.runs.differences import differences
from facedemo.runs.directory import RunError
from facedemo.runs.run import Run, create_run
from facedemo.storage.atomic import append_line

TINY = {"size": 32, "latent": 8, "width": 4, "batch_size": 4, "iterations": 20}


def run(root: Path, **settings: object) -> Run:
    return create_run(configure({**TINY, **settings}), root)


def rows(*runs: Run) -> dict[str, list[str]]:
    return {row.title: row.values for row in differences(runs).rows}


def test_only_the_settings_that_differ_are_shown_with_titles_and_units(tmp_path: Path) -> None:
    first = run(tmp_path, name="first", gamma=0.7)
    second = run(tmp_path, name="second", gamma=0.35, width=256, flip=False, start="/models/ours-64")
    third = run(tmp_path, learning_rate_g=3e-5, ema_images=1500)
    assert rows(first, second) == {
        "γ, diversity ratio": ["0.7", "0.35"],
        "Width (channels)": ["4", "256"],
        "Mirror": ["on", "off"],
        "Start from": ["random weights", "ours-64"],
    }
    assert rows(first, third) == {
        "Generator learning rate": ["0.0003", "0.00003"],
        "Moving average (images)": ["10,000", "1,500"],
    }


def test_equal_runs_have_no_differences_and_all_settings_are_counted(tmp_path: Path) -> None:
    table = differences([run(tmp_path, name="first"), run(tmp_path, name="second")])
    assert table.rows == []
    assert table.summary() == f"All {table.same} settings are the same."
    other = differences([run(tmp_path), run(tmp_path, seed=1)])
    assert other.summary() == f"1 setting differs; the other {table.same - 1} are the same."
    both = differences([run(tmp_path), run(tmp_path, seed=1, gamma=0.2), run(tmp_path)])
    assert both.summary() == f"2 settings differ; the other {table.same - 2} are the same."
    assert [row.values for row in both.rows] == [["0.7", "0.2", "0.7"], ["0", "1", "0"]]


def test_a_setting_changed_during_training_is_shown_with_its_last_value(tmp_path: Path) -> None:
    first, second = run(tmp_path), run(tmp_path)
    for step, gamma in ((5, 0.5), (9, 0.25)):
        append_line(first.path / "marks.jsonl", {"step": step, "changes": {"gamma": gamma}, "command": str(step)})
    assert rows(first, second) == {"γ, diversity ratio": ["0.7 → 0.25", "0.7"]}
    append_line(first.path / "marks.jsonl", {"step": 12, "changes": {"gamma": 0.7}, "command": "12"})
    assert rows(first, second) == {}


def test_settings_that_a_family_lacks_are_dashes(tmp_path: Path) -> None:
    table = rows(run(tmp_path), run(tmp_path, family="wgan"))
    assert table["Family"] == ["ours", "wgan"]
    assert table["γ, diversity ratio"] == ["0.7", "–"]
    assert table["Clipping"] == ["–", "0.01"]


def test_budgets_of_different_kinds_are_compared(tmp_path: Path) -> None:
    minutes = {name: value for name, value in TINY.items() if name != "iterations"} | {"minutes": 2}
    other = create_run(configure(minutes), tmp_path)
    assert rows(run(tmp_path), other) == {"Budget in iterations": ["20", "–"], "Budget in minutes": ["–", "2"]}


def test_images_are_named_without_folders_and_told_apart(tmp_path: Path) -> None:
    sources = ["/home/a/faces.zip", "/home/b/faces.zip", "/home/a/faces.zip"]
    runs = [run(tmp_path, source=source) for source in sources]
    assert rows(*runs) == {"Data": ["faces.zip (1)", "faces.zip (2)", "faces.zip (1)"]}
    (runs[0].path / "images.json").write_text('{"count": 1200, "digest": "a"}')
    assert "Training images" not in " ".join(rows(*runs)), "the other runs have not opened their images yet"
    (runs[2].path / "images.json").write_text('{"count": 900, "digest": "b"}')
    assert rows(runs[0], runs[2]) == {"Training images": ["1,200", "900"]}


def test_a_damaged_run_is_refused_in_words(tmp_path: Path) -> None:
    damaged = run(tmp_path)
    (damaged.path / "config.json").write_text("{")
    with pytest.raises(RunError, match="damaged"):
        differences([run(tmp_path), damaged])


def test_runs_of_an_earlier_version_are_compared_without_its_removed_settings(tmp_path: Path) -> None:
    first, second = run(tmp_path), run(tmp_path)
    config = first.path / "config.json"
    config.write_text(config.read_text().replace('"start": ""', '"start": "", "match_codes": 0.5, "average": 0.999'))
    assert rows(first, second) == {}
