"""Races on the Compare page."""

import json
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from facedemo.app.views.compare import race_list
from facedemo.comparison import entrants
from facedemo.comparison.race import Kind, deleted_races, list_races
from facedemo.runs.run import Run, list_runs
from facedemo.storage.atomic import read_lines
from facedemo.storage.process_status import Status, process_facts
from facedemo.training import speed
from tests.app.compare.conftest import click, learned, linked, new_race, open_page, page_text, pictures
from tests.app.learn.conftest import LESSONS


@pytest.mark.parametrize(
    ("count", "message"),
    [(3, "3 images found; at least 64 are needed"), (64, "64 images found; at least 64 are needed")],
)
def test_a_race_on_ones_own_images_counts_them_before_the_start(tmp_path: Path, count: int, message: str) -> None:
    (tmp_path / "mine").mkdir()
    for number in range(count):
        Image.new("RGB", (40, 40), (number, 0, 0)).save(tmp_path / "mine" / f"{number}.png")
    page = open_page(mode="race")
    page.radio(key="new_data_kind").set_value("A folder or archive on this computer").run()
    page.text_area(key="new_data_path").set_value(str(tmp_path / "mine")).run()
    assert not page.exception
    assert message in page_text(page)
    assert "Start the race" in [button.label for button in page.button]


def test_a_race_is_set_up_and_started_and_its_columns_wait(launched: list[Run]) -> None:
    page = open_page(mode="race")
    assert "There are no races yet" in page_text(page)
    assert "See a recorded race in lesson 7" in [button.label for button in page.button]
    page.session_state["race_budget_kind"] = "minutes"
    page.session_state["race_budget_minutes"] = 2.0
    page.selectbox(key="race_size").set_value(32).run()
    page = click(page, "Start the race")
    (race,) = list_races()
    assert [run.path for run in launched] == [race.path]
    assert linked(page, "race") == race.id
    configs = [race.run(entrant).config for entrant in race.plan.entries]
    assert [config.family for config in configs] == ["ours", "dcgan", "wgan", "r3gan"]
    assert {(config.budget.minutes, config.model.size) for config in configs} == {(2.0, 32)}
    assert race.plan.count == 500
    assert "The first faces appear" in page_text(page)


def test_the_time_of_a_race_and_of_a_sweep_is_told_before_it_starts() -> None:
    assert "of training in all" not in page_text(open_page(mode="race"))
    configs = entrants.entrant_configs({"size": 64, "images": 30_000, "source": "built-in"})
    for config, images_per_second in zip(configs.values(), (20.0, 50.0, 50.0, 25.0), strict=True):
        speed.store_speed(config, images_per_second, 10.0)
    page = open_page(mode="race")
    assert "**About 1 h 6 min** of training in all, measured on this computer: Ours (BEGAN) 25 min" in page_text(page)
    assert "R3GAN 20 min. Evaluating 500 faces of each model comes on top." in page_text(page)
    page = open_page(mode="sweep")
    assert "**About 1 h 41 min** of training in all, at 20 images per second, measured" in page_text(page)
    page.session_state["race_budget_kind"] = "minutes"
    assert "of training in all" not in page_text(page.run())


def test_a_race_of_one_cannot_be_started() -> None:
    page = open_page(mode="race")
    page.session_state["race_families"] = ["ours"]
    page.run()
    assert next(item for item in page.button if item.label == "Start the race").disabled


def test_a_folder_that_is_not_there_is_said_before_anything_starts(launched: list[Run]) -> None:
    page = open_page(mode="race")
    page.radio(key="new_data_kind").set_value("A folder or archive on this computer").run()
    page.text_area(key="new_data_path").set_value("/nowhere/at all").run()
    page = click(page, "Start the race")
    assert "There is no file or folder" in page_text(page)
    assert not launched
    assert not list_races()


def test_a_race_shows_faces_losses_detection_and_the_table() -> None:
    race = new_race()
    runs = [learned(race, number) for number in range(2)]
    page = open_page(mode="race", race=race.id)
    assert pictures(page) == [f"16 faces by {label} at iteration 20" for label in ("Ours (BEGAN)", "DCGAN")]
    text = page_text(page)
    assert "20 of 100 faces detected" in text
    assert "30 of 1,000" in text
    assert "facedemo compare --iterations 20" in text
    titles = [json.loads(chart.proto.spec)["layout"]["title"]["text"] for chart in page.get("plotly_chart")]
    assert titles == ["", ""]  # they have theirs above, with an explanation
    assert f"race={race.id}" in text, "Copy link says the same"
    assert next(title.help for title in page.markdown if title.value == "**Losses**").startswith("How badly")
    assert "Detection rate" in text
    shutil.rmtree(runs[0].path)
    (runs[1].path / "metrics.csv").write_text("step,images\n1")
    (runs[1].path / "samples" / "00000020.png").write_bytes(b"no picture")
    text = page_text(open_page(mode="race", race=race.id))
    assert "This run was deleted" in text
    assert "cannot be shown" in text


def test_a_race_that_goes_on_can_be_stopped_and_one_that_ended_resumed(launched: list[Run]) -> None:
    race = new_race()
    me = process_facts(os.getpid())
    race.write_status(replace(race.status, state="running", seconds_left=90, updated=time.time(), **me))
    page = open_page(mode="race", race=race.id)
    assert "1 min 30 s of training left" in page_text(page)
    click(page, "Stop")
    assert [command["action"] for command in read_lines(race.path / "orders.jsonl")] == ["stop"]
    race.write_status(replace(race.status, state="stopped"))
    click(open_page(mode="race", race=race.id), "Resume")
    assert [run.path for run in launched] == [race.path]


def test_a_race_that_waits_can_be_paused_and_continued_and_stopped_and_deleted() -> None:
    race = new_race()
    me = process_facts(os.getpid())
    for state, label, action in (
        ("waiting", "Pause", "pause"),
        ("paused", "Continue", "continue"),
        ("waiting", "Stop", "stop"),
    ):
        race.write_status(replace(race.status, state=state, updated=time.time(), **me))
        click(open_page(mode="race", race=race.id), label)
        assert read_lines(race.path / "orders.jsonl")[-1]["action"] == action
    race.write_status(replace(race.status, state="paused", **me))
    assert "is paused." in page_text(open_page(mode="race"))
    race.write_status(replace(race.status, state="waiting", **me))
    click(open_page(mode="race"), "Delete")
    assert list_races() == []
    assert [deleted.status.state for deleted in deleted_races()] == ["stopped"]


def test_a_sweep_is_set_up_and_its_points_are_labelled_by_gamma(launched: list[Run]) -> None:
    page = open_page(mode="sweep")
    page.multiselect(key="race_gammas").set_value([0.7, 0.3]).run()
    page = click(page, "Start the sweep")
    (race,) = list_races()
    assert [entrant.label for entrant in race.plan.entries] == ["γ 0.3", "γ 0.7"]
    assert race.plan.kind == "sweep"
    for number in range(2):
        learned(race, number)
    page = open_page(mode="sweep", race=race.id)
    spec = json.loads(page.get("plotly_chart")[0].proto.spec)
    assert spec["data"][0]["text"] == ["γ 0.3", "γ 0.7"]
    assert spec["data"][0]["x"] == [50, 51]
    assert spec["data"][0]["y"] == pytest.approx([97.0, 96.9])
    page.segmented_control(key="sweep_diversity").set_value("distance").run()
    assert not page.exception


@pytest.mark.parametrize("content", ["", "{", "[]", '{"title": "x"}'])
def test_a_half_written_race_is_listed_as_damaged_and_opens_with_an_explanation(content: str) -> None:
    race = new_race()
    (race.path / "race.json").write_text(content)
    (race.path / "status.json").write_text("{")
    assert "race.json is damaged" in page_text(open_page(mode="race"))
    assert "damaged" in page_text(open_page(mode="race", race=race.id))


def test_deleting_a_race_is_undone_with_one_click_and_its_runs_stay() -> None:
    race, runs = new_race(), list_runs()
    page = click(open_page(mode="race"), "Delete")
    assert "Deleted “Ours (BEGAN) · DCGAN”" in page_text(page)
    assert (list_races(), list_runs()) == ([], runs)
    page = click(page, "Undo")
    assert list_races() == [race]
    assert "Deleted" not in page_text(page)


def test_a_damaged_race_is_deleted_restored_and_deleted_for_good() -> None:
    race, runs = new_race(), list_runs()
    (race.path / "race.json").write_text("{")
    page = click(open_page(mode="sweep"), "Delete")
    page = click(page, "Restore")
    assert list_races() == [race]
    page = click(click(page, "Delete"), "Yes, delete them")
    assert (list_races(), deleted_races(), list_runs()) == ([], [], runs)


def test_a_race_that_goes_on_cannot_be_deleted() -> None:
    race = new_race()
    race.write_status(Status("running", **process_facts(os.getpid())))
    page = open_page(mode="race")
    assert next(item for item in page.button if item.label == "Delete").disabled


def test_many_races_come_a_page_at_a_time_and_can_be_searched() -> None:
    made = [new_race() for _ in range(9)]
    page = open_page(mode="race")
    assert [item.label for item in page.button].count("Open") == 8
    page.text_input(key="find_race").set_value(f"DCGAN {made[3].id[-4:]} 20 iterations").run()
    assert [item.key for item in page.button if item.label == "Open"] == [f"Open_{made[3].id}"]
    page.text_input(key="find_race").set_value("nothing like it").run()
    assert "No race matches" in page_text(page)


def test_an_unknown_race_in_the_address_is_said() -> None:
    assert "there is no such race" in page_text(open_page(mode="race", race="2026-01-01-000000-race-ffff"))


def test_pictures_of_another_size_do_not_break_a_race(tmp_path: Path) -> None:
    race = new_race()
    run = learned(race, 0)
    Image.new("RGB", (3, 3)).save(run.path / "samples" / "00000030.png")
    open_page(mode="race", race=race.id)


@pytest.mark.parametrize("kind", ["race", "sweep"])
def test_an_empty_list_leads_to_the_lesson_with_a_recorded_one(kind: Kind) -> None:
    number, name = race_list.READY_MADE[kind]
    assert LESSONS[number - 1].name == name
    page = open_page(mode=kind)
    assert f"See a recorded {kind} in lesson {number}" in [button.label for button in page.button]
