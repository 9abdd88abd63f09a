"""Deleting runs and races and bringing them back, on every page that lists them."""

from collections.abc import Callable, Sequence

import streamlit as st

from facedemo.app.shared.markdown import escaped
from facedemo.app.shared.run_controls import ask
from facedemo.runs import trash
from facedemo.runs.directory import AnyStored, RunError


def delete(ones: Sequence[AnyStored]) -> None:
    """Puts runs or races into the trash; `outcome` then offers all of them back, and says what went wrong."""
    if deleted := each(trash.delete, ones):
        st.session_state.just_deleted = deleted


def restore(ones: Sequence[AnyStored]) -> None:
    each(trash.restore, ones)
    st.session_state.pop("just_deleted", None)


def each(do: Callable[[AnyStored], AnyStored], ones: Sequence[AnyStored]) -> list[AnyStored]:
    """Those for which it worked; the others' problems are kept for `outcome`."""
    done, problems = [], []
    for one in ones:
        try:
            done.append(do(one))
        except RunError as error:
            problems.append(str(error))
    if problems:
        st.session_state.run_problem = " ".join(problems)
    return done


def outcome() -> None:
    """What was deleted last, with an undo, and what could not be done."""
    if gone := [one for one in st.session_state.get("just_deleted", []) if one.path.exists()]:
        words = f"“{escaped(gone[0].name)}”" if len(gone) == 1 else f"{len(gone)} runs"
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(f"Deleted {words}.", width=420)
            button("Undo", gone, "undo_delete", "Put it back where it was." if len(gone) == 1 else "Put them back.")
    if problem := st.session_state.pop("run_problem", ""):
        st.error(escaped(problem))


def button(label: str, ones: Sequence[AnyStored], key: str, about: str) -> None:
    if st.button(label, type="tertiary", help=about, key=key):
        restore(ones)
        st.rerun()  # the whole page: in a fragment, a callback would only redraw the list


def deleted(found: Sequence[AnyStored], kind: str) -> None:
    """What is in the trash.  kind: "runs" or "races"."""
    if not found:
        return
    with st.expander(f"Deleted {kind} ({len(found)})", icon=":material/delete:"):
        for one in found:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"{escaped(one.name)} ({escaped(one.id)})", width="content")
                button("Restore", [one], f"restore_{one.id}", f"Put it back among the {kind}.")
        with st.popover("Delete for good", icon=":material/delete_forever:", help="Frees the disk space."):
            st.write("This cannot be undone.")
            args = (lambda: trash.erase(found),)
            st.button("Yes, delete them", on_click=ask, args=args, help="Removes their files from the disk.")
