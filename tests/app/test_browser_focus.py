"""The keyboard's focus in real Chromium, where the control that has it disappears or opens something."""

import re
import shutil
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from facedemo.runs.run import Run, list_runs
from tests.app.conftest import in_a_browser
from tests.app.keyboard import NAME, settled, tab_to
from tests.conftest import RunMaker

pytestmark = [in_a_browser, pytest.mark.slow]


@pytest.fixture
def run(home: Path, make_run: RunMaker, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run of the app in the browser, of which a film takes some seconds."""
    monkeypatch.setenv("FACEDEMO_RUNS", str(home / "runs"))
    run = make_run("filmed")
    for step in range(80):
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


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)], ids=str)
def test_after_the_deletion_of_runs_the_focus_is_on_what_took_their_place(
    address: str,
    browser: Browser,
    home: Path,
    make_run: RunMaker,
    monkeypatch: pytest.MonkeyPatch,
    size: tuple[int, int],
) -> None:
    monkeypatch.setenv("FACEDEMO_RUNS", str(home / "runs"))
    shutil.rmtree(home / "runs", ignore_errors=True)
    for name in "abcd":
        make_run(f"run {name}")
    first, second, *_, last = [run.name for run in list_runs()]  # in the order of the page
    with browser.new_context(viewport={"width": size[0], "height": size[1]}) as context:
        page = context.new_page()
        page.goto(f"{address}/train")
        page.get_by_role("button", name="Delete", exact=True).nth(3).wait_for()
        settled(page)
        focused = page.locator(":focus")
        tab_to(page, "Delete")
        tab_to(page, "Delete")
        page.keyboard.press("Enter")
        page.get_by_text(f"Deleted “{second}”.").wait_for()
        expect(focused).to_have_accessible_name("Delete")
        expect(page.get_by_test_id("stVerticalBlock").filter(has=focused).last).to_contain_text(first)
        tab_to(page, "Delete")
        tab_to(page, "Delete")
        page.keyboard.press("Enter")
        page.get_by_text(f"Deleted “{last}”.").wait_for()
        expect(focused).to_contain_text("Deleted runs (2)")


def test_a_control_that_cannot_be_used_for_a_moment_has_the_focus_again(address: str, page: Page) -> None:
    page.goto(f"{address}/train")
    page.get_by_role("button", name="Start training").wait_for()
    settled(page)
    tab_to(page, "Start training")
    page.locator(":focus").evaluate(
        "button => { button.disabled = true; setTimeout(() => button.disabled = false, 100); }"
    )
    expect(page.locator(":focus")).to_have_count(0)
    expect(page.get_by_role("button", name="Start training")).to_be_focused()


def test_the_focus_waits_for_what_is_drawn_only_after_the_page_is_said_to_be(address: str, page: Page) -> None:
    page.goto(f"{address}/train")
    page.get_by_role("button", name="Start training").wait_for()
    settled(page)
    tab_to(page, "Start training")
    page.locator(":focus").evaluate("""start => {
      const app = document.querySelector('[data-testid="stApp"]');
      const state = (name) => app.dataset.testScriptState !== name && (app.dataset.testScriptState = name);
      const kept = new MutationObserver(() => state("running")); // the estimate of the time may be written meanwhile
      kept.observe(app, { attributeFilter: ["data-test-script-state"] });
      state("running");
      start.disabled = true;
      setTimeout(() => { kept.disconnect(); state("notRunning"); }, 250);
      setTimeout(() => start.insertAdjacentHTML("afterend", "<button>Its successor</button>"), 450);
    }""")
    expect(page.get_by_role("button", name="Its successor")).to_be_focused()


def test_what_is_drawn_before_a_control_after_it_got_the_focus_does_not_take_its_place(
    address: str, page: Page
) -> None:
    page.goto(f"{address}/train")
    page.get_by_role("button", name="Start training").wait_for()
    settled(page)
    tab_to(page, "Start training")
    start = page.locator(":focus").element_handle()
    start.evaluate("start => start.insertAdjacentHTML('beforebegin', '<button>A neighbour</button>')")
    page.keyboard.press("Shift")
    start.evaluate("""start => {
      start.insertAdjacentHTML("afterend", "<button>Its successor</button>");
      start.disabled = true;
    }""")
    expect(page.get_by_role("button", name="Its successor")).to_be_focused()


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


def test_tab_leaves_the_table_of_runs_at_once_and_a_selected_run_is_deleted_nearby(
    address: str, page: Page, run: Run, make_run: RunMaker
) -> None:
    make_run("another")
    page.goto(f"{address}/runs")
    table = page.get_by_test_id("stDataFrame").locator("canvas").first
    table.wait_for()
    settled(page)
    tab_to(page, "Fullscreen: Table of")
    page.keyboard.press("Tab")
    expect(table).to_be_focused()
    page.keyboard.press("Shift+Space")
    expect(page).to_have_url(re.compile("chosen=2"))
    page.get_by_role("button", name="Rename").wait_for()
    settled(page)
    names = []
    for _ in range(3):
        page.keyboard.press("Tab")
        names.append(page.evaluate(NAME))
    assert any(name.endswith("Open") for name in names), names
    tab_to(page, "Fullscreen: Table of", key="Shift+Tab")
    tab_to(page, "Delete")
    page.keyboard.press("Enter")
    page.get_by_text(re.compile("^Deleted “")).wait_for()
    expect(page.get_by_role("button", name="Delete", exact=True)).to_have_count(0)
    expect(page.locator(":focus")).to_have_count(1)
    expect(page.locator(":focus")).not_to_have_class(re.compile("modebar-btn"))


def test_the_page_itself_is_framed_while_it_has_the_focus(address: str, page: Page) -> None:
    page.goto(f"{address}/train")
    page.get_by_role("button", name="Start training").wait_for()
    settled(page)
    tab_to(page, "Skip to main content")
    page.keyboard.press("Enter")
    main = page.get_by_test_id("stMain")
    expect(main).to_be_focused()
    assert "rgb(27, 138, 129)" in main.evaluate("main => getComputedStyle(main, '::before').boxShadow")


def test_fields_are_framed_while_they_have_the_focus(address: str, page: Page) -> None:
    framed = "() => [...document.querySelectorAll('*')].filter(e => getComputedStyle(e).boxShadow.endsWith(' 2px'))"
    page.goto(f"{address}/train")
    page.get_by_text("Settings", exact=True).click()
    page.get_by_label("Name", exact=True).wait_for()
    settled(page)
    for field in (page.get_by_role("combobox").first, page.get_by_label("Name", exact=True)):
        field.focus()
        boxes = page.evaluate(f"({framed})().map(box => box.contains(document.activeElement))")
        assert boxes == [True]


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


def test_a_button_that_leads_to_another_page_hands_the_focus_to_that_page(address: str, page: Page) -> None:
    page.goto(f"{address}/runs")
    generate = page.get_by_role("button", name="Generate", exact=True).first
    generate.wait_for()
    settled(page)
    generate.focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Generate", level=1).wait_for()
    expect(page.get_by_test_id("stMain")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('[data-testid=stMain]').contains(document.activeElement)")
