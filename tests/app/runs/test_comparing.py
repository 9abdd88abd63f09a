"""Selected runs side by side on the Runs page."""

from PIL import Image
from streamlit.testing.v1 import AppTest

from facedemo.runs.run import Run
from tests.app.runs.conftest import chosen, open_page, page_text
from tests.conftest import RunMaker


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
    assert "1 setting differs; the other" in page_text(page)
    assert not chosen(runs[0]).table
    assert not open_page().table, "without a selection, only the curves are compared"


def test_runs_with_equal_settings_say_so(make_run: RunMaker) -> None:
    page = chosen(make_run("twin"), make_run("twin"))
    assert not page.table
    assert "settings are the same." in page_text(page)


def test_a_damaged_run_among_the_selected_ones_is_named(make_run: RunMaker) -> None:
    runs = [make_run("first"), make_run("second")]
    (runs[0].path / "config.json").write_text("{")
    page = chosen(*runs)
    assert "is damaged" in page.warning[0].value
    assert "None of these runs has samples yet." in page_text(page)


def test_samples_are_side_by_side_at_the_nearest_number_of_images(make_run: RunMaker) -> None:
    """The runs have 16 images per iteration."""
    second, first = with_samples(make_run("second"), 0, 25), with_samples(make_run("first"), 0, 10, 20, 30)
    page = chosen(first, second)
    assert sorted(grids(page)) == ["Faces of first at iteration 30", "Faces of second at iteration 25"]
    slider = page.select_slider(key="runs_samples_at")
    assert (slider.value, slider.options) == (480, ["0", "160", "320", "400", "480"])
    slider.set_value(160).run()
    assert sorted(grids(page)) == ["Faces of first at iteration 10", "Faces of second at iteration 0"]
    assert "160 images seen, iteration 10" in page_text(page)
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
    assert "This run has no samples yet." in page_text(page)
    assert "runs_samples_at" not in [slider.key for slider in page.select_slider]
    (second.path / "samples" / "00000010.png").write_bytes(b"no picture")
    page.run()
    assert not page.exception
    assert grids(page) == ["Faces of first at iteration 10"]
    assert "cannot be shown" in page.warning[0].value


def test_at_most_four_runs_show_their_samples(make_run: RunMaker) -> None:
    page = chosen(*[with_samples(make_run(f"run {number}"), 10) for number in range(5)])
    assert len(grids(page)) == 4
    assert "Only the first 4 of the 5 selected runs are shown." in page_text(page)
