"""Back and Forward in real Chromium, and the titles of its tabs."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from facedemo.app.shared import first_seeds
from facedemo.config.presets import PRESETS
from tests.app.conftest import PATIENT, in_a_browser
from tests.conftest import RunMaker

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


def test_back_and_forward_bring_back_the_settings_of_verify(address: str, page: Page) -> None:
    page.goto(f"{address}/verify")
    address_with(page, "seed=0")
    seed = page.get_by_role("spinbutton", name="Seed")
    seed.fill("7")
    seed.press("Enter")
    address_with(page, "seed=7")
    page.go_back()
    address_with(page, "seed=0")
    expect(seed).to_have_value("0", timeout=PATIENT)
    page.go_forward()
    address_with(page, "seed=7")
    expect(seed).to_have_value("7", timeout=PATIENT)


def test_back_and_forward_bring_back_the_edits_of_a_face(address: str, page: Page) -> None:
    page.goto(f"{address}/interpolate?mode=directions")
    slider = page.get_by_role("slider", name="Smiling")
    expect(slider).to_have_value("0", timeout=PATIENT)
    slider.press("ArrowRight")
    address_with(page, "by_smiling=0.1")
    page.go_back()
    address_with(page, "by_smiling=0.0")
    expect(slider).to_have_value("0", timeout=PATIENT)
    page.go_forward()
    address_with(page, "by_smiling=0.1")
    expect(slider).to_have_value("0.1", timeout=PATIENT)


def test_back_and_forward_bring_back_the_search_and_the_selected_runs(
    address: str, home: Path, page: Page, make_run: RunMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEDEMO_RUNS", str(home / "runs"))
    runs = [make_run(name) for name in ("first", "second")]
    page.goto(f"{address}/runs")
    address_with(page, "over=iterations")
    find = page.get_by_role("textbox", name="Find runs")
    find.fill("second")
    find.press("Enter")
    address_with(page, "find=second")
    table = page.get_by_test_id("stDataFrame").locator("canvas").first
    table.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+Space")
    address_with(page, f"chosen={runs[1].id}")
    page.get_by_test_id("stButtonGroup").get_by_text("Images", exact=True).click()
    address_with(page, "over=images")
    title = page.get_by_role("heading", name="second")
    expect(title).to_be_visible(timeout=PATIENT)
    page.go_back()
    address_with(page, "over=iterations")
    expect(title).to_be_visible(timeout=PATIENT)
    page.go_back()
    address_with(page, "chosen=&")
    expect(title).to_have_count(0, timeout=PATIENT)
    expect(find).to_have_value("second", timeout=PATIENT)
    page.go_back()
    address_with(page, "find=&")
    expect(find).to_have_value("", timeout=PATIENT)
    for setting in ("find=second", f"chosen={runs[1].id}", "over=images"):
        page.go_forward()
        address_with(page, setting)
    expect(find).to_have_value("second", timeout=PATIENT)
    expect(title).to_be_visible(timeout=PATIENT)


def test_back_and_forward_bring_back_the_run_that_was_watched_and_the_preset(
    address: str, home: Path, page: Page, make_run: RunMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACEDEMO_RUNS", str(home / "runs"))
    run = make_run("watched")
    page.goto(f"{address}/train")
    address_with(page, "preset=minute")
    page.get_by_role("combobox", name="Preset").click()
    page.get_by_role("option", name="Five minutes, 64×64").click()
    address_with(page, "preset=quick-64")
    page.locator(f".st-key-Open_{run.id}").get_by_role("button").click()
    address_with(page, f"run={run.id}")
    expect(page.get_by_role("heading", name="watched")).to_be_visible(timeout=PATIENT)
    page.go_back()
    address_with(page, "preset=quick-64")
    expect(page.get_by_text(PRESETS["quick-64"].help)).to_be_visible(timeout=PATIENT)
    page.go_back()
    address_with(page, "preset=minute")
    expect(page.get_by_text(PRESETS["minute"].help)).to_be_visible(timeout=PATIENT)
    page.go_forward()
    address_with(page, "preset=quick-64")
    expect(page.get_by_text(PRESETS["quick-64"].help)).to_be_visible(timeout=PATIENT)
    page.go_forward()
    address_with(page, f"run={run.id}")
    expect(page.get_by_role("heading", name="watched")).to_be_visible(timeout=PATIENT)
    page.get_by_role("button", name="All runs").click()
    address_with(page, "preset=quick-64")
    page.go_back()
    address_with(page, f"run={run.id}")


def test_what_was_entered_for_a_run_is_still_there_after_a_visit_to_another_page(address: str, page: Page) -> None:
    page.goto(f"{address}/train")
    address_with(page, "preset=minute")
    page.get_by_text("Settings", exact=True).click()
    amount = page.get_by_role("spinbutton", name="Amount")
    amount.fill("345")
    amount.press("Enter")
    expect(page.get_by_text("→ 345 images")).to_be_visible(timeout=PATIENT)  # or the server may not have it yet
    page.get_by_role("link", name="Learn").click()
    expect(page.get_by_role("heading", name="Learn", exact=True)).to_be_visible(timeout=PATIENT)
    page.go_back()
    address_with(page, "preset=minute")
    page.get_by_text("Settings", exact=True).click()
    expect(amount).to_have_value("345", timeout=PATIENT)


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
    page.get_by_role("button", name="Judge a model by all its metrics").click(timeout=PATIENT)
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


def test_a_step_that_was_taken_is_undone_by_back_and_taken_again_by_forward(address: str, page: Page) -> None:
    page.goto(f"{address}/step")
    address_with(page, "steps=1")
    page.get_by_role("button", name="Next step").click(timeout=PATIENT)
    address_with(page, "steps=2")
    page.go_back()
    address_with(page, "steps=1")
    expect(page.get_by_role("button", name="Back", exact=True)).to_be_disabled(timeout=PATIENT)
    page.go_forward()
    address_with(page, "steps=2")
    expect(page.get_by_role("button", name="Back", exact=True)).to_be_enabled(timeout=PATIENT)
