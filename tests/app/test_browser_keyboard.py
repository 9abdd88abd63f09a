"""The keyboard alone in real Chromium: where the focus goes, that it is seen, and the first three lessons."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.app.conftest import PATIENT, in_a_browser
from tests.app.test_browser_learn import wait_for_training

pytestmark = [in_a_browser, pytest.mark.slow]

NAME = """() => {
  const found = document.activeElement;
  const label = found.type === "radio" ? found.closest("label") : found;
  return ["MAIN", "BODY"].includes(found.tagName) ? "" : found.getAttribute("aria-label") || label.innerText;
}"""
OUTLINE = """() => {
  let widest = 0;
  for (let found = document.activeElement; found; found = found.parentElement) {
    const { outlineStyle, outlineWidth } = getComputedStyle(found);
    if (outlineStyle !== "none") widest = Math.max(widest, parseFloat(outlineWidth));
  }
  return widest;
}"""


def tab_to(page: Page, name: str, key: str = "Tab") -> None:
    for _ in range(60):
        page.keyboard.press(key)
        focused = page.evaluate(NAME)
        if name in focused and not focused.startswith("Help for") and not focused.endswith("recording"):
            return
    raise AssertionError(f"Tab does not lead to {name}")


def settled(page: Page) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENT)


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
            tab_to(page, answer)
            page.keyboard.press("Space")
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
    expect(page.get_by_text("Lesson 1 of 8")).to_be_focused(timeout=PATIENT)
    page.get_by_role("slider").first.wait_for()
    settled(page)
    page.keyboard.press("Shift+Tab")
    for name in ("The same face in inverted colours", "First direction", "Turn one face into another"):
        tab_to(page, name)
        assert page.evaluate(OUTLINE) >= 2, name
    tab_to(page, "Compare", key="Shift+Tab")
    assert page.evaluate(OUTLINE) >= 2


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
