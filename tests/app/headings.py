"""The headings of a page."""

import re

from streamlit.testing.v1 import AppTest


def levels(page: AppTest) -> list[int]:
    """The levels of all headings, in their order on the page."""
    found: list[int] = []
    for item in page.main:
        if item.type in ("title", "header", "subheader"):
            found.append(int(item.tag[1]))
        elif item.type == "markdown":
            found += [len(marks) for marks in re.findall(r"^(#{1,6}) ", item.value, flags=re.MULTILINE)]
    return found
