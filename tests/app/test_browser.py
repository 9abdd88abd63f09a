"""The app in real Chromium: the journeys of a newcomer."""

import io
import re
import socket
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from facedemo.imaging import pictures
from facedemo.pretrained import sampling
from facedemo.pretrained.model import find_model, load_model
from facedemo.pretrained.seeds import face_seeds
from facedemo.runs.run import Run, list_runs
from tests.app.conftest import PATIENT, can_connect, downloaded, in_a_browser, wait_for

pytestmark = [in_a_browser, pytest.mark.slow]

BELOW_SAMPLES = """place =>
    place.getBoundingClientRect().top - document.querySelector(".st-key-samples").getBoundingClientRect().top"""


def face(page: Page, number: int, seed: int):
    return page.get_by_role("button", name=f"Face {number}, seed {seed}", exact=True)


def every_face(page: Page) -> Locator:
    return page.get_by_role("button", name=re.compile(r"^Face \d+, seed \d+$"))


def test_a_newcomer_sees_64_faces_draws_others_and_downloads_them(address: str, page: Page) -> None:
    page.goto(f"{address}/?model=ours-64&seed=11")
    seeds = face_seeds(11, 64)
    for number in (1, 2, 64):
        expect(face(page, number, seeds[number - 1])).to_be_visible()
    expect(every_face(page)).to_have_count(64)

    page.get_by_role("spinbutton", name="Seed").fill("12")
    page.get_by_role("spinbutton", name="Seed").press("Enter")
    others = face_seeds(12, 64)
    expect(face(page, 64, others[63])).to_be_visible()
    expect(face(page, 64, seeds[63])).to_have_count(0)

    file = downloaded(page, "Grid (PNG)")
    expected = pictures.grid(sampling.generate(load_model(find_model("ours-64")), others))
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(file))), np.asarray(expected))
    assert pictures.read_settings(file)["seed"] == "12"

    face(page, 3, others[2]).click()
    expect(page.get_by_text("Face 3 of 64")).to_be_visible()
    assert pictures.read_settings(downloaded(page, "This face (PNG)"))["seed"] == str(others[2])


def test_a_run_is_started_watched_steered_stopped_and_drawn_from(address: str, home: Path, page: Page) -> None:
    page.goto(f"{address}/train")
    page.get_by_text("A folder or archive on this computer").click()
    page.get_by_role("textbox", name="Path").fill(str(home / "pictures"))
    page.get_by_role("textbox", name="Path").press("Control+Enter")
    page.get_by_text("Settings", exact=True).click()
    page.get_by_role("textbox", name="Name").fill("journey")
    page.get_by_role("textbox", name="Name").press("Enter")
    page.get_by_role("spinbutton", name="Amount").fill("3000000")
    page.get_by_role("spinbutton", name="Amount").press("Enter")
    page.get_by_role("button", name="Start training").click()

    wait_for(lambda: list_runs(home / "runs"))
    run: Run = list_runs(home / "runs")[0]
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    place = page.locator(".st-key-chart_place_losses")
    expect(place.locator(".js-plotly-plot")).to_be_visible()  # not only another chart
    top = place.evaluate(BELOW_SAMPLES)
    chart = page.locator(".js-plotly-plot").first
    chart.locator(".nsewdrag").hover()
    tooltip = chart.locator(".hoverlayer")
    expect(tooltip).to_contain_text("iteration")
    before = tooltip.text_content()
    expect(tooltip).not_to_have_text(before or "")  # further rows have come, and the tooltip stays
    expect(tooltip).to_contain_text("iteration")

    expect(page.get_by_role("slider", name="Iteration")).to_be_visible()  # of several samples, and not yet of the first
    assert place.evaluate(BELOW_SAMPLES) == top

    chart_in_words = re.compile(r"^Chart of Losses. Iteration \d.*L\(x\): from [\d.]+ to [\d.]+.")
    expect(page.get_by_role("figure", name=chart_in_words)).to_be_visible()

    slider = page.get_by_role("slider", name="γ, diversity ratio")
    slider.press("ArrowLeft")
    expect(page.get_by_text("not applied yet")).to_be_visible()  # the browser sends a slider's value a moment later
    page.get_by_role("button", name="Apply", exact=True).click()
    wait_for(run.setting_changes)
    assert run.setting_changes()[0].changes.keys() == {"gamma"}
    value = run.setting_changes()[0].changes["gamma"]
    expect(page.locator(".js-plotly-plot").first).to_contain_text(f"γ = {value:g}")

    page.get_by_role("button", name="Stop", exact=True).click()
    wait_for(lambda: run.status.state == "stopped")
    page.get_by_role("button", name="All runs").click()
    expect(page.get_by_text("journey").first).to_be_visible()
    of_a_row = page.get_by_test_id("stBaseButton-tertiary")  # the run's own view, still going, has one of another kind
    generate = page.get_by_role("button", name="Generate", exact=True).and_(of_a_row)
    generate.click()
    expect(every_face(page)).to_have_count(64)
    assert pictures.read_settings(downloaded(page, "Grid (PNG)"))


def test_an_app_without_options_listens_to_this_computer_alone(address: str) -> None:
    port = int(address.rpartition(":")[2])
    assert can_connect(port)
    addresses = {
        item.address for items in psutil.net_if_addrs().values() for item in items if item.family == socket.AF_INET
    }
    for host in (addresses - {"127.0.0.1"}) | {"127.0.0.2"}:  # the last one reaches whatever listens on all addresses
        assert not can_connect(port, host), host


def test_a_card_of_home_is_a_link_as_a_whole(address: str, page: Page) -> None:
    page.goto(address)
    card = page.locator("[class*=st-key-card-]").filter(has_text="Put models side by side")
    expect(card.get_by_role("link")).to_be_visible()  # the browser loads the code of links after that of texts
    words = card.get_by_text("Put models side by side").bounding_box()
    whole = card.bounding_box()
    position = {"x": words["x"] + words["width"] / 2 - whole["x"], "y": words["y"] + words["height"] / 2 - whole["y"]}
    card.click(position=position)
    expect(page).to_have_url(re.compile("/compare"))


@pytest.mark.parametrize(("width", "across"), [(1280, 8), (390, 4)])
def test_faces_have_their_place_before_they_are_drawn(address: str, browser: Browser, width: int, across: int) -> None:
    with browser.new_context(viewport={"width": width, "height": 800}) as context:
        page = context.new_page()
        page.goto(address)
        expect(every_face(page)).to_have_count(16, timeout=PATIENT)
        drawn, size = page.locator(".faces").evaluate("faces => [faces.offsetHeight, faces.offsetWidth]")
        assert drawn == pytest.approx(size * 16 / across / across, abs=4)
        place = page.locator(".st-key-home_faces")
        empty = place.evaluate("place => (place.firstElementChild.remove(), place.offsetHeight)")
        assert empty == pytest.approx(drawn, abs=4)


def test_a_long_wait_is_cancelled_where_it_is(address: str, page: Page) -> None:
    page.goto(f"{address}/step?steps=200")
    page.get_by_role("button", name="Cancel").click(timeout=PATIENT)
    expect(page.get_by_role("heading", name=re.compile("Iteration"))).to_be_visible(timeout=PATIENT)
    page.wait_for_url(re.compile(r"steps=\d+&"), timeout=PATIENT, wait_until="commit")
    assert 1 <= int(re.search(r"steps=(\d+)", page.url)[1]) < 200
    page.get_by_role("button", name="Next step").click()
    page.wait_for_timeout(3000)
    expect(page.get_by_test_id("stException")).to_have_count(0)
