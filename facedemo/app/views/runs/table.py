"""The table of runs, with multiple selection."""

from collections.abc import Callable, Collection, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

import streamlit as st

from facedemo.app.shared.format import duration
from facedemo.runs import queue
from facedemo.runs.queue import Wait
from facedemo.runs.summary import Facts

ROWS = 10  # shown at once
ROW_HEIGHT = 35  # pixels
NUMBER, TEXT = st.column_config.NumberColumn, st.column_config.TextColumn
COLUMNS = {
    "Name": TEXT("Name", help="The run's name, or else its directory.", width="medium", pinned=True),
    "State": TEXT("State", help="The run's status, and its position in the queue with the expected wait.", width=80),
    "Family": TEXT("Family", help="The GAN family.", width=70),
    "Size": NUMBER("Size", help="Side of the images, in pixels.", width=60),
    "γ": NUMBER("γ", help="The current diversity ratio, for families that have one.", format="%.3g", width=60),
    "Iterations": NUMBER("Iterations", help="Training iterations so far.", format="localized", width=90),
    "Images": NUMBER("Images", help="Real images seen so far.", format="localized", width=90),
    "Minutes": NUMBER("Minutes", help="Training time, without pauses.", format="%.1f", width=80),
    "Images/s": NUMBER("Images/s", help="Current speed of the training; after it, the mean.", format="%.0f", width=80),
    "Last": TEXT(
        "Last",
        help="Latest progress metric: M, BEGAN's convergence measure (lower is better), or W, WGAN's estimate of the "
        "distance between generated and real images. DCGAN has no such metric.",
        width=80,
    ),
    "Started": TEXT("Started", help="Start time, taken from the directory's name.", width=130),
    "Notes": TEXT("Notes", help="The beginning of the run's notes.", width="medium"),
}


def run_table(facts_of_runs: Sequence[Facts], chosen: Collection[str], on_choose: Callable[[list[str]], None]) -> None:
    """Shows the table.  chosen: directories of the selected runs.  on_choose: called with a new selection."""
    ids = [facts.run.id for facts in facts_of_runs]
    # rows are selected by number, so another list needs another key: otherwise other runs would become selected
    key = f"runs_table_{blake2b('/'.join(ids).encode(), digest_size=8).hexdigest()}"
    rows = [row for row, run_id in enumerate(ids) if run_id in chosen]
    if key not in st.session_state or st.session_state[key]["selection"]["rows"] != rows:
        st.session_state[key] = {"selection": {"rows": rows, "columns": [], "cells": []}}
    waits = queue.waits() if any(facts.status.state == "waiting" for facts in facts_of_runs) else {}
    cells = [row(facts, waits) for facts in facts_of_runs]
    count = f"{len(cells)} run{'' if len(cells) == 1 else 's'}"
    st.dataframe(
        {name: [cell[name] for cell in cells] for name in COLUMNS},
        hide_index=True,
        column_config=COLUMNS,
        height=ROW_HEIGHT * (min(len(facts_of_runs), ROWS) + 1) + 2,
        row_height=ROW_HEIGHT,
        placeholder="",
        key=key,
        on_select=lambda: on_choose([ids[row] for row in st.session_state[key]["selection"]["rows"] if row < len(ids)]),
        alt=f"Table of {count}. Shift+Space selects the row of a cell.",
    )


def state_text(facts: Facts, waits: Mapping[Path, Wait]) -> str:
    wait = waits.get(facts.run.path.resolve())
    if wait is None or facts.status.state != "waiting":
        return facts.status.state
    return f"waiting, number {wait.position}" + ("" if wait.seconds is None else f", {duration(wait.seconds)}")


def row(facts: Facts, waits: Mapping[Path, Wait]) -> dict[str, str | float | None]:
    status = facts.status
    return {
        "Name": facts.name,
        "State": state_text(facts, waits),
        "Family": facts.family or "damaged",
        "Size": facts.size,
        "γ": facts.gamma,
        "Iterations": status.step,
        "Images": status.images,
        "Minutes": status.seconds / 60,
        "Images/s": status.images_per_second or None,
        "Last": facts.measure,
        "Started": facts.started,
        "Notes": " ".join(facts.notes.split())[:80],
    }
