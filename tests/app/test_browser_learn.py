"""Lessons in real Chromium: by mouse and by keyboard alone."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.app.conftest import PATIENT, in_a_browser
from tests.app.live_training import iterations, wait_for_training

pytestmark = [in_a_browser, pytest.mark.slow]


def test_lesson_1_by_keyboard_alone_from_the_list_to_a_place_on_the_map(address: str, page: Page) -> None:
    page.goto(f"{address}/learn")
    page.get_by_role("button", name="1. Numbers become a face").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="1. Numbers become a face")).to_be_visible(timeout=PATIENT)
    assert "lesson=numbers" in page.url
    page.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_text("That is right")).to_be_visible(timeout=PATIENT)
    expect(page.get_by_text("The face of −z.")).to_be_visible(timeout=PATIENT)
    page.get_by_role("button", name="Face 1, -3, 3", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("z has moved by -3 and 3")).to_be_visible(timeout=PATIENT)


def test_on_the_map_arrow_keys_stop_at_the_edges(address: str, page: Page) -> None:
    page.goto(f"{address}/learn?lesson=numbers")
    page.get_by_role("button", name="Face 1, -3, 3", exact=True).focus()
    for keys, face in (
        (("ArrowLeft", "ArrowUp"), "Face 1, -3, 3"),
        (8 * ("ArrowRight",), "Face 7, 3, 3"),
        (("ArrowDown", "ArrowRight"), "Face 14, 3, 2"),
        (8 * ("ArrowDown",), "Face 49, 3, -3"),
        (8 * ("ArrowLeft",), "Face 43, -3, -3"),
    ):
        for key in keys:
            page.keyboard.press(key)
        expect(page.get_by_role("button", name=face, exact=True)).to_be_focused()


def test_lesson_2_plays_its_recording_to_the_end_while_the_learner_s_own_training_runs(
    address: str, page: Page
) -> None:
    page.goto(f"{address}/learn?lesson=players")
    page.get_by_text("Both equally well").click(timeout=PATIENT)
    page.get_by_role("button", name="Play", exact=True).click(timeout=PATIENT)
    expect(page.get_by_role("button", name="Pause recording")).to_be_visible(timeout=PATIENT)
    expect(page.get_by_role("button", name="Play recording")).to_be_visible(timeout=2 * PATIENT)
    expect(page.get_by_role("img", name="16 faces after 24,000 images")).to_be_visible(timeout=PATIENT)
    wait_for_training(page, beyond=10)


def test_the_slider_of_a_recording_that_plays_keeps_the_focus_and_pauses_where_it_is_moved(
    address: str, page: Page
) -> None:
    page.goto(f"{address}/learn?lesson=players")
    page.get_by_text("Both equally well").click(timeout=PATIENT)
    pause = page.get_by_role("button", name="Pause recording")
    pause.focus()
    slider = page.get_by_role("slider", name="Images seen")
    expect(slider).not_to_have_attribute("aria-valuetext", "240", timeout=PATIENT)
    expect(pause).to_be_focused()
    slider.focus()
    for _ in range(2):
        moment = slider.get_attribute("aria-valuetext")
        expect(slider).not_to_have_attribute("aria-valuetext", moment or "", timeout=PATIENT)
        expect(slider).to_be_focused()
    page.keyboard.press("Home")
    expect(page.get_by_role("button", name="Play recording")).to_be_visible(timeout=PATIENT)
    expect(page.get_by_role("img", name="16 faces after 240 images")).to_be_visible(timeout=PATIENT)
    expect(slider).to_have_attribute("aria-valuetext", "240")
    expect(slider).to_be_focused()


def test_lesson_3_trains_two_models_beside_each_other_and_pauses(address: str, page: Page) -> None:
    page.goto(f"{address}/learn?lesson=balance&low=0.2&high=0.8")
    page.get_by_text("There is no difference").click()
    page.get_by_role("button", name="Play", exact=True).click(timeout=PATIENT)
    wait_for_training(page, beyond=20)
    assert len(iterations(page)) == 2
    expect(page.get_by_text("Left, γ = 0.2")).to_be_visible()
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible(timeout=PATIENT)
    page.wait_for_timeout(1500)
    # the iteration during which Pause was pressed is drawn, too
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENT)
    stopped = iterations(page)
    page.wait_for_timeout(1500)
    assert iterations(page) == stopped


def test_lesson_5_breaks_a_training_and_mends_it(address: str, page: Page) -> None:
    page.goto(f"{address}/learn?lesson=failing")
    page.get_by_text("It falls, although the faces are bad").click()
    page.get_by_role("button", name="Make it collapse").click(timeout=PATIENT)
    wait_for_training(page, beyond=10)
    page.get_by_role("button", name="Fix it").click()
    wait_for_training(page, beyond=iterations(page)[0] + 10)
    expect(page.get_by_text("Losses", exact=True).last).to_be_visible()  # three others are the recording's
    page.get_by_role("button", name="Make it diverge").click()
    expect(page.get_by_text("The training has diverged")).to_be_visible(timeout=PATIENT)
    page.get_by_role("button", name="Go back").click()
    expect(page.get_by_text("The training has diverged")).to_be_hidden()
    wait_for_training(page, beyond=iterations(page)[0] + 10)


@pytest.mark.parametrize("lesson", ["equations", "failing"])
def test_the_last_buttons_of_a_lesson_show_their_whole_labels_on_a_phone(
    address: str, browser: Browser, lesson: str
) -> None:
    with browser.new_context(viewport={"width": 360, "height": 800}) as context:
        page = context.new_page()
        page.set_default_timeout(PATIENT)
        page.goto(f"{address}/learn?lesson={lesson}")
        following = page.get_by_role("button", name=re.compile("^Next lesson: "))
        following.wait_for()
        for button in (following, page.get_by_role("button", name=re.compile("step by step|while it learns"))):
            label = button.get_by_test_id("stMarkdownContainer")
            page.wait_for_function("label => label.scrollWidth <= label.clientWidth", arg=label.element_handle())
