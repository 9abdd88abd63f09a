"""What the pages show of runs, including which of them wait for their turn in a race."""

from dataclasses import replace

import streamlit as st

from facedemo.app import navigation
from facedemo.comparison.race import Race, upcoming_entrants
from facedemo.runs import summary
from facedemo.runs.run import Run, list_runs
from facedemo.runs.summary import Facts
from facedemo.storage.process_status import Status


def all_facts() -> list[Facts]:
    """The facts of all runs, newest first."""
    races = upcoming_entrants()
    facts_of_runs = [summary.run_facts(run) for run in list_runs()]
    return [with_race(facts, race) if (race := races.get(facts.run.id)) else facts for facts in facts_of_runs]


def with_race(facts: Facts, race: Race) -> Facts:
    return replace(facts, status=waiting_in(race, facts.status), race=race.id)


def race_of(run: Run) -> Race | None:
    """The race in progress that will train a run; None if there is none."""
    return upcoming_entrants(run.path.parent).get(run.id)


def waiting_in(race: Race, status: Status) -> Status:
    """The status, as pages show it, of an entrant whose turn has not come."""
    return replace(status, state="waiting", message=f"Waits for its turn in the race “{race.name}”.")


def race_button(race_id: str, key: str) -> None:
    """Opens a race on Compare."""
    hint = "Open the race, which trains this model when its turn comes. To delete the model, stop the race first."
    if st.button("Open the race", icon=":material/flag:", help=hint, key=key):
        kind = "sweep" if "-sweep-" in race_id else "race"
        st.switch_page(navigation.COMPARE, query_params={"mode": kind, "race": race_id})
