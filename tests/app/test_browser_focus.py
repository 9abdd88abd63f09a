"""The keyboard's focus in real Chromium, where the control that has it disappears or opens something."""

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from facedemo.runs.run import Run
from tests.app.conftest import in_a_browser
from tests.app.test_browser_keyboard import NAME, settled, tab_to
from tests.conftest import RunMaker

pytestmark = [in_a_browser, pytest.mark.slow]


@pytest.fixture
def run(home: Path, make_run: RunMaker, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run of the app in the browser, of which a film takes some seconds."""
    monkeypatch.setenv("FACEDEMO_RUNS", str(home / "runs"))
    run = make_run("filmed")
    for step in range(150):
        Image.new("RGB", (800, 800), (step, 0, 0)).save(run.path / "samples" / f"{step:08d}.png")
    return run


@pytest.mark.parametrize("place", ["train?run=", "runs?chosen="])
def test_the_focus_follows_the_film_from_its_start_to_its_download(
    address: str, page: Page, run: Run, place: str
) -> None:
    page.goto(f"{address}/{place}{run.id}")
    page.get_by_role("button", name="Generate", exact=True).first.wait_for()
    settled(page)
    if place.startswith("runs"):
        tab_to(page, "Show it")
        page.keyboard.press("Enter")
        page.get_by_role("dialog").wait_for()
    tab_to(page, "Make film")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    expect(page.get_by_role("button", name="Film (MP4)")).to_be_focused()
    expect(page.get_by_role("status").filter(has_text="The film is ready.")).to_be_attached()


def test_tab_leads_into_an_open_popover_and_out_of_it(address: str, page: Page, run: Run) -> None:
    page.goto(f"{address}/runs?chosen={run.id}")
    page.get_by_role("button", name="Generate", exact=True).first.wait_for()
    settled(page)
    tab_to(page, "Show it")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Make film").wait_for()
    for key, name in (("Tab", "Make film"), ("Shift+Tab", "Show it"), ("Tab", "Make film"), ("Tab", "Rename")):
        page.keyboard.press(key)
        assert name in page.evaluate(NAME)


def test_the_full_screen_of_images_and_charts_is_entered_and_left_with_the_focus(address: str, page: Page) -> None:
    page.goto(f"{address}/step?steps=2")
    page.locator(".js-plotly-plot").first.wait_for()
    settled(page)
    for before, button, back in (
        ("Fullscreen: D(x)", "Fullscreen: G(z)", "Enter"),
        ("Reset axes", "Fullscreen", "Escape"),
    ):
        tab_to(page, before)
        page.keyboard.press("Tab")
        name = page.evaluate(NAME)
        assert name.startswith(button)
        if before != "Reset axes":
            toolbar = page.get_by_test_id("stElementToolbar").filter(has=page.locator(":focus"))
            expect(toolbar).to_have_css("opacity", "1")
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name=f"Close f{name[1:]}", exact=True)).to_be_focused()
        page.keyboard.press(back)
        expect(page.locator(":focus")).to_have_accessible_name(name)
