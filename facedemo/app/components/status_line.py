"""A line with a status: focused when its page opens, and announced by screen readers."""

from pathlib import Path

from streamlit.components.v2 import component

HERE = Path(__file__).parent

_component = component(
    "facedemo.status_line",
    html='<p class="line" tabindex="-1"></p><p class="news" role="status"></p>',
    css=(HERE / "status_line.css").read_text("utf8"),
    js=(HERE / "status_line.js").read_text("utf8"),
)


def status_line(text: str, news: str, focus: str, key: str) -> None:
    """Shows `text`.

    news: announced by screen readers whenever it changes, so it should change rarely.  focus: whenever it changes, the
    page scrolls to the top and the line gets the focus.
    """
    _component(data={"text": text, "news": news, "focus": focus}, key=key)
