"""Deleting runs and bringing them back, on every page that lists them."""

from collections.abc import Callable, Sequence

import streamlit as st

from facedemo import trash
from facedemo.pages.parts.live_run import ask, escaped
from facedemo.runs import Run, RunError


def delete(runs: Sequence[Run]) -> None:
    """Puts runs into the trash; `outcome` then offers all of them back at once, and says what went wrong."""
    if deleted := each(trash.delete, runs):
        st.session_state.just_deleted = deleted


def restore(runs: Sequence[Run]) -> None:
    each(trash.restore, runs)
    st.session_state.pop("just_deleted", None)


def each(do: Callable[[Run], Run], runs: Sequence[Run]) -> list[Run]:
    """Those for which it worked; the others' problems are kept for `outcome`."""
    done, problems = [], []
    for run in runs:
        try:
            done.append(do(run))
        except RunError as error:
            problems.append(str(error))
    if problems:
        st.session_state.run_problem = " ".join(problems)
    return done


def outcome() -> None:
    """What was deleted last, with an undo, and what could not be done."""
    if gone := [run for run in st.session_state.get("just_deleted", []) if run.path.exists()]:
        words = f"“{escaped(gone[0].name)}”" if len(gone) == 1 else f"{len(gone)} runs"
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(f"Deleted {words}.", width=420)
            button("Undo", gone, "undo_delete", "Put it back where it was." if len(gone) == 1 else "Put them back.")
    if problem := st.session_state.pop("run_problem", ""):
        st.error(escaped(problem))


def button(label: str, runs: Sequence[Run], key: str, about: str) -> None:
    if st.button(label, type="tertiary", help=about, key=key):
        restore(runs)
        st.rerun()  # the whole page: in a fragment, a callback would only redraw the list


def deleted_runs() -> None:
    """What is in the trash."""
    found = trash.deleted_runs()
    if not found:
        return
    with st.expander(f"Deleted runs ({len(found)})", icon=":material/delete:"):
        for run in found:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"{escaped(run.name)} ({escaped(run.id)})", width="content")
                button("Restore", [run], f"restore_{run.id}", "Put it back among the runs.")
        with st.popover("Delete for good", icon=":material/delete_forever:", help="Frees the disk space."):
            st.write("This cannot be undone.")
            args = (trash.empty,)
            st.button("Yes, delete them", on_click=ask, args=args, help="Removes their files from the disk.")
