"""Compare: models side by side, races between families, and sweeps over γ."""

import streamlit as st

from facedemo.app.shared import url_state
from facedemo.app.shared.copy_link import copy_link
from facedemo.app.shared.segments import segments
from facedemo.app.views.compare import race_list, side_by_side
from facedemo.comparison.race import list_races

MODES = {"side": "Side by side", "race": "Race", "sweep": "γ sweep"}


def change_mode() -> None:
    url_state.outdate_address("compare")
    st.session_state.pop("compare_race", None)


st.title("Compare", anchor=False)
settings = {"mode": url_state.one_of(MODES, default="side")}
ignored = url_state.load_from_url(settings, page="compare")
mode = segments(
    "View",
    MODES,
    key="compare_mode",
    on_change=change_mode,
    hint="Side by side: existing models, generating from the same seeds. Race: several families trained on the same "
    "images under the same budget, live. γ sweep: several values of γ, as quality against diversity.",
)
if mode == "side":
    side_by_side.show_side_by_side(settings, ignored)
else:
    races = {race.id: race for race in list_races()}
    settings["race"] = url_state.QueryParam("", race_list.known_race(races), "there is no such race")
    ignored += url_state.load_from_url(settings, page="compare")
    race_list.show_races("sweep" if mode == "sweep" else "race", races, ignored)
    url_state.write_to_url(settings, page="compare")
    if st.session_state.compare_race:
        copy_link(f"The link opens this {mode}.")
