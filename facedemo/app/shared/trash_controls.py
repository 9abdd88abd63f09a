"""Deleting and restoring runs and races, for every page that lists them."""

from collections.abc import Callable, Sequence

import streamlit as st

from facedemo.app.shared.markdown import escaped
from facedemo.app.shared.run_controls import Feedback, ask, show_problem
from facedemo.app.shared.session import session
from facedemo.runs import trash
from facedemo.runs.directory import AnyStored, RunError


def delete(items: Sequence[AnyStored]) -> None:
    """Moves runs or races into the trash; `outcome` then offers an undo and shows any errors."""
    if deleted := each(trash.delete, items):
        session(Feedback).deleted = deleted


def restore(items: Sequence[AnyStored]) -> None:
    each(trash.restore, items)
    session(Feedback).deleted = ()


def each(action: Callable[[AnyStored], AnyStored], items: Sequence[AnyStored]) -> list[AnyStored]:
    """The items for which `action` succeeded; the errors of the others are kept for `outcome`."""
    done, problems = [], []
    for item in items:
        try:
            done.append(action(item))
        except RunError as error:
            problems.append(str(error))
    if problems:
        session(Feedback).problem = " ".join(problems)
    return done


def outcome() -> None:
    """The latest deletion with an undo button, and any errors."""
    if gone := [item for item in session(Feedback).deleted if item.path.exists()]:
        what = f"“{escaped(gone[0].name)}”" if len(gone) == 1 else f"{len(gone)} runs"
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(f"Deleted {what}.", width=420)
            trash_button(
                "Undo",
                gone,
                "undo_delete",
                "Restore the deleted item." if len(gone) == 1 else "Restore the deleted items.",
            )
    show_problem()


def trash_button(label: str, items: Sequence[AnyStored], key: str, hint: str) -> None:
    if st.button(label, type="tertiary", help=hint, key=key):
        restore(items)
        st.rerun()  # the whole page: inside a fragment, a callback would only redraw the list


def deleted(items: Sequence[AnyStored], kind: str) -> None:
    """The contents of the trash.  kind: "runs" or "races"."""
    if not items:
        return
    with st.expander(f"Deleted {kind} ({len(items)})", icon=":material/delete:"):
        for item in items:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"{escaped(item.name)} ({escaped(item.id)})", width="content")
                trash_button("Restore", [item], f"restore_{item.id}", f"Move it back to the {kind}.")
        with st.popover(
            "Delete permanently",
            icon=":material/delete_forever:",
            help="Delete these items permanently to free disk space.",
        ):
            st.write("This cannot be undone.")
            args = (lambda: trash.erase(items),)
            st.button("Yes, delete them", on_click=ask, args=args, help="Remove the files from the disk.")
