"""A shared app in real Chromium: what needs an address bar and cookies."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.app.conftest import ROOT, free_port, in_a_browser, running_app

pytestmark = [in_a_browser, pytest.mark.slow]


def test_a_link_leads_to_its_page_also_after_signing_in(page: Page, tmp_path: Path) -> None:
    port = free_port()
    words = ("-m", "streamlit", "run", "app.py", "--server.headless=true", f"--server.port={port}")
    with running_app(words, port, tmp_path, ROOT, FACEDEMO_SHARED="1", FACEDEMO_ACCESS_CODE="class code"):
        page.goto(f"http://127.0.0.1:{port}/learn?lesson=balance")
        for name, text in (("Access code", "class code"), ("Nickname", "Ada"), ("PIN", "1234")):
            page.get_by_role("textbox", name=name).fill(text)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("button", name="All lessons")).to_be_visible()
        expect(page).to_have_url(re.compile("/learn.*lesson=balance"))
        page.reload()
        expect(page.get_by_role("button", name="All lessons")).to_be_visible()
        expect(page.get_by_text("Ada")).to_be_visible()
