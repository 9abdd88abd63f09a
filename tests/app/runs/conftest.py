"""The Runs page, run as Streamlit runs it, over real run directories."""

from streamlit.testing.v1 import AppTest

from facedemo.app import navigation
from facedemo.runs.run import Run
from tests.app.conftest import ROOT


def open_page(**address: str) -> AppTest:
    page = AppTest.from_file(ROOT / "app.py", default_timeout=60).switch_page(str(navigation.RUNS))
    for name, value in address.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def chosen(*runs: Run) -> AppTest:
    return open_page(chosen="/".join(run.id for run in runs))


def page_text(page: AppTest) -> str:
    """All words on the page."""
    parts = (page.markdown, page.caption, page.header, page.error, page.warning, page.info, page.success)
    return "\n".join(f"{item.value} {getattr(item.proto, 'title', '')}" for part in parts for item in part)


def click(page: AppTest, key: str) -> AppTest:
    page.button(key=key).click().run()
    assert not page.exception
    return page


def open_promotion(run: Run) -> AppTest:
    page = chosen(run)
    page.session_state["runs_bundle_open"] = True
    return page.run()
