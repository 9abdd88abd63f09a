"""Keeps a session's token in a cookie of the browser, because a reloaded page is a new session; it shows nothing."""

from pathlib import Path

from streamlit.components.v2 import component

COOKIE = "facedemo_session"

_component = component("facedemo.session_cookie", js=Path(__file__).with_name("session_cookie.js").read_text("utf8"))


def set_session_cookie(token: str) -> None:
    """token: "" removes the cookie."""
    _component(data={"name": COOKIE, "token": token}, key="session_cookie", width=1, height=1)
