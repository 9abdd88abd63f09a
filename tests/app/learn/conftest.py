"""The lessons, run as Streamlit runs them."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from facedemo.app import navigation
from facedemo.app.views.learn import balance, copying, equations, failing, families, live, lying, numbers, players
from facedemo.app.views.learn.lesson import Lesson
from tests.conftest import Maker

LESSONS = [module.LESSON for module in (numbers, players, balance, equations, failing, lying, families, copying)]
BUNDLED = Path(__file__).parents[3] / "checkpoints"
LIVE = [players, balance, failing, families, copying]


@pytest.fixture(autouse=True)
def model(make_bundle: Maker) -> None:
    make_bundle("ours-64")


def page_text(page: AppTest) -> str:
    """All words on the page."""
    parts = (page.markdown, page.caption, page.error, page.warning, page.info, page.success)
    return "\n".join(str(item.value) for part in parts for item in part)


def open_page(**address: str) -> AppTest:
    page = AppTest.from_file(navigation.LEARN, default_timeout=120)
    for name, value in address.items():
        page.query_params[name] = value
    return page.run()


def answer(page: AppTest, lesson: Lesson, number: int) -> AppTest:
    page.radio(key=f"learn_{lesson.name}_choice").set_value(lesson.question.options[number]).run()
    assert not page.exception
    return page


def click(page: AppTest, label: str) -> AppTest:
    next(button for button in page.button if button.label == label).click()
    page.run()
    assert not page.exception
    return page


def running(page: AppTest, key: str) -> live.Running:
    return page.session_state[f"{live.Running.__module__}.Running {key}"]
