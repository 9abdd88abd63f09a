"""The studio in real Chromium: from the first faces to a film."""

import io
import json
import re
from pathlib import Path

import av
import pytest
from playwright.sync_api import Page, Route, expect

from facedemo.imaging import pictures
from facedemo.pretrained.seeds import face_seeds
from facedemo.runs.run import list_runs
from tests.app.conftest import PATIENT, downloaded, in_a_browser, wait_for
from tests.conftest import Portrait

pytestmark = [in_a_browser, pytest.mark.slow]


def test_a_visitor_meets_faces_opens_one_and_takes_a_film_away(address: str, page: Page) -> None:
    page.goto(address)
    seeds = face_seeds(0, 16)
    third = page.get_by_role("button", name=f"Face 3, seed {seeds[2]}", exact=True)
    expect(third).to_be_visible()
    page.get_by_role("button", name=f"Face 1, seed {seeds[0]}", exact=True).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Face 3 of 16")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/generate\?.*seed=0.*face=3"))

    page.goto(f"{address}/interpolate?from=1&to=2&steps=8")
    expect(page.get_by_role("img", name="from the face of seed 1 to that of seed 2")).to_be_visible()
    page.get_by_role("button", name="Pause", exact=True).click()
    scrubber = page.get_by_role("slider", name="Frame")
    scrubber.press("Home")
    scrubber.press("ArrowRight")
    scrubber.press("ArrowRight")
    expect(scrubber).to_have_attribute("aria-valuetext", "Frame 3 of 8")
    expect(page).to_have_url(re.compile("frame=3"))
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    assert pictures.read_settings(downloaded(page, "Frame 3 (PNG)"))["seeds"] == "1, 2"

    with av.open(io.BytesIO(downloaded(page, "Film (MP4)"))) as container:
        assert json.loads(container.metadata["comment"])["seeds"] == "1, 2"
        assert len(list(container.decode(video=0))) == 14

    page.get_by_text("Directions", exact=True).click()
    page.get_by_text("Light, colour and main differences").click()
    brightness = page.get_by_role("slider", name="Brightness")
    brightness.press("ArrowRight")
    expect(page.get_by_text("brightness +0.1")).to_be_visible()
    expect(page).to_have_url(re.compile("by_brightness=0.1"))
    assert pictures.read_settings(downloaded(page, "This face (PNG)"))["brightness"] == "0.1"


def test_a_photo_is_looked_into_found_in_latent_space_and_edited(address: str, page: Page, portrait: Portrait) -> None:
    page.goto(f"{address}/inside")
    expect(page.get_by_role("img", name="The discriminator's reconstruction").first).to_be_visible()
    expect(page.locator(".js-plotly-plot").first).to_be_visible()
    chart_in_words = re.compile(r"of this face among other faces. Generated faces: from [\d.]+ to .*L\(v\) at 0.\d+")
    expect(page.get_by_role("figure", name=chart_in_words)).to_be_visible()
    page.get_by_text("A photo", exact=True).click()
    file = {"name": "people.png", "mimeType": "image/png", "buffer": pictures.png(portrait(2))}
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text("2 faces were found")).to_be_visible()
    page.get_by_role("button", name="number 2 from the left").click()
    expect(page.get_by_role("img", name="v. The face: a photo.")).to_be_visible()
    expect(page.get_by_text("Better reconstructed than")).to_be_visible()
    facts = pictures.read_settings(downloaded(page, "Pictures (PNG)"))
    assert facts["face"] == "a photo"
    assert 0 < float(facts["loss"]) < 1

    page.get_by_text("Into latent space", exact=True).click()
    page.get_by_role("button", name="Find them").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Find them").click()
    edit = page.get_by_role("button", name="Edit it").first
    expect(edit).to_be_visible(timeout=3 * PATIENT)
    edit.click()
    expect(page).to_have_url(re.compile(r"/interpolate\?.*mode=directions"))
    expect(page.get_by_text("a photo, unchanged").first).to_be_visible()
    smile = page.get_by_role("slider", name="Smiling")
    smile.press("ArrowRight")
    expect(page.get_by_text("smiling +0.1")).to_be_visible()
    assert pictures.read_settings(downloaded(page, "This face (PNG)"))["smiling"] == "0.1"
    with av.open(io.BytesIO(downloaded(page, "Film (MP4)"))) as container:
        assert len(list(container.decode(video=0))) > 2


@pytest.mark.parametrize("path", ["inside", "step"])
def test_nothing_moves_when_pictures_are_loaded(address: str, page: Page, path: str) -> None:
    """Otherwise, a click may end on something else than where it began."""
    held = list[Route]()
    page.route(re.compile(r"/media/[^/]*\.(jpg|png)$"), lambda route: held.append(route))
    page.goto(f"{address}/{path}", wait_until="commit")
    button = page.get_by_role("button", name="Pictures (PNG)")
    expect(button).to_be_visible(timeout=PATIENT)
    wait_for(lambda: not page.get_by_test_id("stStatusWidget").count())
    before = button.bounding_box()
    while held:
        held.pop().continue_()
    wait_for(lambda: page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth)"))
    assert button.bounding_box() == before


def test_the_faces_in_uploaded_photos_are_found_shown_and_trained_on(
    address: str, home: Path, page: Page, portrait: Portrait
) -> None:
    photos = [portrait(18).rotate(degrees, expand=True) for degrees in (0, 2, -2, 3)]
    files = [
        {"name": f"{number}.png", "mimeType": "image/png", "buffer": pictures.png(photo)}
        for number, photo in enumerate(photos)
    ]
    page.goto(f"{address}/train")
    page.get_by_text("Upload images").click()
    page.locator("input[type=file]").set_input_files(files)
    expect(page.get_by_text("4 images found")).to_be_visible()
    page.get_by_text("Find the faces in photos").click()
    expect(page.get_by_text("4 photos found")).to_be_visible()
    page.get_by_role("button", name="Preview the images").click()
    expect(page.get_by_text("as the networks see them")).to_be_visible()
    expect(page.get_by_text("72 images ready at 32×32")).to_be_visible()
    expect(page.get_by_role("img", name="24 of the images, cropped to 32×32 pixels")).to_be_visible()
    page.get_by_role("button", name="Start training").click()
    wait_for(lambda: list_runs(home / "runs"))
    (run,) = list_runs(home / "runs")
    assert run.config.data.crop == "face"
    expect(page.get_by_role("img", name="Grid of faces generated at iteration")).to_be_visible()
    run.stop()


def test_training_goes_one_step_forwards_and_backwards(address: str, page: Page) -> None:
    page.goto(f"{address}/step?model=ours-64")
    heading = page.get_by_role("heading", name=re.compile("^Iteration"))
    expect(heading).to_be_visible()
    first = page.get_by_role("heading", name=heading.inner_text(), exact=True)
    page.get_by_role("button", name="Next step").click()
    expect(page).to_have_url(re.compile("steps=2"))
    expect(first).to_have_count(0)
    page.get_by_role("button", name="Back", exact=True).click()
    expect(first).to_have_count(1)


@pytest.mark.parametrize("model", ["ours-64", "dcgan-64", "wgan-64", "r3gan-64"])
def test_equations_fit_a_telephone(address: str, page: Page, model: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{address}/step?model={model}")
    expect(page.get_by_role("heading", name=re.compile("^What the step changed"))).to_be_visible()
    equations = page.locator(".katex-display")
    expect(equations.last).to_be_visible()
    cut_off = equations.evaluate_all("all => all.map(one => one.scrollWidth - one.clientWidth)")
    assert max(cut_off) <= 3  # pixels of a rounded width


def test_fifty_faces_are_verified_and_one_is_looked_at_closely(address: str, page: Page) -> None:
    page.goto(f"{address}/verify?model=ours-64&faces=50&seed=3")
    page.get_by_role("button", name="Verify", exact=True).click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    page.reload()  # which it survives
    table = page.get_by_role("table")
    expect(table).to_contain_text("can't detect a face", timeout=3 * PATIENT)
    expect(table).to_contain_text(re.compile(r"ours-64\d+ of 50"))
    expect(table).to_contain_text("DCGAN, in the paper281 of 1,000")
    report = json.loads(downloaded(page, "Report (JSON)"))

    undetected = report["rows"][0]["undetected"]["count"]
    page.get_by_role("radio", name=f"Detected ({50 - undetected})").click()
    faces = page.get_by_role("button", name=re.compile(r"^Face \d+, seed \d+$"))
    expect(faces).to_have_count(min(48, 50 - undetected))
    last = faces.last.get_attribute("aria-label").rpartition(" ")[2]
    faces.first.focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("stCode")).to_have_text(last)
    expect(page.get_by_role("img", name=re.compile(r"of 50, enlarged: a face was detected"))).to_be_visible()
    facts = pictures.read_settings(downloaded(page, "People (PNG)"))
    assert (facts["of"], facts["seed"]) == (str(report["rows"][0]["people"]), "3")

    page.get_by_role("button", name="Open in Generate").click()
    expect(page).to_have_url(re.compile(rf"/generate\?.*seed={last}"))
    expect(page.get_by_role("button", name=f"Face 1, seed {last}", exact=True)).to_be_visible()
