"""The table of all runs on the Runs page: search, notes, names and deletion."""

import json
import os
import socket

import psutil
import pytest
from streamlit.testing.v1 import AppTest

from facedemo.comparison.entrants import entrant_configs
from facedemo.comparison.race import Race, create_race
from facedemo.runs import trash
from facedemo.runs.run import Run, list_runs
from facedemo.storage.process_status import Status
from tests.app.runs.conftest import chosen, click, open_page, open_promotion, page_text
from tests.conftest import Maker, RunMaker


def names(page: AppTest) -> list[str]:
    return list(page.dataframe[0].value["Name"]) if page.dataframe else []


def lines(page: AppTest) -> set[str]:
    """The names of the curves on all charts."""
    charts = [json.loads(chart.proto.spec) for chart in page.get("plotly_chart")]
    return {line["name"] for chart in charts for line in chart["data"]}


def test_without_runs_it_leads_to_training_and_still_takes_models(make_bundle: Maker) -> None:
    page = open_page()
    assert "No runs yet" in page_text(page)
    assert [link.proto.page for link in page.get("page_link")]
    assert "There are no models yet" in page_text(page)
    assert page.get("file_uploader")


def test_all_runs_are_in_the_table_and_the_newest_are_compared(make_run: RunMaker) -> None:
    for number in range(5):
        make_run(f"run {number}")
    page = open_page()
    assert names(page) == [run.name for run in list_runs()]
    assert lines(page) == {run.name for run in list_runs()[:3]}
    assert page.query_params["chosen"] == ""


def test_a_search_narrows_the_table_and_is_in_the_address(make_run: RunMaker) -> None:
    make_run("first").write_notes("good eyes")
    make_run("second")
    page = open_page()
    page.text_input(key="runs_find").set_value("eyes").run()
    assert names(page) == ["first"]
    assert page.query_params["find"] == "eyes"
    page.text_input(key="runs_find").set_value("nothing like it").run()
    assert not page.exception
    assert names(page) == []
    assert "No run matches" in page_text(page)
    assert names(open_page(find="second", chosen="", over="images")) == ["second"]


def test_selected_runs_are_laid_over_each_other_at_equal_time(make_run: RunMaker) -> None:
    runs = [make_run(f"run {number}") for number in range(4)]
    page = open_page(find="", chosen=f"{runs[0].id}/{runs[3].id}", over="minutes")
    assert lines(page) == {"run 0", "run 3"}
    assert "2 runs" in page_text(page)
    assert json.loads(page.get("plotly_chart")[0].proto.spec)["layout"]["xaxis"]["title"]["text"].startswith("minutes")
    assert page.query_params["chosen"] == f"{runs[0].id}/{runs[3].id}"


def test_runs_of_one_name_are_told_apart(make_run: RunMaker) -> None:
    runs = [make_run("twin") for _ in range(2)]
    assert lines(chosen(*runs)) == {f"twin ({run.id[-4:]})" for run in runs}


def test_an_address_that_names_nothing_here_is_put_right_with_words(make_run: RunMaker) -> None:
    run = make_run("mine")
    page = open_page(chosen="gone", over="parsecs")
    assert "chosen=gone" in page_text(page)
    assert "over=parsecs" in page_text(page)
    assert (page.query_params["chosen"], page.query_params["over"]) == ("", "iterations")
    page = open_page(chosen=f"gone/{run.id}/../../etc")
    assert page.query_params["chosen"] == run.id
    assert "`chosen=gone` (there is no such run)" in page_text(page)
    assert page_text(open_page(chosen="/".join(f"x{number}/" for number in range(99)))).count("no such run") == 1
    page = open_page(chosen=f"{run.id}/" + "/".join(f"x{number}/" for number in range(99)))
    assert page_text(page).count("no such run") == 5


def test_notes_are_saved_in_the_run_and_follow_its_file(make_run: RunMaker) -> None:
    run = make_run("mine")
    page = chosen(run)
    page.text_area(key=f"notes_{run.id}").set_value("good eyes").run()
    assert run.notes == "good eyes"
    assert "Saved at" in page_text(page)
    run.write_notes("written elsewhere")
    page.run()
    assert page.text_area(key=f"notes_{run.id}").value == "written elsewhere"


def test_notes_on_a_run_that_is_gone_are_no_traceback(make_run: RunMaker) -> None:
    run = make_run("mine")
    make_run("other")
    page = chosen(run)
    trash.delete(run)
    page.text_area(key=f"notes_{run.id}").set_value("late").run()
    assert not page.exception
    assert names(page) == ["other"]


def test_deleting_one_run_is_undone_with_one_click(make_run: RunMaker) -> None:
    run = make_run("mine")
    page = click(chosen(run), "runs_delete")
    assert list_runs() == []
    assert "Deleted “mine”" in page_text(page)
    click(page, "undo_delete")
    assert list_runs() == [run]
    assert names(page) == ["mine"]


def test_deleting_several_runs_is_undone_with_one_click(make_run: RunMaker) -> None:
    runs = [make_run(f"run {number}") for number in range(3)]
    page = click(chosen(*runs[:2]), "runs_delete_all")
    assert names(page) == ["run 2"]
    assert "Deleted 2 runs" in page_text(page)
    click(page, "undo_delete")
    assert len(names(page)) == 3
    assert trash.deleted_runs() == []


def test_a_deleted_run_is_restored_later_from_the_list_below(make_run: RunMaker) -> None:
    run = make_run("mine")
    trash.delete(run)
    page = click(open_page(), f"restore_{run.id}")
    assert list_runs() == [run]
    assert names(page) == ["mine"]


def test_a_run_that_trains_is_kept_and_the_others_go(make_run: RunMaker) -> None:
    running, other = make_run("running"), make_run("other")
    mine = {"pid": os.getpid(), "process_started": psutil.Process().create_time(), "host": socket.gethostname()}
    running.write_status(Status("running", **mine))
    assert chosen(running).button(key="runs_delete").disabled
    page = click(chosen(running, other), "runs_delete_all")
    assert names(page) == ["running"]
    assert "Stop it before you delete it" in page_text(page)


def running_race() -> tuple[Race, list[Run]]:
    """A race that this process seems to run, and its entrants; the first has finished, the second is to come."""
    tiny = {"size": 32, "width": 4, "latent": 8, "batch_size": 4, "iterations": 20}
    race = create_race(entrant_configs(tiny, ["ours", "dcgan"]))
    mine = {"pid": os.getpid(), "process_started": psutil.Process().create_time(), "host": socket.gethostname()}
    race.write_status(Status("running", **mine))
    runs = [race.run(entrant) for entrant in race.plan.entries]
    runs[0].write_status(Status("finished", step=20))
    return race, runs


def test_an_entrant_waits_for_its_race_without_being_deleted(make_bundle: Maker) -> None:
    race, (finished, upcoming) = running_race()
    page = open_page()
    assert dict(zip(names(page), page.dataframe[0].value["State"], strict=True)) == {
        finished.name: "finished",
        upcoming.name: "waiting",
    }
    page = chosen(upcoming)
    assert f"in the race “{race.name}”" in page_text(page).replace("\\", "")
    keys = {button.key for button in page.button}
    assert "runs_race" in keys
    assert "runs_delete" not in keys
    click(chosen(upcoming, finished), "runs_delete_all")
    assert list_runs() == [upcoming]
    race.write_status(Status("stopped"))
    assert "runs_delete" in {button.key for button in chosen(upcoming).button}


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("config.json", "{garbage"),
        ("config.json", '{"family": [1], "model": 3, "name": 5}'),
        ("status.json", "{"),
        ("status.json", '{"state": "running", "pid": -5, "seconds": 1e400}'),
        ("metrics.csv", ""),
        ("metrics.csv", "step,loss_real\n1,x\n"),
        ("metrics.csv", "loss_real\n1\n"),
        ("marks.jsonl", '{"changes": 3}\n'),
    ],
)
def test_a_damaged_run_is_listed_beside_the_others_and_can_be_deleted(
    make_run: RunMaker, file: str, content: str
) -> None:
    damaged, whole = make_run("damaged"), make_run("whole")
    (damaged.path / file).write_text(content, "utf8")
    page = chosen(damaged, whole)
    assert len(names(page)) == 2
    assert "whole" in lines(page)
    click(chosen(damaged), "runs_delete")
    assert list_runs() == [whole]


def test_a_run_that_has_only_just_been_made_says_what_it_lacks(make_run: RunMaker) -> None:
    run = make_run("new")
    for name in ("metrics.csv", "status.json"):
        (run.path / name).unlink()
    page = chosen(run)
    assert "No curves: “" in page_text(page)
    assert page.button(key="runs_generate").disabled


def test_open_leads_to_the_run_on_the_train_page(make_run: RunMaker) -> None:
    run = make_run("mine")
    page = click(chosen(run), "runs_open")
    assert page.title[0].value == "Train"
    assert page.query_params["run"] == run.id


def test_a_run_is_renamed_while_it_does_not_train(make_run: RunMaker) -> None:
    run = make_run("before")
    page = chosen(run)
    page.session_state["runs_rename_open"] = True
    page.text_input(key=f"runs_name_{run.id}_before").set_value("after").run()
    assert page.session_state["runs_rename_open"]
    assert names(click(page, "runs_rename")) == ["after"]
    assert not page.session_state["runs_rename_open"]
    page.session_state["runs_rename_open"] = True
    page.text_input(key=f"runs_name_{run.id}_after").set_value(" ").run()
    assert "A run needs a name" in page_text(click(page, "runs_rename"))
    assert page.session_state["runs_rename_open"], "there is something to mend"
    assert Run(run.path).config.name == "after"


def test_names_are_shown_as_they_are_not_as_markdown(make_run: RunMaker) -> None:
    assert r"\[x\]" in chosen(make_run("# [x](http://y) :red[z]")).header[0].value


def test_every_control_has_a_label_and_a_help_text(make_run: RunMaker, make_bundle: Maker) -> None:
    make_bundle()
    page = open_promotion(make_run("mine", weights=True))
    for part in (page.button, page.text_input, page.text_area, page.get("file_uploader"), page.get("download_button")):
        assert len(part) > 0
        for item in part:
            assert item.proto.label
            assert item.proto.help, item.proto.label
