"""Renaming, deleting and restoring the user's own models."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from facedemo.app.shared.markdown import escaped
from facedemo.app.shared.session import session
from facedemo.pretrained import library


@dataclass
class Feedback:
    """The outcome of the latest changes: the model deleted last, and an error that has not been shown yet."""

    deleted: Path | None = None
    problem: str = ""


def attempt(change: Callable[[], Path | None]) -> Path | None:
    """Changes models; an error is kept for `outcome`."""
    try:
        return change()
    except (ValueError, OSError) as error:
        session(Feedback).problem = str(error)
        return None


def delete(path: Path) -> None:
    session(Feedback).deleted = attempt(lambda: library.delete(path))


def restore(path: Path) -> None:
    attempt(lambda: library.restore(path))


def rename(path: Path, key: str) -> None:
    name = st.session_state[key].strip()
    attempt(lambda: library.rename(path, name))


def erase() -> None:
    attempt(library.erase)


def controls(path: Path) -> None:
    """The actions on one of the user's models."""
    with st.popover("Rename", icon=":material/edit:", help="Give the model another name."):
        key = f"model_name_{path.name}"
        hint = "Name of the model and of its folder: letters, digits, spaces, dots, dashes and underscores."
        st.text_input("Name", path.name, max_chars=64, help=hint, key=key)
        args = (path, key)
        st.button("Rename it", type="primary", on_click=rename, args=args, help="Rename it.", key=f"rename_{path.name}")
    hint = "Move the model to the deleted models; you can undo this."
    icon = ":material/delete:"
    st.button("Delete", icon=icon, on_click=delete, args=(path,), help=hint, key=f"delete_{path.name}")


def outcome() -> None:
    """The latest deletion with an undo button, and any error."""
    feedback = session(Feedback)
    if (gone := feedback.deleted) is not None and gone.exists():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(f"Deleted “{escaped(gone.name)}”.", width=420)
            hint = "Restore the deleted model."
            st.button("Undo", type="tertiary", on_click=restore, args=(gone,), help=hint, key="undo_model")
    if feedback.problem:
        st.error(escaped(feedback.problem))
        feedback.problem = ""


def deleted() -> None:
    """The deleted models."""
    models = library.deleted()
    if not models:
        return
    with st.expander(f"Deleted models ({len(models)})", icon=":material/delete:"):
        for path in models:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(escaped(path.name), width="content")
                hint, key = "Move it back to your models.", f"restore_model_{path.name}"
                st.button("Restore", type="tertiary", on_click=restore, args=(path,), help=hint, key=key)
        hint = "Delete these models permanently to free disk space."
        with st.popover("Delete permanently", icon=":material/delete_forever:", help=hint):
            st.write("This cannot be undone.")
            hint = "Remove the files from the disk."
            st.button("Yes, delete them", on_click=erase, help=hint, key="erase_models")
