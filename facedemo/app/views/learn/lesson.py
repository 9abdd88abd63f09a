"""What every lesson has: an idea, a question, something to try, and a page that continues the idea."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from facedemo.app.shared.url_state import QueryParam


@dataclass(frozen=True)
class Question:
    """A question that the learner answers before the lesson shows what happens.

    right: the index of the right one of `options`.  because: explains the right answer; shown after any answer.
    """

    text: str
    options: Sequence[str]
    right: int
    because: str


@dataclass(frozen=True)
class Lesson:
    """A lesson of a few minutes.

    name: for the address.  idea: about four sentences in Markdown.  show: draws what there is to try; its argument says
    whether the question has been answered.  page, link: the page that continues the idea, and the words of the link.
    query: what of that page is opened, by name in its address.  settings: by name in the address, what a link can set.
    hidden: there is nothing to try before the answer.
    """

    name: str
    title: str
    idea: str
    question: Question
    show: Callable[[bool], None]
    page: Path
    link: str
    settings: Mapping[str, QueryParam] = field(default_factory=dict)
    hidden: bool = False
    query: Mapping[str, str] = field(default_factory=dict)


def ask(lesson: Lesson) -> bool:
    """Asks the lesson's question; returns whether it has been answered. Only the session keeps the answer."""
    question = lesson.question
    st.header("What do you expect?", anchor=False)
    choice = st.radio(
        question.text,
        question.options,
        index=None,
        key=f"learn_{lesson.name}_choice",
        persist_state="session",
        help="Choose an answer before you look. It is kept only until you close the page.",
    )
    if choice is None:
        st.caption("Choose an answer, and the lesson shows what happens.")
    elif choice == question.options[question.right]:
        st.success(question.because, title="That is right", icon=":material/check:")
    else:
        st.info(question.because, title=f"Answer: {question.options[question.right]}", icon=":material/lightbulb:")
    return choice is not None
