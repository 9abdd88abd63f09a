"""The two controls of a budget: its unit and its amount."""

from collections.abc import Mapping

import streamlit as st

from facedemo.app.shared import setting_controls

BUDGETS = {"minutes": "Minutes of training", "iterations": "Iterations", "images": "Images seen"}


def fill(budget: Mapping[str, float | None], prefix: str) -> None:
    """Shows a budget.  prefix: of the keys in session state, as for `control`."""
    kind = next((kind for kind in BUDGETS if budget.get(kind)), "minutes")
    st.session_state[f"{prefix}_kind"] = kind
    st.session_state[f"{prefix}_{kind}"] = budget.get(kind) or 60


def control(prefix: str) -> dict[str, float]:
    """Shows the controls; returns the fields of a `Budget`."""
    for name, default in (("kind", "minutes"), ("minutes", 60.0), ("iterations", 10_000), ("images", 200_000)):
        st.session_state.setdefault(f"{prefix}_{name}", default)
    kind = st.selectbox(
        "Train for",
        BUDGETS,
        format_func=BUDGETS.__getitem__,
        key=f"{prefix}_kind",
        persist_state="session",
        help="Unit of the run's budget. Pauses do not count.",
    )
    low, high = {"minutes": (0.1, 1e6), "iterations": (1, 10**9), "images": (1, 10**12)}[kind]
    setting_controls.number_control(
        "Amount", "The run finishes after this amount.", low, high, kind != "minutes", f"{prefix}_{kind}"
    )
    return {kind: st.session_state[f"{prefix}_{kind}"]}
