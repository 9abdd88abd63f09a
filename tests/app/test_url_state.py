"""Settings in the address: what counts when the address and the page's state disagree."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.conftest import Maker


@pytest.fixture(autouse=True)
def model(make_bundle: Maker) -> None:
    make_bundle("tiny")


def open_page(name: str, **address: str) -> AppTest:
    page = AppTest.from_file(f"../../facedemo/app/pages/{name}.py", default_timeout=120)
    return visit(page, address)


def visit(page: AppTest, address: dict[str, str]) -> AppTest:
    """Runs the page as the browser does after Back or Forward to an address."""
    page.query_params.clear()
    for name, value in address.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def address_of(page: AppTest) -> dict[str, str]:
    return {name: value if isinstance(value, str) else value[0] for name, value in page.query_params.items()}


def test_an_earlier_address_brings_back_the_settings_that_it_has() -> None:
    page = open_page("generate", seed="5", faces="4")
    before = address_of(page)
    page.number_input(key="generate_seed").set_value(6).run()
    after = address_of(page)
    assert (before["seed"], after["seed"]) == ("5", "6")
    assert visit(page, before).number_input(key="generate_seed").value == 5
    assert address_of(page) == before
    assert visit(page, after).number_input(key="generate_seed").value == 6


def test_a_setting_that_was_just_changed_counts_more_than_an_address_that_is_late() -> None:
    page = open_page("generate", seed="5", faces="4")
    before = address_of(page)
    page.number_input(key="generate_seed").set_value(6).run()
    page.number_input(key="generate_faces").set_value(9)
    visit(page, before)
    assert (page.number_input(key="generate_seed").value, page.number_input(key="generate_faces").value) == (6, 9)
