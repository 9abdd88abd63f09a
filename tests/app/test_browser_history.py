"""Back and Forward in real Chromium, and the titles of its tabs."""

import pytest
from playwright.sync_api import Page, expect

from facedemo.app.shared import first_seeds
from tests.app.conftest import PATIENT, in_a_browser

pytestmark = [in_a_browser, pytest.mark.slow]


def address_with(page: Page, setting: str) -> str:
    """The address as soon as it contains these words and the page has been drawn."""
    page.wait_for_url(lambda url: setting in url, timeout=PATIENT, wait_until="commit")
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENT)
    return page.url


@pytest.mark.parametrize(
    ("name", "first", "label", "second"),
    [
        ("interpolate", "mode=two", "Four faces", "mode=four"),
        ("inside", "mode=look", "Into latent space", "mode=latent"),
        ("compare", "mode=side", "γ sweep", "mode=sweep"),
    ],
)
def test_back_and_forward_switch_between_the_views_of_a_page(
    address: str, page: Page, name: str, first: str, label: str, second: str
) -> None:
    page.goto(f"{address}/{name}")
    before = address_with(page, first)
    page.get_by_test_id("stButtonGroup").get_by_role("radio", name=label).or_(
        page.get_by_test_id("stButtonGroup").get_by_role("button", name=label)
    ).first.click()
    after = address_with(page, second)
    page.go_back()
    expect(page).to_have_url(before, timeout=PATIENT)
    address_with(page, first)
    page.go_forward()
    expect(page).to_have_url(after, timeout=PATIENT)
    address_with(page, second)
    page.wait_for_timeout(1500)
    assert page.url == after  # nothing that was sent late changes it again


def test_back_and_forward_bring_back_the_faces_that_were_shown(address: str, page: Page) -> None:
    page.goto(f"{address}/generate?seed=5")
    address_with(page, "seed=5")
    seed = page.get_by_role("spinbutton", name="Seed")
    for value in ("6", "7"):
        seed.fill(value)
        seed.press("Enter")
        address_with(page, f"seed={value}")
    for value in ("6", "5"):
        page.go_back()
        address_with(page, f"seed={value}&")
        expect(seed).to_have_value(value, timeout=PATIENT)
    page.go_forward()
    expect(seed).to_have_value("6", timeout=PATIENT)


def test_back_brings_back_the_settings_of_verify(address: str, page: Page) -> None:
    page.goto(f"{address}/verify")
    address_with(page, "seed=0")
    seed = page.get_by_role("spinbutton", name="Seed")
    seed.fill("7")
    seed.press("Enter")
    address_with(page, "seed=7")
    page.go_back()
    address_with(page, "seed=0")
    expect(seed).to_have_value("0", timeout=PATIENT)


def test_back_returns_from_a_lesson_to_the_list(address: str, page: Page) -> None:
    page.goto(f"{address}/learn")
    page.get_by_role("button", name="6. The number that lies").click(timeout=PATIENT)
    expect(page.get_by_role("heading", name="6. The number that lies")).to_be_visible(timeout=PATIENT)
    page.go_back()
    expect(page.get_by_role("heading", name="Learn", exact=True)).to_be_visible(timeout=PATIENT)
    page.go_forward()
    expect(page.get_by_role("heading", name="6. The number that lies")).to_be_visible(timeout=PATIENT)


@pytest.mark.parametrize("wait", [False, True], ids=["at once", "after the page was drawn"])
def test_back_leaves_a_page_at_the_first_press(address: str, page: Page, wait: bool) -> None:
    page.goto(f"{address}/learn")
    page.get_by_role("button", name="6. The number that lies").click(timeout=PATIENT)
    address_with(page, "lesson=lying")
    page.get_by_role("button", name="Judge a model by all numbers").click(timeout=PATIENT)
    address_with(page, "/verify?model=") if wait else page.wait_for_url(
        "**/verify*", timeout=PATIENT, wait_until="commit"
    )
    page.go_back()
    expect(page.get_by_role("heading", name="6. The number that lies")).to_be_visible(timeout=PATIENT)
    expect(page).to_have_title("Learn · facedemo", timeout=PATIENT)


def test_a_change_on_a_page_that_a_full_link_opened_is_undone_by_back(address: str, page: Page) -> None:
    page.goto(f"{address}/generate")
    page.goto(address_with(page, f"seed={first_seeds.GENERATE}"))
    seed = page.get_by_role("spinbutton", name="Seed")
    seed.fill("6")
    seed.press("Enter")
    address_with(page, "seed=6")
    page.go_back()
    address_with(page, f"seed={first_seeds.GENERATE}&")
    expect(seed).to_have_value(str(first_seeds.GENERATE), timeout=PATIENT)


def test_a_step_that_was_taken_is_undone_by_back(address: str, page: Page) -> None:
    page.goto(f"{address}/step")
    address_with(page, "steps=1")
    page.get_by_role("button", name="Next step").click(timeout=PATIENT)
    address_with(page, "steps=2")
    page.go_back()
    address_with(page, "steps=1")
