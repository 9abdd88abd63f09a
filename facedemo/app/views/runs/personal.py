"""Uploads and embeddings of real people: what there is, when it expires, and a button that removes it at once."""

import streamlit as st

from facedemo.data import personal
from facedemo.storage.locations import upload_prefix


def controls() -> None:
    found = personal.personal_data(prefix=upload_prefix())
    if removed := st.session_state.pop("personal_removed", ""):
        st.success(f"Removed: {removed}.")
    if not found.every:
        return
    with st.expander("Uploads and face embeddings", icon=":material/shield_person:"):
        st.write(
            f"This computer holds {found.summary()}. They expire after {personal.keep_days():g} days. Runs that were "
            "trained on an upload keep their models, but need the images again to be resumed."
        )
        about = "Remove all of them now. Embeddings are computed again when they are needed."
        st.button("Remove them all", icon=":material/delete_forever:", on_click=remove, help=about)


def remove() -> None:
    st.session_state.personal_removed = personal.purge(prefix=upload_prefix()).summary()
