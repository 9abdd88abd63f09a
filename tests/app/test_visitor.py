"""Who may see photographs of real people: in doubt, nobody."""

import pytest
import streamlit as st
from streamlit import config
from streamlit.runtime.context import ContextProxy
from streamlit.testing.v1 import AppTest

from facedemo.app.shared import visitor

AT_HOME = {"Host": "localhost:8501", "Origin": "http://localhost:8501"}


@pytest.fixture(autouse=True)
def listens_to_this_computer() -> None:
    before = st.get_option("server.address")
    config.set_option("server.address", "localhost")
    yield
    config.set_option("server.address", before)


def at_this_computer(headers: dict[str, str], monkeypatch: pytest.MonkeyPatch, address: str | None = None) -> bool:
    monkeypatch.setattr(ContextProxy, "headers", headers)
    monkeypatch.setattr(ContextProxy, "ip_address", address)
    return visitor.is_at_this_computer()


@pytest.mark.parametrize("host", ["localhost:8501", "127.0.0.1:8501", "[::1]:8501"])
def test_a_browser_on_this_computer_is_known_by_the_address_that_it_shows(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert at_this_computer({"Host": host, "Origin": f"http://{host}"}, monkeypatch)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Host": "localhost:8501"},
        {"Origin": "http://localhost:8501"},
        AT_HOME | {"Origin": "https://faces.example.org"},  # a proxy that says nothing about itself
        AT_HOME | {"Host": "faces.example.org"},
        *(AT_HOME | {name: "203.0.113.9"} for name in ("X-Forwarded-For", "x-real-ip", "Forwarded", "Via")),
        AT_HOME | {"X-Forwarded-Proto": "https"},
        AT_HOME | {"Origin": "null"},
        AT_HOME | {"Origin": "http://[broken"},
        AT_HOME | {"Origin": "http://localhost.example.org"},
    ],
)
def test_anybody_else_is_not_also_behind_a_proxy_and_in_doubt(
    headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not at_this_computer(headers, monkeypatch)
    assert not visitor.may_see_photographs()


def test_an_app_that_listens_to_the_network_takes_nobody_for_local(monkeypatch: pytest.MonkeyPatch) -> None:
    config.set_option("server.address", "0.0.0.0")
    assert not at_this_computer(AT_HOME, monkeypatch)
    config.set_option("server.address", "localhost")
    assert not at_this_computer(AT_HOME, monkeypatch, address="203.0.113.9")


def test_without_a_connection_nobody_is_local() -> None:
    def page() -> None:
        import streamlit as st

        from facedemo.app.shared import visitor

        st.write(str(visitor.may_see_photographs()))

    assert AppTest.from_function(page).run().markdown[0].value == "False"
