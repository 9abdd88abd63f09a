"""The app's entry point: `streamlit run app.py`."""

import streamlit as st
from streamlit.elements import spinner
from streamlit.navigation.page import StreamlitPage

from facedemo.app import navigation
from facedemo.app.components.keep_focus import keep_focus
from facedemo.app.components.keep_hover import keep_hover
from facedemo.app.components.keyboard import keyboard
from facedemo.app.components.page_history import page_history
from facedemo.app.shared import sign_in
from facedemo.app.shared.cached_work import PATIENCE
from facedemo.data import personal
from facedemo.runs import classroom

STEP_TITLE = "One step"
# Streamlit writes chosen options and the values of sliders in the primary colour, too dark for small text on a dark
# background, and code in captions in a pale green. Charts keep the colours of the theme in which they were drawn.
READABLE = """<style>
button:is([data-variant="segmented_control"], [data-variant="pills"])[data-selected],
div[data-testid="stSliderThumbValue"],
div[data-testid="stCaptionContainer"] code { color: inherit !important; }
button[data-variant="segmented_control"][data-selected] p { font-weight: 600; }
.js-plotly-plot text { fill: currentColor !important; fill-opacity: 0.75 !important; }
</style>"""
# A browser learns a picture's height when it loads it, and then moves all that is below, away from under the pointer.
# Most pictures are square, so that place is kept for them.
PICTURES = """<style>[data-testid="stImage"] img { aspect-ratio: auto 1; }</style>"""
# By default, the focus is a faint shade, and in a narrow window it goes through the links of the closed menu, unseen.
# Streamlit defines its colours for components only; this one has a contrast of 4:1 with both backgrounds.
KEYBOARD = """<style>
:root { --accent: #1b8a81; }
:is(a, button, summary, [role="radio"]):focus-visible,
label:has(input:is([type="radio"], [type="checkbox"]):focus-visible),
[data-testid="stSlider"] div[style*="translate"]:has(input:focus-visible) {
  outline: 3px solid var(--accent) !important;
  outline-offset: 2px;
}
:is([data-testid="stNumberInputContainer"], [data-testid^="stText"][data-testid$="RootElement"],
:is([data-testid="stSelectbox"], [data-testid="stMultiSelect"]) [role="group"][data-rac]):has(:focus-visible) {
  box-shadow: 0 0 0 2px var(--accent) !important;
}
[data-testid="stMain"]:focus-visible::before { box-shadow: inset 0 0 0 3px var(--accent) !important; }
[data-testid="stElementToolbar"]:has(:focus-visible) { opacity: 1 !important; }  /* by itself only below the pointer */
@media (max-width: 640px) {
  [data-testid="stTooltipContent"] { max-width: calc(100vw - 2rem) !important; }  /* otherwise, it breaks words */
  /* long labels wrap */
  :is([data-testid^="stBaseButton"], [data-testid="stMetricLabel"]) :is([data-testid="stMarkdownContainer"], p) {
    white-space: normal !important;
    text-align: start;
  }
}
[data-testid="stRadioGroup"] label { outline-offset: -2px !important; }  /* answers lie close to each other */
[data-testid="stRadioGroup"] label:has(:focus-visible) { background: none !important; }
section[data-testid="stSidebar"][data-collapsed="true"] { visibility: hidden; }
button[data-testid="stExpandSidebarButton"] { width: auto; gap: 0.25rem; padding-right: 0.5rem; }
button[data-testid="stExpandSidebarButton"]::after { content: "Pages"; }
[data-testid="stElementContainer"]:has(:focus-visible) .stTooltipIcon button[tabindex="-1"]:not(:focus)::after {
  content: "F1";
  font-size: 0.75rem;
  padding-left: 0.25rem;
}
</style>"""


@st.cache_data(ttl=3600, show_spinner=False)  # in seconds: for a text, Streamlit imports pandas first
def expire_personal_data() -> None:
    personal.expire()
    if sign_in.is_app_shared():
        classroom.remove_old_runs()


def main() -> None:
    st.set_page_config(page_title="facedemo", page_icon="🙂", layout="wide")
    spinner.DELAY_SECS = PATIENCE  # by itself, half a second

    sign_in.install()
    st.html(READABLE)
    st.html(PICTURES)
    st.html(KEYBOARD)
    expire_personal_data()
    if (problem := sign_in.refusal()) is not None:
        st.navigation(pages(), position="hidden")  # so that the address remains that of a link to a page
        sign_in.ask(problem)
    page = st.navigation(pages(), position="top")
    st.set_page_config(page_title=f"{page.title} · facedemo")
    if page.title != STEP_TITLE:
        st.session_state.pop("step_playing", None)  # steps do not play on by themselves when it is opened again
    sign_in.account_controls()
    page.run()
    with st.container(gap=None):  # last, because they take some room
        page_history()
        keyboard()
        keep_focus()
        keep_hover()  # it has to know where the pointer is before there is a chart


def pages() -> list[StreamlitPage]:
    """The pages that the current visitor may open."""
    offered = [
        st.Page(navigation.HOME, title="Home", icon=":material/home:", default=True),
        st.Page(navigation.LEARN, title="Learn", icon=":material/school:"),
        st.Page(navigation.GENERATE, title="Generate", icon=":material/grid_view:"),
        st.Page(navigation.INTERPOLATE, title="Interpolate", icon=":material/animation:"),
        st.Page(navigation.INSIDE, title="Inside", icon=":material/visibility:"),
        st.Page(navigation.STEP, title=STEP_TITLE, icon=":material/slow_motion_video:"),
        st.Page(navigation.VERIFY, title="Verify", icon=":material/fact_check:"),
        st.Page(navigation.COMPARE, title="Compare", icon=":material/compare:"),
        st.Page(navigation.TRAIN, title="Train", icon=":material/model_training:"),
        st.Page(navigation.RUNS, title="Runs", icon=":material/folder_open:"),
    ]
    if (visitor := sign_in.current()) and visitor.teacher:
        offered.append(st.Page(navigation.TEACHER, title="Teacher", icon=":material/supervisor_account:"))
    return offered
