"""A choice of one among a few, which are all visible."""

from collections.abc import Callable, Mapping

import streamlit as st


def segments(
    label: str,
    options: Mapping[str, str],
    key: str,
    hint: str,
    on_change: Callable[[], None] | None = None,
    format_func: Callable[[str], str] | None = None,
) -> str:
    """A segmented control; returns the name of the chosen option, and there is always one.

    options: name → text.  format_func: replaces the texts.
    """
    chosen = st.segmented_control(
        label,
        list(options),
        format_func=format_func or options.__getitem__,
        required=True,
        key=key,
        persist_state="session",
        on_change=on_change,
        help=hint,
    )
    assert chosen is not None, "required=True"
    return chosen
