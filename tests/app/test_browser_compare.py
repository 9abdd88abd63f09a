"""Comparing in real Chromium: a race from its start to models side by side, and the report taken away."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from facedemo.comparison.race import list_races
from tests.app.conftest import downloaded, in_a_browser, wait_for

pytestmark = [in_a_browser, pytest.mark.slow]


def test_a_race_is_started_watched_and_its_models_put_side_by_side(address: str, home: Path, page: Page) -> None:
    page.goto(f"{address}/compare?mode=race")
    expect(page.get_by_role("button", name="Start the race")).to_be_visible()
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    page.get_by_text("A folder or archive on this computer").click()
    page.get_by_role("textbox", name="Path").fill(str(home / "pictures"))
    page.get_by_role("textbox", name="Path").press("Control+Enter")
    for family, left in (("WGAN", 3), ("R3GAN", 2)):
        page.get_by_role("button", name=family, exact=True).click()
        expect(page.get_by_text(f"{left} models train one after another")).to_be_visible()
    page.get_by_role("combobox", name="Image size").click()
    page.get_by_role("option", name="32×32").click()
    page.get_by_role("spinbutton", name="Amount").fill("64")
    page.get_by_role("spinbutton", name="Amount").press("Enter")
    page.get_by_role("spinbutton", name="Faces evaluated").fill("0")
    page.get_by_role("spinbutton", name="Faces evaluated").press("Enter")
    expect(page.get_by_text("2 models train one after another, 64 images each")).to_be_visible()
    page.get_by_role("button", name="Start the race").click()

    wait_for(lambda: list_races(home / "runs"))
    (race,) = list_races(home / "runs")
    wait_for(lambda: race.status.active)
    wait_for(lambda: not race.status.active, 400)  # the process of a race is a patient one
    assert race.status.state == "finished"
    expect(page.get_by_role("img", name=re.compile("16 faces by Ours"))).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("16 faces by DCGAN"))).to_be_visible()
    expect(page.get_by_text("100 %").first).to_be_visible()
    assert downloaded(page, "Report (HTML)").startswith(b"<!doctype html>")

    page.get_by_role("button", name="Side by side").last.click()
    expect(page.get_by_role("img", name=re.compile("16 faces by .* from seed 0"))).to_have_count(2)
    expect(page).to_have_url(re.compile("models=run"))
    page.get_by_role("spinbutton", name="Seed").fill("5")
    page.get_by_role("spinbutton", name="Seed").press("Enter")
    expect(page.get_by_role("img", name=re.compile("16 faces by .* from seed 5"))).to_have_count(2)
