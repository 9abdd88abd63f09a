"""Who looks at a page: somebody at this computer, somebody who is signed in, or anybody else."""

from urllib.parse import urlsplit

import streamlit as st

from facedemo.app.shared import sign_in

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
FORWARDED = frozenset({"forwarded", "via", "x-real-ip", "cf-connecting-ip", "true-client-ip"})


def may_see_photographs() -> bool:
    """Whether to show real training photographs; in doubt, not."""
    return is_at_this_computer() or is_signed_in()


def is_signed_in() -> bool:
    return sign_in.current() is not None or bool(getattr(st.user, "is_logged_in", False))


def is_at_this_computer() -> bool:
    """Whether the browser runs on this computer, as far as that can be told; False in doubt.

    The address of the connection is no evidence, because it is that of a proxy if there is one. The browser's own
    address bar is: it sends the host that it shows as the origin of its connection, and a proxy passes that on.
    """
    headers = {name.lower(): value for name, value in st.context.headers.items()}
    if st.get_option("server.address") not in LOOPBACK or st.context.ip_address is not None:
        return False
    if any(name in FORWARDED or name.startswith("x-forwarded") for name in headers):
        return False
    try:
        hosts = {urlsplit(headers["origin"]).hostname, urlsplit(f"//{headers['host']}").hostname}
    except (KeyError, ValueError):
        return False
    return hosts <= LOOPBACK
