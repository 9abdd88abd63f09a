"""Signing in to a shared app: by Streamlit's OpenID Connect if it is configured, else by access code and nickname."""

import os
import sys
from typing import NoReturn

import streamlit as st

from facedemo.app.components.preload import preload
from facedemo.app.components.session_cookie import COOKIE, set_session_cookie
from facedemo.app.shared import accounts, single_sign_on
from facedemo.app.shared.accounts import SignInError, Visitor
from facedemo.app.shared.markdown import escaped
from facedemo.app.shared.single_sign_on import SingleSignOnError
from facedemo.runs import classroom
from facedemo.runs.directory import ProcessDirectory, RunError, allow_any
from facedemo.storage.locations import Workspace, use_workspaces

KEY, SIGNED_OUT, FAILED, BROWSER = "visitor", "signed_out", "sign_in_failed", "browser"


def is_app_shared() -> bool:
    return os.environ.get("FACEDEMO_SHARED", "").lower() in ("1", "true", "yes")


def install() -> None:
    """Gives every visitor a workspace of their own, and holds trainings to the rules of the class."""
    shared = is_app_shared()
    use_workspaces(current_workspace if shared else None)
    ProcessDirectory.check_launch = staticmethod(classroom.check_launch if shared else allow_any)


def current() -> Visitor | None:
    """The visitor whose page runs in this thread."""
    return st.session_state.get(KEY)


def current_workspace() -> Workspace:
    if (visitor := current()) is None:
        raise RunError("Sign in first.")
    return classroom.workspace_of(visitor.person, visitor.teacher)


def refusal() -> str | None:
    """None if the visitor is signed in or the app is not shared; otherwise what prevents it, "" if nothing is known."""
    if not is_app_shared():
        return None
    try:
        if (visitor := current()) is None or not accounts.has_workspace(visitor):
            st.session_state[KEY] = known_visitor()
    except SingleSignOnError as error:
        return str(error)
    return "" if current() is None else None


def ask(problem: str) -> NoReturn:
    """Shows the page for signing in, and nothing else.  problem: as `refusal` says."""
    st.title("facedemo", anchor=False)
    if problem:
        st.error(escaped(problem))
    if not problem and not single_sign_on.is_configured():
        code_form()
    elif is_logged_in():
        st.button("Sign out", type="primary", on_click=sign_out, help="Sign out, to use another account.")
    elif not problem:
        single_sign_on_button()
    preload()
    st.stop()


def known_visitor() -> Visitor | None:
    """The visitor as the browser's cookie says.  Raises SingleSignOnError if that cannot work."""
    if single_sign_on.is_configured():
        single_sign_on.check_configuration(st.get_option("server.baseUrlPath"))
        return accounts.register(single_sign_on.visitor_of(st.user.to_dict())) if is_logged_in() else None
    token = st.context.cookies.get(COOKIE)
    if not isinstance(token, str) or st.session_state.get(SIGNED_OUT):
        return None
    return accounts.visitor_of(token)


def is_logged_in() -> bool:
    """Whether single sign-on knows the user of this browser."""
    return bool(getattr(st.user, "is_logged_in", False))


def single_sign_on_button() -> None:
    state = st.session_state
    cookie = state.setdefault(BROWSER, st.context.cookies.get(COOKIE) or accounts.new_code())
    set_session_cookie(cookie)
    failed = state.setdefault(FAILED, single_sign_on.has_failed(cookie))
    st.write("Sign in to train models of your own.")
    if st.button("Sign in", type="primary", help="With the account of your institution."):
        try:
            single_sign_on.check_provider()
        except SingleSignOnError as error:
            st.error(escaped(error))
            return
        single_sign_on.note_attempt(cookie)
        st.login()
    elif failed:
        st.warning("You are not signed in. Try again. If that fails, the reason is in the log of the app.")


@st.cache_resource(show_spinner=False)
def codes() -> dict[str, bool]:
    """The access codes of this start, each with whether it is the teacher's; printed if they were not set."""
    codes_by_role = {}
    for name, teacher in (("ACCESS_CODE", False), ("TEACHER_CODE", True)):
        code = os.environ.get(f"FACEDEMO_{name}") or accounts.new_code()
        if not os.environ.get(f"FACEDEMO_{name}"):
            print(f"{'Teacher' if teacher else 'Access'} code: {code}", file=sys.stderr, flush=True)
        codes_by_role[code] = teacher
    return codes_by_role


def code_form() -> None:
    if st.session_state.get(SIGNED_OUT):
        set_session_cookie("")
    st.markdown(
        "Enter the access code that your teacher gives you, and a nickname and a PIN that you choose at your first "
        "visit. Use the same ones next time to find your models again.",
        width=420,
    )
    with st.form("sign_in", width=420):
        code = st.text_input("Access code", type="password", help="The code that your teacher gives you.")
        nickname = st.text_input("Nickname", max_chars=accounts.MAX_NAME, help="The name that others see.")
        pin = st.text_input(
            "PIN", type="password", help="Choose one at your first visit. It keeps others from using your nickname."
        )
        if st.form_submit_button("Sign in", type="primary"):
            try:
                st.session_state[KEY] = accounts.sign_in(code, nickname, pin, codes())
            except SignInError as error:
                st.error(escaped(error))
            else:
                st.session_state.pop(SIGNED_OUT, None)
                st.rerun()


def account_controls() -> None:
    """Who is signed in, and a button to sign out; it also keeps the visitor signed in after a reload."""
    visitor = current()
    if visitor is None:
        return
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        if not is_logged_in():
            if "session_token" not in st.session_state:
                st.session_state.session_token = accounts.session_token(visitor)
            set_session_cookie(st.session_state.session_token)
        st.caption(f"{escaped(visitor.name)}{' (teacher)' if visitor.teacher else ''}", width="content")
        st.button("Sign out", type="tertiary", on_click=sign_out, help="Sign out in this browser.", key="sign_out")


def sign_out() -> None:
    if is_logged_in():
        st.logout()
    st.session_state.clear()
    st.session_state[SIGNED_OUT] = True
