"""The Runs page in real Chromium: runs compared by keyboard, deleted and brought back; a model taken out and in."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from facedemo.runs.run import list_runs
from tests.app.conftest import ROOT, downloaded, in_a_browser
from tests.conftest import RunMaker

pytestmark = [in_a_browser, pytest.mark.slow]


def test_runs_are_compared_deleted_and_brought_back_and_a_model_goes_out_and_in(
    address: str,
    home: Path,
    page: Page,
    make_run: RunMaker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page.goto(f"{address}/runs")
    expect(page.get_by_text("No runs yet")).to_be_visible()

    monkeypatch.setenv("FACEDEMO_RUNS", str(home / "runs"))
    for name in ("first", "second", "third"):
        make_run(name)
    page.reload()
    table = page.get_by_test_id("stDataFrame").locator("canvas").first
    expect(table).to_be_visible()
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    two = list_runs(home / "runs")[1:]
    table.focus()
    for run in two:
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Shift+Space")
        expect(page).to_have_url(re.compile(run.id))
    expect(page.get_by_text("2 runs are selected.")).to_be_visible()
    chart = page.locator(".js-plotly-plot").first
    for run in two:
        expect(chart.locator(".legend")).to_contain_text(run.name)

    page.get_by_role("button", name="Delete them").click()
    expect(page.get_by_text("Deleted 2 runs.")).to_be_visible()
    assert len(list_runs(home / "runs")) == 1
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Deleted 2 runs.")).to_have_count(0)
    assert len(list_runs(home / "runs")) == 3

    bundle = downloaded(page, "Export (ZIP)", page.locator(".st-key-export_ours-64"))
    file = {"name": "ours-64.zip", "mimeType": "application/zip", "buffer": bundle}
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("“ours-64-2” has been added to your models.")).to_be_visible()
    folders = ROOT / "checkpoints" / "ours-64", home / "models" / "ours-64-2"
    weights = [(folder / "model.safetensors").read_bytes() for folder in folders]
    assert weights[0] == weights[1]
