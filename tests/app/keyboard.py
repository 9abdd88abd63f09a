"""The keyboard in a browser: what has the focus, and how to come to something by Tab alone."""

from playwright.sync_api import Page, expect

from tests.app.conftest import PATIENT

NAME = """() => {
  const focused = document.activeElement;
  const label = focused.type === "radio" ? focused.closest("label") : focused;
  return ["MAIN", "BODY"].includes(focused.tagName) ? "" : focused.getAttribute("aria-label") || label.innerText;
}"""


def tab_to(page: Page, name: str, key: str = "Tab") -> None:
    for _ in range(60):
        page.keyboard.press(key)
        focused = page.evaluate(NAME)
        if name in focused and not focused.endswith("recording"):
            return
    raise AssertionError(f"Tab does not lead to {name}")


def settled(page: Page) -> None:
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENT)
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=PATIENT)  # of elements whose scripts still load
    expect(page.locator("nav a[tabindex='-1']").first).to_be_attached(timeout=PATIENT)  # as the keyboard needs it
