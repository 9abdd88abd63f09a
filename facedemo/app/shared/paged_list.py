"""A paginated list, with a search field if there is more than one page."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

PER_PAGE = 8
Item = TypeVar("Item")


def paged_list(
    items: Sequence[Item], fits: Callable[[Item, str], bool], show: Callable[[Item], None], kind: str, hint: str
) -> None:
    """fits: whether an item matches the search.  kind: the items' singular name.  hint: help text of the search."""
    if len(items) > PER_PAGE:
        name = f"find_{kind}"
        search = st.text_input(f"Find a {kind}", key=name, icon=":material/search:", help=hint, persist_state="session")
        items = [item for item in items if fits(item, search)]
        if not items:
            st.caption(f"No {kind} matches.")
    pages = max(1, -(-len(items) // PER_PAGE))
    page = min(st.session_state.get(f"{kind}_page", 1), pages)
    for item in items[(page - 1) * PER_PAGE : page * PER_PAGE]:
        show(item)
    if pages > 1:
        st.pagination(pages, key=f"{kind}_page", persist_state="session")
