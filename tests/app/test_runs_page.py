"""The Runs page, run as Streamlit runs it, over real run directories and bundles."""

import json
import os
import socket
from pathlib import Path

import psutil
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from facedemo.app import navigation
from facedemo.app.views.runs import models
from facedemo.comparison.entrants import entrant_configs
from facedemo.comparison.race import Race, create_race
from facedemo.pretrained import archive
from facedemo.runs import trash
from facedemo.runs.run import Run, list_runs
from facedemo.storage import locations
from facedemo.storage.process_status import Status
from tests.conftest import Maker, RunMaker


def open_page(**address: str) -> AppTest:
    page = AppTest.from_file("../../app.py", default_timeout=60).switch_page(str(navigation.RUNS))
    for name, value in address.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def chosen(*runs: Run) -> AppTest:
    return open_page(chosen="/".join(run.id for run in runs))


def shown(page: AppTest) -> str:
    """All words on the page."""
    parts = (page.markdown, page.caption, page.subheader, page.error, page.warning, page.info, page.success)
    return "\n".join(f"{item.value} {getattr(item.proto, 'title', '')}" for part in parts for item in part)


def click(page: AppTest, key: str) -> AppTest:
    page.button(key=key).click().run()
    assert not page.exception
    return page


def names(page: AppTest) -> list[str]:
    return list(page.dataframe[0].value["Name"]) if page.dataframe else []


def lines(page: AppTest) -> set[str]:
    """The names of the curves on all charts."""
    charts = [json.loads(chart.proto.spec) for chart in page.get("plotly_chart")]
    return {line["name"] for chart in charts for line in chart["data"]}


def test_without_runs_it_leads_to_training_and_still_takes_models(make_bundle: Maker) -> None:
    page = open_page()
    assert "No runs yet" in shown(page)
    assert [link.proto.page for link in page.get("page_link")]
    assert "There are no models yet" in shown(page)
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
    assert "No run matches" in shown(page)
    assert names(open_page(find="second", chosen="", over="images")) == ["second"]


def test_selected_runs_are_laid_over_each_other_at_equal_time(make_run: RunMaker) -> None:
    runs = [make_run(f"run {number}") for number in range(4)]
    page = open_page(find="", chosen=f"{runs[0].id}/{runs[3].id}", over="minutes")
    assert lines(page) == {"run 0", "run 3"}
    assert "2 runs" in shown(page)
    assert json.loads(page.get("plotly_chart")[0].proto.spec)["layout"]["xaxis"]["title"]["text"].startswith("minutes")
    assert page.query_params["chosen"] == f"{runs[0].id}/{runs[3].id}"


def test_runs_of_one_name_are_told_apart(make_run: RunMaker) -> None:
    runs = [make_run("twin") for _ in range(2)]
    assert lines(chosen(*runs)) == {f"twin ({run.id[-4:]})" for run in runs}


def test_an_address_that_names_nothing_here_is_put_right_with_words(make_run: RunMaker) -> None:
    run = make_run("mine")
    page = open_page(chosen="gone", over="parsecs")
    assert "chosen=gone" in shown(page)
    assert "over=parsecs" in shown(page)
    assert (page.query_params["chosen"], page.query_params["over"]) == ("", "iterations")
    page = open_page(chosen=f"gone/{run.id}/../../etc")
    assert page.query_params["chosen"] == run.id


def test_notes_are_saved_in_the_run_and_follow_its_file(make_run: RunMaker) -> None:
    run = make_run("mine")
    page = chosen(run)
    page.text_area(key=f"notes_{run.id}").set_value("good eyes").run()
    assert run.notes == "good eyes"
    assert "Saved at" in shown(page)
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
    assert "Deleted “mine”" in shown(page)
    click(page, "undo_delete")
    assert list_runs() == [run]
    assert names(page) == ["mine"]


def test_deleting_several_runs_is_undone_with_one_click(make_run: RunMaker) -> None:
    runs = [make_run(f"run {number}") for number in range(3)]
    page = click(chosen(*runs[:2]), "runs_delete_all")
    assert names(page) == ["run 2"]
    assert "Deleted 2 runs" in shown(page)
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
    assert "Stop it before you delete it" in shown(page)


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
    assert f"in the race “{race.name}”" in shown(page).replace("\\", "")
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
    assert "have no curves" in shown(page)
    assert page.button(key="runs_generate").disabled


def test_open_leads_to_the_run_on_the_train_page(make_run: RunMaker) -> None:
    run = make_run("mine")
    page = click(chosen(run), "runs_open")
    assert page.title[0].value == "Train"
    assert page.query_params["run"] == run.id


def open_promotion(run: Run) -> AppTest:
    page = chosen(run)
    page.session_state["runs_bundle_open"] = True
    return page.run()


def test_a_run_becomes_a_model_under_a_free_name(make_run: RunMaker, make_bundle: Maker) -> None:
    make_bundle("mine")
    run = make_run("mine", weights=True)
    page = open_promotion(run)
    page.text_area(key=f"bundle_card_{run.id}").set_value("Trained on squares.").run()
    click(page, "bundle_make")
    assert [path.name for path in locations.bundled()] == ["mine", "mine-2"]
    assert "Trained on squares." in (locations.checkpoints_root() / "mine-2" / "README.md").read_text("utf8")
    assert "mine\\-2” has been added to the models" in shown(page)


@pytest.mark.parametrize(
    ("name", "words"), [("../up", "not a valid name for a model"), ("", "not a valid name"), ("taken", "already")]
)
def test_a_name_that_cannot_be_used_is_said(make_run: RunMaker, make_bundle: Maker, name: str, words: str) -> None:
    make_bundle("taken")
    page = open_promotion(make_run("mine", weights=True))
    next(item for item in page.text_input if item.label == "Name of the model").set_value(name).run()
    click(page, "bundle_make")
    assert words in page.error[0].value
    assert [path.name for path in locations.bundled()] == ["taken"]


def test_weights_that_are_damaged_become_no_model(make_run: RunMaker) -> None:
    run = make_run("mine", weights=True)
    (run.path / "model.safetensors").write_bytes(b"torn")
    page = click(open_promotion(run), "bundle_make")
    assert "damaged" in page.error[0].value
    assert locations.bundled() == []


def upload(page: AppTest, data: bytes, name: str = "model.zip") -> AppTest:
    page.get("file_uploader")[0].set_value([(name, data, "application/zip")]).run()
    return click(page, "shelf_import")


def test_a_model_is_imported_and_can_be_drawn_with(make_bundle: Maker, tmp_path: Path) -> None:
    data = archive.zip_bytes(make_bundle("theirs", tmp_path / "elsewhere"))
    page = upload(open_page(), data)
    assert "“theirs” has been added to your models" in shown(page)
    assert page.button(key="draw_theirs")
    assert [path.name for path in locations.bundled()] == ["theirs"]


def test_a_run_is_renamed_while_it_does_not_train(make_run: RunMaker) -> None:
    run = make_run("before")
    page = chosen(run)
    page.text_input(key=f"runs_name_{run.id}_before").set_value("after").run()
    assert names(click(page, "runs_rename")) == ["after"]
    page.text_input(key=f"runs_name_{run.id}_after").set_value(" ").run()
    assert "A run needs a name" in shown(click(page, "runs_rename"))
    assert Run(run.path).config.name == "after"


@pytest.fixture
def own_model(make_bundle: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model of the user's, beside a bundled one."""
    monkeypatch.setenv("FACEDEMO_MODELS", str(tmp_path / "models"))
    make_bundle("shipped")
    return make_bundle("mine", tmp_path / "models")


def test_a_users_own_model_is_renamed_and_a_bundled_one_is_not(own_model: Path) -> None:
    page = open_page()
    assert {"rename_mine", "delete_mine"} <= {button.key for button in page.button}
    assert not {"rename_shipped", "delete_shipped"} & {button.key for button in page.button}
    page.text_input(key="model_name_mine").set_value("shipped").run()
    assert "already exists" in shown(click(page, "rename_mine"))
    page.text_input(key="model_name_mine").set_value("better").run()
    assert click(page, "rename_mine").button(key="draw_better")
    assert [path.name for path in locations.models_in(own_model.parent)] == ["better"]


def test_deleting_a_model_is_undone_with_one_click(own_model: Path) -> None:
    page = click(open_page(), "delete_mine")
    assert not own_model.exists()
    assert "Deleted “mine”" in shown(page)
    click(page, "undo_model")
    assert own_model.exists()
    page = click(click(open_page(), "delete_mine"), "restore_model_mine")
    assert own_model.exists()
    click(click(page, "delete_mine"), "erase_models")
    assert list(own_model.parent.rglob("*.safetensors")) == []


@pytest.mark.parametrize("data", [b"", b"no ZIP", b"PK\x03\x04"])
def test_an_upload_that_is_no_model_is_refused_with_words(make_bundle: Maker, data: bytes) -> None:
    page = upload(open_page(), data)
    assert "not a ZIP file" in page.error[0].value
    assert locations.bundled() == []


@pytest.mark.parametrize(
    ("file", "content"),
    [("config.json", "{"), ("config.json", "[]"), ("model.safetensors", ""), ("report.json", "[3]")],
)
def test_a_damaged_model_is_listed_without_a_traceback(make_bundle: Maker, file: str, content: str) -> None:
    (make_bundle("broken") / file).write_text(content, "utf8")
    page = open_page()
    assert "broken" in shown(page)
    page.session_state["card_broken"] = True
    page.run()
    assert not page.exception
    assert "No sample image" in shown(page)


def test_a_model_card_is_shown_without_its_header_images_and_large_headings() -> None:
    card = "---\nlicense: other\n---\n\n# mine\n\n![faces](samples.png) ![x][y]\n\n## Data\n\nA [link](http://x).\n"
    assert models.plain_card(card).split() == ["#####", "Data", "A", "[link](http://x)."]


def test_names_are_shown_as_they_are_not_as_markdown(make_run: RunMaker) -> None:
    assert r"\[x\]" in chosen(make_run("# [x](http://y) :red[z]")).subheader[0].value


def test_every_control_has_a_label_and_a_help_text(make_run: RunMaker, make_bundle: Maker) -> None:
    make_bundle()
    page = open_promotion(make_run("mine", weights=True))
    for part in (page.button, page.text_input, page.text_area, page.get("file_uploader"), page.get("download_button")):
        assert len(part) > 0
        for item in part:
            assert item.proto.label
            assert item.proto.help, item.proto.label


def grids(page: AppTest) -> list[str]:
    return [image.alt for block in page.get("image") for image in block.proto.imgs]


def with_samples(run: Run, *steps: int) -> Run:
    for step in steps:
        Image.new("RGB", (68, 68)).save(run.path / "samples" / f"{step:08d}.png")
    return run


def test_selected_runs_show_only_the_settings_that_differ(make_run: RunMaker) -> None:
    runs = [make_run("first", gamma=0.7), make_run("second", gamma=0.35)]
    page = chosen(*runs)
    (table,) = page.table
    assert table.value.to_dict("records") == [{"Setting": "γ, diversity ratio", "first": "0.7", "second": "0.35"}]
    assert "1 setting differs; the other" in shown(page)
    assert not chosen(runs[0]).table
    assert not open_page().table, "without a selection, only the curves are compared"


def test_runs_with_equal_settings_say_so(make_run: RunMaker) -> None:
    page = chosen(make_run("twin"), make_run("twin"))
    assert not page.table
    assert "settings are the same." in shown(page)


def test_a_damaged_run_among_the_selected_ones_is_named(make_run: RunMaker) -> None:
    runs = [make_run("first"), make_run("second")]
    (runs[0].path / "config.json").write_text("{")
    page = chosen(*runs)
    assert "is damaged" in page.warning[0].value
    assert "None of these runs has samples yet." in shown(page)


def test_samples_are_side_by_side_at_the_nearest_number_of_images(make_run: RunMaker) -> None:
    """The runs have 16 images per iteration."""
    second, first = with_samples(make_run("second"), 0, 25), with_samples(make_run("first"), 0, 10, 20, 30)
    page = chosen(first, second)
    assert sorted(grids(page)) == ["Faces of first at iteration 30", "Faces of second at iteration 25"]
    slider = page.select_slider(key="runs_samples_at")
    assert (slider.value, slider.options) == (480, ["0", "160", "320", "400", "480"])
    slider.set_value(160).run()
    assert sorted(grids(page)) == ["Faces of first at iteration 10", "Faces of second at iteration 0"]
    assert "160 images seen, iteration 10" in shown(page)
    with_samples(first, 40)
    page.run()
    assert "Faces of first at iteration 10" in grids(page), "the chosen place stays"
    page.select_slider(key="runs_samples_at").set_value(640).run()
    with_samples(first, 50)
    page.run()
    assert "Faces of first at iteration 50" in grids(page), "the right end follows the newest samples"


def test_a_run_without_samples_or_with_damaged_ones_leaves_the_other_visible(make_run: RunMaker) -> None:
    first, second = with_samples(make_run("first"), 10), make_run("second")
    page = chosen(first, second)
    assert grids(page) == ["Faces of first at iteration 10"]
    assert "This run has no samples yet." in shown(page)
    assert "runs_samples_at" not in [slider.key for slider in page.select_slider]
    (second.path / "samples" / "00000010.png").write_bytes(b"no picture")
    page.run()
    assert not page.exception
    assert grids(page) == ["Faces of first at iteration 10"]
    assert "cannot be shown" in page.warning[0].value


def test_at_most_four_runs_show_their_samples(make_run: RunMaker) -> None:
    page = chosen(*[with_samples(make_run(f"run {number}"), 10) for number in range(5)])
    assert len(grids(page)) == 4
    assert "Only the first 4 of the 5 selected runs are shown." in shown(page)
