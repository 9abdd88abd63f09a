"""The keyboard alone in real Chromium: where the focus goes, that it is seen, and the first three lessons."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.app.conftest import PATIENT, in_a_browser
from tests.app.keyboard import NAME, settled, tab_to
from tests.app.live_training import wait_for_training

pytestmark = [in_a_browser, pytest.mark.slow]

OUTLINE = """() => {
  let widest = 0;
  for (let element = document.activeElement; element; element = element.parentElement) {
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    if (outlineStyle !== "none") widest = Math.max(widest, parseFloat(outlineWidth));
  }
  return widest;
}"""


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)], ids=str)
def test_lessons_1_to_3_are_taken_by_tab_arrows_and_enter(
    address: str, browser: Browser, size: tuple[int, int]
) -> None:
    with browser.new_context(viewport={"width": size[0], "height": size[1]}) as context:
        page = context.new_page()
        page.set_default_timeout(PATIENT)
        page.goto(f"{address}/learn")
        page.get_by_role("button", name="8. Is it copying?").wait_for()
        settled(page)
        tab_to(page, "1. Numbers become a face")
        page.keyboard.press("Enter")
        for number, answer, following in (
            (1, "The same face in inverted colours", "Two players"),
            (2, "Photographs: it has practised on them", "The balance"),
            (3, "γ = 0.3", "One step"),
        ):
            expect(page.get_by_text(f"Lesson {number} of 8")).to_be_focused(timeout=PATIENT)
            assert page.get_by_test_id("stMain").evaluate("main => main.scrollTop") == 0
            settled(page)
            tab_to(page, answer)
            page.keyboard.press("Space")
            expect(page.get_by_text(re.compile("^That is right|^Answer: "))).to_be_visible(timeout=PATIENT)
            expect(page.get_by_role("heading", name="Try it")).to_be_visible(timeout=PATIENT)
            if number > 1:
                expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible(timeout=PATIENT)
                tab_to(page, "Play")
                page.keyboard.press("Enter")
                wait_for_training(page, beyond=3)
                tab_to(page, "Pause", key="Shift+Tab") if not page.evaluate(NAME).endswith("Pause") else None
                page.keyboard.press("Enter")
                expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible(timeout=PATIENT)
            settled(page)
            tab_to(page, f"Next lesson: {following}")
            page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="4. One step, with its equations")).to_be_visible(timeout=PATIENT)


def test_the_focus_is_outlined_on_links_buttons_answers_and_sliders(address: str, page: Page) -> None:
    page.goto(f"{address}/learn?lesson=numbers")
    line = page.get_by_text("Lesson 1 of 8")
    expect(line).to_be_focused(timeout=PATIENT)
    expect(line).to_have_css("outline-style", "none")  # nobody has used the keyboard yet
    page.get_by_role("slider").first.wait_for()
    settled(page)
    page.keyboard.press("Shift+Tab")
    for name in ("The same face in inverted colours", "First direction", "Turn one face into another"):
        tab_to(page, name)
        assert page.evaluate(OUTLINE) >= 2, name
    tab_to(page, "Learn", key="Shift+Tab")
    assert page.evaluate(OUTLINE) >= 2


def test_start_is_seen_at_once_and_among_the_first_six_stops_and_arrow_keys_move_between_links(
    address: str, page: Page
) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.goto(f"{address}/train")
    page.get_by_role("button", name="Start training").wait_for(timeout=PATIENT)
    settled(page)
    expect(page.get_by_role("button", name="Start training")).to_be_in_viewport(ratio=1)
    names = []
    for _ in range(6):
        page.keyboard.press("Tab")
        names.append(page.evaluate(NAME))
    assert "Train" in names[1], "the link to the page that is open stands for all"
    assert any("Start training" in name for name in names)  # the page is a stop only if it scrolls
    tab_to(page, "Train", key="Shift+Tab")
    for key, name in (("ArrowRight", "Runs"), ("ArrowRight", "Home"), ("ArrowLeft", "Runs"), ("Home", "Home")):
        page.keyboard.press(key)
        assert name in page.evaluate(NAME), key
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Watch one learn")).to_be_visible(timeout=PATIENT)
    expect(page.locator("nav a[aria-current=page]")).to_contain_text("Home")


def test_f1_shows_the_help_of_the_control_in_focus_and_goes_back(address: str, page: Page) -> None:
    page.goto(f"{address}/train")
    page.get_by_role("button", name="Start training").wait_for(timeout=PATIENT)
    settled(page)
    tab_to(page, "Preset")
    page.keyboard.press("?")
    assert page.evaluate(NAME) == "Preset", "a question mark may be typed into a text"
    for there, back in (("F1", "F1"), ("F1", "Escape")):
        page.keyboard.press(there)
        expect(page.get_by_role("tooltip")).to_be_visible()
        page.keyboard.press(back)
        assert page.evaluate(NAME) == "Preset"
    tab_to(page, "Built-in faces")
    page.keyboard.press("?")
    expect(page.get_by_role("tooltip")).to_contain_text("Images to train on")


def test_a_question_mark_beside_a_number_is_reached_by_tab_and_one_beside_a_control_is_not(
    address: str, page: Page
) -> None:
    page.goto(f"{address}/inside")
    page.get_by_role("button", name="Help for L(v)").first.wait_for(timeout=PATIENT)
    settled(page)
    expect(page.get_by_role("button", name="Help for L(v)").first).to_have_attribute("tabindex", "0")
    expect(page.get_by_role("button", name="Help for Model")).to_have_attribute("tabindex", "-1")


def test_the_closed_menu_of_a_narrow_window_has_a_name_and_takes_no_focus(address: str, browser: Browser) -> None:
    with browser.new_context(viewport={"width": 390, "height": 844}) as context:
        page = context.new_page()
        page.goto(f"{address}/")
        page.get_by_role("button", name="Watch one learn").wait_for(timeout=PATIENT)
        menu = page.get_by_test_id("stExpandSidebarButton")
        assert menu.evaluate("button => getComputedStyle(button, '::after').content") == '"Pages"'
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        expect(menu).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_test_id("stSidebar").get_by_role("link", name="Runs")).to_be_visible()
