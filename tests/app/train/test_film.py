"""The film of a run: made in the background, cancelled, offered, and made again once there are newer samples."""

import io

import av
from PIL import Image
from streamlit.testing.v1 import AppTest

from facedemo.app.shared import run_film
from facedemo.app.shared.background import Job
from facedemo.app.shared.run_film import film_of
from facedemo.runs import trash
from facedemo.runs.run import Run
from tests.app.train.conftest import click, labels, open_page, page_text
from tests.conftest import RunMaker


def add_grids(run: Run, first: int, count: int, side: int = 64) -> None:
    for step in range(first, first + count):
        Image.new("RGB", (side, side), (step % 256, 0, 0)).save(run.path / "samples" / f"{step:08d}.png")


def job_of(run: Run) -> Job:
    job = film_of(run.path).job
    assert job
    return job


def downloads(page: AppTest) -> list[str]:
    return [button.proto.label for button in page.get("download_button")]


def test_a_film_is_made_at_a_click_and_offered(make_run: RunMaker) -> None:
    run = make_run()
    add_grids(run, 0, 1)
    page = open_page(run.id)
    assert page.button(key="train_film").disabled, "one grid is no film"
    add_grids(run, 1, 5)
    page = click(page.run(), "Make film")
    job = job_of(run)
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


def test_a_film_is_still_offered_after_a_reload_for_its_run_alone_and_not_once_that_is_deleted(
    make_run: RunMaker,
) -> None:
    run, other = make_run("mine"), make_run("other")
    for each in (run, other):
        add_grids(each, 0, 3)
    click(open_page(run.id), "Make film")
    job_of(run).thread.join()
    reloaded = open_page(run.id)
    assert "Film (MP4)" in downloads(reloaded)
    assert "Make film" not in labels(reloaded)
    assert "Film (MP4)" not in downloads(open_page(other.id))
    deleted = trash.delete(run)
    assert "Film (MP4)" not in downloads(open_page(run.id))
    restored = trash.restore(deleted)
    assert "Film (MP4)" in downloads(open_page(run.id))
    trash.erase([trash.delete(restored)])
    film_of(other.path)
    assert run.path not in run_film._films, "nothing of an erased run stays in memory"


def test_a_film_that_is_being_made_is_found_again_after_a_reload(make_run: RunMaker) -> None:
    run = make_run()
    add_grids(run, 0, 200, side=800)
    click(open_page(run.id), "Make film")
    page = click(open_page(run.id), "Cancel")
    job_of(run).thread.join(10)
    assert job_of(run).state == "cancelled"
    assert "Make film" in labels(page.run())


def test_a_long_film_says_what_is_done_and_is_cancelled(make_run: RunMaker) -> None:
    run = make_run()
    add_grids(run, 0, 200, side=800)
    page = click(open_page(run.id), "Make film")
    while not job_of(run).pace.done:
        page.run()
    page.run()
    assert "of 200" in page_text(page)
    page = click(page, "Cancel").run()
    assert job_of(run).state == "cancelled"
    job_of(run).thread.join(10)
    assert not job_of(run).thread.is_alive()
    assert "Make film" in labels(page)
    assert "Film (MP4)" not in downloads(page)


def test_a_film_that_cannot_be_made_says_why(make_run: RunMaker) -> None:
    run = make_run()
    for step in (0, 1):
        (run.path / "samples" / f"{step:08d}.png").write_bytes(b"no picture")
    page = click(open_page(run.id), "Make film")
    job_of(run).thread.join()
    page.run()
    assert "fewer than two sample grids" in page_text(page)
    assert "Make film" in labels(page)


def test_looking_at_many_runs_forgets_no_film(make_run: RunMaker) -> None:
    run = make_run()
    add_grids(run, 0, 3)
    click(open_page(run.id), "Make film")
    job_of(run).thread.join()
    for number in range(run_film.KEPT + 1):
        film_of(run.path.parent / f"another {number}")
    assert "Film (MP4)" in downloads(open_page(run.id))
