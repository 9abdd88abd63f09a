"""A line that says how a run stands: it takes the focus when its page opens, and a screen reader reads its news."""

from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent

_component = st.components.v2.component(
    "facedemo.status_line",
    html='<p class="line" tabindex="-1"></p><p class="news" role="status"></p>',
    css=(HERE / "status_line.css").read_text("utf8"),
    js=(HERE / "status_line.js").read_text("utf8"),
)


def status_line(text: str, news: str, focus: str, key: str) -> None:
    """Shows `text`.

    news: what a screen reader is told, whenever it differs from what it was told last; keep it from changing often.
    focus: whenever this changes to another word, the page is scrolled to its top and the line takes the focus.
    """
    _component(data={"text": text, "news": news, "focus": focus}, key=key)
