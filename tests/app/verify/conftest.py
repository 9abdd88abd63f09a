"""The Verify page over small models, with a cache of its own."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from facedemo.app import navigation
from facedemo.app.views.verify import request


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What these tests judged is kept for the next of them, and for nobody else."""
    monkeypatch.setenv("FACEDEMO_CACHE", str(tmp_path_factory.getbasetemp() / "verify-page-cache"))
    yield
    for job in request.jobs().all().values():
        job.cancel()
    request.jobs().by_request.clear()


def open_page(**address: str) -> AppTest:
    page = AppTest.from_file(navigation.VERIFY, default_timeout=60)
    for name, value in address.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def press(page: AppTest, label: str) -> AppTest:
    (button,) = (button for button in page.button if button.label == label)
    button.click().run()
    assert not page.exception
    return page


def verified(page: AppTest) -> AppTest:
    """The page once the evaluation that it starts is over."""
    press(page, "Verify")
    for job in request.jobs().all().values():
        job.thread.join(120)
    page.run()
    assert not page.exception
    return page


def address(page: AppTest) -> dict[str, str]:
    return {name: values[0] if isinstance(values, list) else values for name, values in page.query_params.items()}


def page_text(page: AppTest) -> str:
    parts = [*page.markdown, *page.caption, *page.info, *page.warning, *page.error]
    text = " ".join(f"{getattr(part.proto, 'title', '')} {part.value}" for part in parts)
    return text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """160 pictures of nothing, for all three parts."""
    folder, rng = tmp_path_factory.mktemp("photographs"), np.random.RandomState(0)
    for number in range(160):
        Image.fromarray(rng.randint(0, 256, (32, 32, 3), dtype=np.uint8)).save(folder / f"{number}.png")
    return folder
