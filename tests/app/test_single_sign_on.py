"""Single sign-on: with a provider in a browser, and what its claims and its configuration lead to."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import oidc_provider_mock
import pytest
from oidc_provider_mock import User
from playwright.sync_api import Browser, Page, expect
from streamlit.runtime.secrets import Secrets

from facedemo.app.shared import single_sign_on
from facedemo.app.shared.accounts import person_of, person_of_subject
from facedemo.app.shared.single_sign_on import SingleSignOnError, check_configuration, visitor_of
from facedemo.config.schema import RunConfig
from facedemo.runs.run import create_run
from facedemo.storage.process_status import Status
from tests.app.conftest import free_port, in_a_browser, running_app

ADA = {"iss": "https://example.org", "sub": "1", "email": "ada@example.org", "email_verified": True, "name": "Ada"}
SECRETS = {
    "redirect_uri": "http://localhost:8501/oauth2callback",
    "cookie_secret": "0123456789abcdef",
    "client_id": "facedemo",
    "client_secret": "secret",
    "server_metadata_url": "http://localhost:1/.well-known/openid-configuration",
}


def section(**changes: str | None) -> str:
    settings = {name: value for name, value in (SECRETS | changes).items() if value is not None}
    return "\n".join(["[auth]", *(f'{name} = "{value}"' for name, value in settings.items())])


@pytest.fixture
def provider() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    lee = {"email": "ms.lee@example.org", "email_verified": True, "name": "Ms Lee"}
    forger = lee | {"email_verified": False, "name": "Forger"}
    users = [User(sub=str(number), claims=claims) for number, claims in enumerate(({"name": "Ada"}, lee, forger), 1)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
        with oidc_provider_mock.run_server_in_thread(user_claims=users) as server:
            yield f"http://localhost:{server.server_port}"


@pytest.fixture
def address(provider: str, tmp_path: Path) -> Iterator[str]:
    """A shared app whose visitors sign in at the provider."""
    port = free_port()
    redirect, metadata = f"http://localhost:{port}/oauth2callback", f"{provider}/.well-known/openid-configuration"
    (tmp_path / ".streamlit").mkdir()
    secrets = section(redirect_uri=redirect, server_metadata_url=metadata)
    (tmp_path / ".streamlit" / "secrets.toml").write_text(secrets, "utf8")
    arguments = ("-c", "from facedemo.cli import main; main()", "app", "--shared", "--port", str(port))
    with running_app(arguments, port, tmp_path, tmp_path, FACEDEMO_TEACHERS="Ms.Lee@example.org"):
        yield f"http://localhost:{port}"


def sign_in(browser: Browser, address: str, subject: str) -> Page:
    page = browser.new_context().new_page()
    page.goto(address)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name=subject, exact=True).click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    return page


@pytest.mark.slow
@in_a_browser
def test_visitors_sign_in_at_the_provider_each_to_a_workspace_of_their_own(
    page: Page, address: str, provider: str, tmp_path: Path
) -> None:
    browser = page.context.browser
    assert browser
    workspace = tmp_path / "runs" / "people" / person_of_subject(provider, "1")
    run = create_run(RunConfig(name="Ada's run"), workspace / "runs")
    run.write_status(Status("stopped"))
    link = f"{address}/train?run={run.id}"

    ada = sign_in(browser, address, "1")
    ada.goto(link)
    expect(ada.get_by_role("heading", name="Ada's run")).to_be_visible()
    expect(ada.get_by_role("link", name="Teacher")).to_have_count(0)

    forger = sign_in(browser, address, "3")
    forger.goto(link)
    expect(forger.get_by_text("No such run")).to_be_visible()
    expect(forger.get_by_text("Ada's run")).to_have_count(0)
    expect(forger.get_by_role("link", name="Teacher")).to_have_count(0)

    teacher = sign_in(browser, address, "2")
    expect(teacher.get_by_role("link", name="Teacher")).to_be_visible()

    ada.get_by_role("button", name="Sign out").click()
    ada.get_by_role("button", name="End session").click()
    ada.get_by_role("button", name="Sign in").click()
    ada.get_by_role("button", name="Deny").click()
    expect(ada.get_by_text("You are not signed in.")).to_be_visible()
    ada.goto(link)
    expect(ada.get_by_role("button", name="Sign in")).to_be_visible()
    expect(ada.get_by_text("Ada's run")).to_have_count(0)


def test_only_an_address_that_the_provider_vouches_for_makes_a_teacher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEDEMO_TEACHERS", "ms.lee@example.org, Ada@Example.org")
    assert visitor_of(ADA) == (person_of_subject("https://example.org", "1"), "Ada", True)
    for verified in (False, "false", "False"):
        assert not visitor_of(ADA | {"email_verified": verified}).teacher
    assert not visitor_of({"iss": "x", "sub": "ada@example.org"}).teacher
    assert visitor_of({"iss": "x", "sub": "2", "email": "ada@example.org"}).teacher, "a provider that does not say"


def test_a_workspace_belongs_to_a_user_of_a_provider_and_to_no_nickname() -> None:
    person = visitor_of(ADA).person
    assert visitor_of(ADA | {"email": "lovelace@example.org"}).person == person
    others = [ADA | {"sub": "2"}, ADA | {"iss": "https://example.com"}]
    assert len({person, *(visitor_of(other).person for other in others), person_of("https://example.org 1")}) == 4
    with pytest.raises(SingleSignOnError, match="lacks “sub”"):
        visitor_of({"email": "ada@example.org"})


@pytest.mark.parametrize("admitted", ["ada@example.org", "x@y.z, @Example.org"])
def test_only_the_visitors_that_are_named_are_admitted(monkeypatch: pytest.MonkeyPatch, admitted: str) -> None:
    monkeypatch.setenv("FACEDEMO_VISITORS", admitted)
    monkeypatch.setenv("FACEDEMO_TEACHERS", "lee@example.com")
    assert visitor_of(ADA).name == "Ada"
    assert visitor_of(ADA | {"email": "lee@example.com"}).teacher
    for other in (
        {"email": "eve@example.net"},
        {"email": "x@badexample.org"},
        {"email_verified": False},
        {"email": ""},
    ):
        with pytest.raises(SingleSignOnError, match="not admitted"):
            visitor_of(ADA | other)


@pytest.mark.parametrize(
    ("secrets", "base_path", "message"),
    [
        (section(), "", ""),
        (section(redirect_uri="https://x.org/faces/oauth2callback"), "/faces/", ""),
        (section(client_id=None, cookie_secret=None), "", "lacks cookie_secret, client_id"),
        ("[auth]", "", "lacks redirect_uri"),
        (section(redirect_uri="http://localhost:8501/"), "", "with /oauth2callback"),
        (section(), "faces", "with /faces/oauth2callback"),
        ("[auth", "", "cannot be read"),
    ],
)
def test_a_configuration_that_cannot_work_is_described(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secrets: str, base_path: str, message: str
) -> None:
    (tmp_path / "secrets.toml").write_text(secrets, "utf8")
    use_secrets(monkeypatch, tmp_path / "secrets.toml")
    if not message:
        assert single_sign_on.is_configured()
        check_configuration(base_path)
        with pytest.raises(SingleSignOnError, match="does not answer as expected"):
            single_sign_on.check_provider()
    else:
        with pytest.raises(SingleSignOnError, match=message):
            check_configuration(base_path)


def test_without_secrets_there_is_no_single_sign_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_secrets(monkeypatch, tmp_path / "secrets.toml")
    assert not single_sign_on.is_configured()


def use_secrets(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    secrets: Any = Secrets()
    monkeypatch.setattr(single_sign_on.st, "secrets", secrets)
    monkeypatch.setattr(single_sign_on.st, "get_option", lambda name: [str(path)])
    monkeypatch.setattr("streamlit.runtime.secrets.config.get_option", lambda name: [str(path)])
