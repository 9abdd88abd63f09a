"""The film of a run: made in the background, cancelled, offered, and made again once there are newer samples."""

import io

import av
from PIL import Image
from streamlit.testing.v1 import AppTest

from facedemo.app.shared.run_film import Film
from facedemo.runs.run import Run
from tests.app.train.conftest import click, labels, open_page, page_text
from tests.conftest import RunMaker

FILM = f"{Film.__module__}.Film"  # its key in the session


def add_grids(run: Run, first: int, count: int, side: int = 64) -> None:
    for step in range(first, first + count):
        Image.new("RGB", (side, side), (step % 256, 0, 0)).save(run.path / "samples" / f"{step:08d}.png")


def downloads(page: AppTest) -> list[str]:
    return [button.proto.label for button in page.get("download_button")]


def test_a_film_is_made_at_a_click_and_offered(make_run: RunMaker) -> None:
    run = make_run()
    add_grids(run, 0, 1)
    page = open_page(run.id)
    assert page.button(key="train_film").disabled, "one grid is no film"
    add_grids(run, 1, 5)
    page = click(page.run(), "Make film")
    job = page.session_state[FILM].job
    job.thread.join()
    page.run()
    assert "Film (MP4)" in downloads(page)
    assert "Make film" not in labels(page)
    with av.open(io.BytesIO(job.result)) as container:
        assert len(list(container.decode(video=0))) == 6 + 4
    add_grids(run, 6, 1)
    page.run()
    assert "Film (MP4)" in downloads(page)
    assert "Make film" in labels(page), "there are newer samples"


def test_a_long_film_says_what_is_done_and_is_cancelled(make_run: RunMaker) -> None:
    run = make_run()
    add_grids(run, 0, 200, side=800)
    page = click(open_page(run.id), "Make film")
    while not page.session_state[FILM].job.pace.done:
        page.run()
    page.run()
    assert "of 200" in page_text(page)
    page = click(page, "Cancel").run()
    assert page.session_state[FILM].job.state == "cancelled"
    page.session_state[FILM].job.thread.join(10)
    assert not page.session_state[FILM].job.thread.is_alive()
    assert "Make film" in labels(page)
    assert "Film (MP4)" not in downloads(page)


def test_a_film_that_cannot_be_made_says_why(make_run: RunMaker) -> None:
    run = make_run()
    for step in (0, 1):
        (run.path / "samples" / f"{step:08d}.png").write_bytes(b"no picture")
    page = click(open_page(run.id), "Make film")
    page.session_state[FILM].job.thread.join()
    page.run()
    assert "fewer than two sample grids" in page_text(page)
    assert "Make film" in labels(page)
