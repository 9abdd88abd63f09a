"""A link to what a page shows, to copy."""

from urllib.parse import urlencode, urlsplit

import streamlit as st

from facedemo.app.shared.visitor import LOOPBACK


def copy_link(hint: str) -> None:
    """A small button that opens the page's address, which must be written before.  hint: what the link shows."""
    address = st.context.url or ""
    with st.popover("Copy link", icon=":material/link:", type="tertiary", help=hint):
        st.caption(hint)
        st.code(f"{address}?{urlencode(st.query_params.to_dict())}", language=None, wrap_lines=True)
        if urlsplit(address).hostname in LOOPBACK:
            st.caption("This link works on this computer only, because the app accepts connections from it alone.")
