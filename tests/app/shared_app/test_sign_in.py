"""Signing in to a shared app."""

import hmac
import time

import pytest

from facedemo.app import navigation
from facedemo.app.shared import accounts
from facedemo.runs import classroom
from facedemo.runs.run import list_runs
from tests.app.shared_app.conftest import CODE, app, labels, page_text, run_of


def test_nobody_sees_a_page_before_signing_in_whatever_its_address() -> None:
    run = run_of("Ada")
    for page, address in ((navigation.HOME, {}), (navigation.TRAIN, {"run": run.id}), (navigation.TEACHER, {})):
        test = app(page, **address).run()
        assert not test.exception
        assert [field.label for field in test.text_input] == ["Access code", "Nickname", "PIN"]
        assert "mine" not in page_text(test)


def test_the_access_code_and_a_pin_let_a_visitor_in() -> None:
    test = app().run()
    for field, value in zip(test.text_input, ("wrong", "Ada", "1234"), strict=True):
        field.set_value(value)
    test.button[0].click().run()
    assert "access code is wrong" in test.error[0].value
    test.text_input[0].set_value(CODE)
    test.button[0].click().run()
    assert not test.exception
    assert "Watch one learn" in labels(test)
    assert "Ada" in page_text(test)


def test_a_nickname_belongs_to_whoever_took_it_first() -> None:
    codes = {CODE: False}
    first = accounts.sign_in(CODE, "Ada", "1234", codes)
    assert accounts.sign_in(CODE, " ada ", "1234", codes).person == first.person
    with pytest.raises(accounts.SignInError, match="taken"):
        accounts.sign_in(CODE, "Ada", "4321", codes)
    for _ in range(accounts.MAX_FAILURES):
        with pytest.raises(accounts.SignInError):
            accounts.sign_in(CODE, "Ada", "0000", codes)
    with pytest.raises(accounts.SignInError, match="Too many"):
        accounts.sign_in(CODE, "Ada", "1234", codes)
    for name, pin in (("", "1234"), ("x" * 41, "1234"), ("new\n\0", "1234"), ("new", "123")):
        with pytest.raises(accounts.SignInError):
            accounts.sign_in(CODE, name, pin, codes)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"name": "Ada"}'])
def test_a_damaged_account_is_not_given_to_whoever_comes_next(content: str) -> None:
    visitor = accounts.sign_in(CODE, "Ada", "1234", {CODE: False})
    (classroom.people_root() / visitor.person / "account.json").write_text(content)
    for pin in ("1234", "4321"):
        with pytest.raises(accounts.SignInError, match="is damaged"):
            accounts.sign_in(CODE, "Ada", pin, {CODE: False})


@pytest.mark.parametrize("content", [b"", b"short", bytes(33)])
def test_a_damaged_key_is_made_anew_and_signs_nobody_in(content: bytes) -> None:
    visitor = accounts.sign_in(CODE, "Ada", "1234", {CODE: False})
    accounts.session_token(visitor)
    (classroom.people_root() / ".secret").write_bytes(content)
    text = f"{visitor.person}.1.{int(time.time()) + 60}"
    assert accounts.visitor_of(f"{text}.{hmac.new(content, text.encode(), 'sha256').hexdigest()}") is None
    assert accounts.visitor_of(accounts.session_token(visitor)) == visitor
    assert (classroom.people_root() / ".secret").stat().st_mode & 0o777 == 0o600


def test_a_session_token_is_good_for_its_visitor_and_cannot_be_forged(monkeypatch: pytest.MonkeyPatch) -> None:
    visitor = accounts.sign_in(CODE, "Ada", "1234", {CODE: False})
    token = accounts.session_token(visitor)
    assert accounts.visitor_of(token) == visitor
    person, _, expires, signed = token.split(".")
    for forged in (
        f"{person}.1.{expires}.{signed}",
        f"{person}.0.{int(expires) + 9}.{signed}",
        "",
        "a.b",
        token[:-1],
        "é",
    ):
        assert accounts.visitor_of(forged) is None
    monkeypatch.setattr(accounts, "SESSION_SECONDS", -1.0)
    assert accounts.visitor_of(accounts.session_token(visitor)) is None


def test_without_the_option_the_app_is_private(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FACEDEMO_SHARED")
    page = app().run()
    assert not page.exception
    assert "Watch one learn" in labels(page)
    assert list_runs() == []
