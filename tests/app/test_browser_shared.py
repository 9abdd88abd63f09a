"""A shared app in real Chromium: what needs an address bar and cookies."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from facedemo.app.components.preload import FILES, PARTS
from facedemo.benchmarks.classroom import foreign_pages
from facedemo.config.schema import Budget, RunConfig
from facedemo.runs.run import create_run
from tests.app.conftest import ROOT, free_port, in_a_browser, running_app

pytestmark = [in_a_browser, pytest.mark.slow]


def expect_all_loaded(page: Page, loaded: list[str]) -> None:
    """The code of charts and the like is loaded while a visitor signs in."""
    assert len(FILES) == len(PARTS), "Streamlit's files have other names now"
    for _ in range(100):
        if set(FILES) <= set(loaded):
            return
        page.wait_for_timeout(200)
    raise AssertionError(f"not loaded: {set(FILES) - set(loaded)}")


def test_a_link_leads_to_its_page_also_after_signing_in_but_not_to_a_run_of_somebody_else(
    page: Page, tmp_path: Path
) -> None:
    port, loaded = free_port(), list[str]()
    page.on("response", lambda response: loaded.append(response.url.rpartition("/")[2]))
    command = ("-m", "streamlit", "run", "app.py", "--server.headless=true", f"--server.port={port}")
    with running_app(command, port, tmp_path, ROOT, FACEDEMO_SHARED="1", FACEDEMO_ACCESS_CODE="class code"):
        page.goto(f"http://127.0.0.1:{port}/learn?lesson=balance")
        for name, text in (("Access code", "class code"), ("Nickname", "Ada"), ("PIN", "1234")):
            page.get_by_role("textbox", name=name).fill(text)
        expect_all_loaded(page, loaded)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("button", name="All lessons")).to_be_visible()
        expect(page).to_have_url(re.compile("/learn.*lesson=balance"))
        page.reload()
        expect(page.get_by_role("button", name="All lessons")).to_be_visible()
        expect(page.get_by_text("Ada")).to_be_visible()
        others = tmp_path / "runs" / "people" / "Ben" / "runs"
        run = create_run(RunConfig(name="Ben's secret", budget=Budget(minutes=1)), others)
        assert not foreign_pages(page, f"http://127.0.0.1:{port}", run), "a class is measured with it, too"
