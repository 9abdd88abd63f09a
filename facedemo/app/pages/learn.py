"""Learn: lessons of a few minutes, each with one idea, a question, and something to try."""

import streamlit as st

from facedemo.app.components.status_line import status_line
from facedemo.app.shared import url_state
from facedemo.app.shared.copy_link import copy_link
from facedemo.app.shared.markdown import escaped
from facedemo.app.shared.whole_cards import WHOLE_CARDS
from facedemo.app.views.learn import balance, copying, equations, failing, families, lying, numbers, players
from facedemo.app.views.learn.lesson import Lesson, ask

LESSONS = {
    lesson.name: lesson
    for lesson in (
        numbers.LESSON,
        players.LESSON,
        balance.LESSON,
        equations.LESSON,
        failing.LESSON,
        lying.LESSON,
        families.LESSON,
        copying.LESSON,
    )
}
OVERVIEW = "all"
ANY_SHAPE = """<style>[data-testid="stImage"] img { aspect-ratio: auto; }</style>"""  # also rows of pictures


def open_lesson(name: str) -> None:
    st.session_state.learn_lesson = name


def overview() -> None:
    st.title("Learn", anchor=False)
    st.markdown(
        "Eight lessons of three to five minutes explain what a generative adversarial network is. Every lesson has one "
        "idea, a question to answer before you look, and something to try.",
        width=800,
    )
    st.html(WHOLE_CARDS)
    with st.grid(3, min_column_width=280):
        for number, lesson in enumerate(LESSONS.values(), 1):
            with st.container(border=True, gap="xsmall", height="stretch", key=f"card-{lesson.name}"):
                hint = f"Open lesson {number}."
                st.button(
                    f"{number}. {lesson.title}",
                    type="tertiary",
                    on_click=open_lesson,
                    args=(lesson.name,),
                    help=hint,
                    key=f"learn_open_{lesson.name}",
                )
                st.caption(lesson.idea.split(". ")[0] + ".")


def show_lesson(lesson: Lesson) -> None:
    names = list(LESSONS)
    number = names.index(lesson.name)
    st.button(
        "All lessons",
        icon=":material/arrow_back:",
        type="tertiary",
        on_click=open_lesson,
        args=(OVERVIEW,),
        help="Back to the list of lessons.",
        key="learn_all",
    )
    status_line(f"Lesson {number + 1} of {len(names)}", "", focus=lesson.name, key="learn_line")
    st.title(f"{number + 1}. {lesson.title}", anchor=False)
    st.markdown(lesson.idea, width=800)
    answered = ask(lesson)
    with st.container():  # so that an answer leaves the buttons below, and the focus on them, where they are
        if answered or not lesson.hidden:
            st.header("Try it", anchor=False)
            try:
                lesson.show(answered)
            except (ValueError, OSError) as error:  # a damaged model, or one without what the lesson needs
                st.error(escaped(error), title="This lesson has nothing to try now")
    st.divider()
    with st.container(horizontal=True, vertical_alignment="center"):
        hint = "Open the page that continues this idea."
        if st.button(lesson.link, icon=":material/arrow_forward:", help=hint, key="learn_onward"):
            st.switch_page(lesson.page, query_params=lesson.query)
        if number + 1 < len(names):
            following = LESSONS[names[number + 1]]
            st.button(
                f"Next lesson: {following.title}",
                type="primary",
                on_click=open_lesson,
                args=(following.name,),
                help="Open the next lesson.",
                key="learn_next",
            )
    copy_link("The link opens this lesson" + (" with these settings." if lesson.settings else "."))


settings = {"lesson": url_state.one_of([OVERVIEW, *LESSONS], default=OVERVIEW)}
ignored = url_state.load_from_url(settings, page="learn")
chosen = st.session_state.learn_lesson
if chosen != OVERVIEW:
    settings |= LESSONS[chosen].settings
    ignored += url_state.load_from_url(LESSONS[chosen].settings, page="learn")
if ignored:
    st.warning(f"Not used: {', '.join(ignored)}.", icon=":material/link_off:")
url_state.write_to_url(settings, page="learn")
if chosen == OVERVIEW:
    overview()
else:
    st.html(ANY_SHAPE)
    show_lesson(LESSONS[chosen])
