"""Uploads and embeddings of real people: what there is, when it expires, and a button that removes it at once."""

import streamlit as st

from facedemo.data import personal
from facedemo.storage.locations import upload_prefix, workspace


def controls() -> None:
    stored = personal.personal_data(prefix=removable())
    if removed := st.session_state.pop("personal_removed", ""):
        st.success(f"Removed: {removed}.")
    if not stored.every:
        return
    with st.expander("Uploads and face embeddings", icon=":material/shield_person:"):
        whose = "" if workspace() is None else " of yours" if removable() else " of all visitors"
        st.write(
            f"This computer holds {stored.summary()}{whose}. They expire after {personal.keep_days():g} days. Runs "
            "that were trained on an upload keep their models, but need the images again to be resumed."
        )
        hint = "Remove all of them now. Embeddings are computed again when they are needed."
        st.button("Remove them all", icon=":material/delete_forever:", on_click=remove, help=hint)


def remove() -> None:
    st.session_state.personal_removed = personal.purge(prefix=removable()).summary()


def removable() -> str:
    """How the names of the uploads begin that the visitor may remove; "" for all: in private, and for teachers."""
    own = workspace()
    return upload_prefix() if own and own.realm == own.folder else ""
