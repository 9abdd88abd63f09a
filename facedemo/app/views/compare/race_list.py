"""Races and sweeps: the form for a new one, the list of earlier ones, and the one that is open."""

from collections.abc import Callable, Mapping

import streamlit as st

from facedemo.app import navigation
from facedemo.app.shared import trash_controls
from facedemo.app.shared.markdown import escaped
from facedemo.app.shared.paged_list import paged_list
from facedemo.app.shared.run_controls import activity, badge
from facedemo.app.views.compare import race_form, race_view
from facedemo.comparison.race import Kind, Plan, Race, deleted_races
from facedemo.evaluation.report import percent
from facedemo.runs.directory import RunError
from facedemo.runs.summary import holds
from facedemo.storage.process_status import Status

READY_MADE: dict[Kind, tuple[int, str]] = {"sweep": (3, "balance"), "race": (7, "families")}  # lesson: number, name


def known_race(races: Mapping[str, Race]) -> Callable[[str], str]:
    """Parses the name of a race in an address; raises ValueError if there is no such race."""

    def parse(text: str) -> str:
        if text and text not in races:
            raise ValueError(text)
        return text

    return parse


def open_race(race_id: str) -> None:
    st.session_state.compare_race = race_id


def plan_of(race: Race) -> Plan | None:
    try:
        return race.plan
    except RunError:
        return None


def show_races(kind: Kind, races: Mapping[str, Race], ignored: list[str]) -> None:
    """The open race, or else a form for a new one beside the earlier ones.  kind: as `Plan.kind`."""
    if ignored:
        st.warning(f"Not used: {', '.join(ignored)}.", icon=":material/link_off:")
    if chosen := st.session_state.compare_race:
        hint = f"Show the form for a new {kind} and the earlier ones."
        icon = ":material/arrow_back:"
        st.button(f"All {kind}s", icon=icon, on_click=open_race, args=("",), help=hint)
        race_view.show_race(races[chosen])
        return
    active = [race for race in races.values() if race.status.active]
    for race in active:
        with st.container(horizontal=True, vertical_alignment="center"):
            sentence = activity(race.path, race.status, "is running")
            st.markdown(f"**{escaped(race.name)}** {sentence}", width="content")
            hint = "Show faces, losses and detection rate, live."
            st.button(
                "Watch",
                on_click=open_race,
                args=(race.id,),
                icon=":material/monitoring:",
                help=hint,
                key=f"watch_{race.id}",
            )
    left, right = st.columns([3, 2], gap="large")
    with right:
        earlier(kind, races)
    with left, st.spinner("Loading…", show_time=False):
        race_form.show_race_form(kind, bool(active), open_race)


def earlier(kind: Kind, races: Mapping[str, Race]) -> None:
    """Earlier races of this kind, newest first; damaged ones are listed under both kinds."""
    st.header(f"{kind.capitalize()}s", anchor=False)
    trash_controls.outcome()
    races_and_plans = [(race, plan_of(race)) for race in races.values()]
    races_and_plans = [(race, plan) for race, plan in races_and_plans if plan is None or plan.kind == kind]
    if not races_and_plans:
        st.caption(
            f"There are no {kind}s yet. Every {kind} is listed here, so that you can open it again without training."
        )
        number, lesson = READY_MADE[kind]
        hint = "Open the lesson, which plays one that was recorded earlier."
        if st.button(f"See a recorded {kind} in lesson {number}", icon=":material/school:", type="tertiary", help=hint):
            st.switch_page(navigation.LEARN, query_params={"lesson": lesson})
    hint = f"Show only {kind}s whose models, directory, images, budget or state contain all of these words."
    paged_list(races_and_plans, lambda item, search: fits(*item, search), lambda item: card(*item), kind, hint)
    trash_controls.deleted(deleted_races(), "races")


def fits(race: Race, plan: Plan | None, search: str) -> bool:
    return holds(search, race.name, race.id, plan.about if plan else "damaged", race.status.state)


def card(race: Race, plan: Plan | None) -> None:
    status = race.status
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{escaped(race.name)}**", width="content")
            badge(status if plan else Status(state="damaged"))
        if plan is None:
            st.caption("Its race.json is damaged. The models that it trained are still among the runs.")
        else:
            stamp = race.id
            st.caption(
                f"{escaped(plan.about)} · created {stamp[:10]} {stamp[11:13]}:{stamp[13:15]} · "
                f"{percent(status.progress, 0)}"
            )
        with st.container(horizontal=True):
            if plan:
                hint = "Show faces, curves and the table, and download a report."
                card_button(race, "Open", open_race, race.id, hint)
            hint = "Move it to the deleted races below. The models that it trained stay among the runs."
            in_progress = status.active and status.state != "waiting"
            hint = "Stop it before you delete it." if in_progress else hint
            card_button(race, "Delete", trash_controls.delete, [race], hint, disabled=in_progress)


def card_button(
    race: Race, label: str, on_click: Callable[..., None], what: object, hint: str, disabled: bool = False
) -> None:
    key = f"{label}_{race.id}"
    st.button(label, on_click=on_click, args=(what,), type="tertiary", help=hint, disabled=disabled, key=key)
