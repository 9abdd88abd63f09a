"""Trainings in lessons, as a visitor sees them."""

import re

from playwright.sync_api import Page

ITERATION = re.compile(r"iteration ([\d,]+)", re.IGNORECASE)


def iterations(page: Page) -> list[int]:
    """The iterations of all trainings on the page."""
    matches = [ITERATION.search(text) for text in page.get_by_text(ITERATION).all_inner_texts()]
    return [int(match[1].replace(",", "")) for match in matches if match]


def wait_for_training(page: Page, beyond: int) -> None:
    for _ in range(120):
        if (counts := iterations(page)) and min(counts) > beyond:
            return
        page.wait_for_timeout(500)
    raise AssertionError(f"no training came beyond iteration {beyond}: {iterations(page)}")
