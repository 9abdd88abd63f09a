"""Single sign-on of a shared app, by Streamlit's OpenID Connect: whether it is set up, and who has signed in."""

import importlib.util
import json
import os
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

from facedemo.app.shared.accounts import Visitor, person_of_subject

REQUIRED = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
CALLBACK = "oauth2callback"
ATTEMPT_SECONDS, PROVIDER_SECONDS = 600.0, 5.0

_attempts: dict[str, float] = {}  # browser → when it was sent to the provider


class SingleSignOnError(ValueError):
    """Single sign-on cannot work, or does not admit somebody; the message is for users."""


def configuration() -> Mapping[str, Any] | None:
    """The section [auth] of Streamlit's secrets; None if there is none.

    Raises SingleSignOnError if the secrets cannot be read, because codes must not replace a sign-on that is meant.
    """
    try:
        return st.secrets.to_dict().get("auth")
    except StreamlitSecretNotFoundError as error:
        if any(Path(path).exists() for path in st.get_option("secrets.files")):
            raise SingleSignOnError(f"Streamlit's secrets cannot be read. {error}") from error
        return None


def is_configured() -> bool:
    return configuration() is not None


def check_configuration(base_path: str) -> None:
    """Raises SingleSignOnError, with what to do, if the section [auth] cannot work.

    base_path: the path of the app behind a reverse proxy, or "".
    """
    auth = configuration() or {}
    if missing := [name for name in REQUIRED if not auth.get(name)]:
        raise SingleSignOnError(
            f"The section [auth] of Streamlit's secrets lacks {', '.join(missing)}. Add them there."
        )
    path = "".join(f"/{part}" for part in (base_path.strip("/"), CALLBACK) if part)
    if not str(auth["redirect_uri"]).endswith(path):
        raise SingleSignOnError(
            f"The redirect_uri in the section [auth] of Streamlit's secrets must be the app's address with {path}."
        )
    if not all(importlib.util.find_spec(name) for name in ("authlib", "httpx")):
        raise SingleSignOnError("Single sign-on needs further packages. Install them with `uv sync --extra oidc`.")


def check_provider() -> None:
    """Raises SingleSignOnError if the provider's description cannot be read at its address."""
    address = str((configuration() or {}).get("server_metadata_url", ""))
    try:
        with urllib.request.urlopen(address, timeout=PROVIDER_SECONDS) as answer:
            json.load(answer)["authorization_endpoint"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SingleSignOnError(
            f"The provider of single sign-on does not answer as expected at {address}, the server_metadata_url in "
            f"Streamlit's secrets ({type(error).__name__}: {error})."
        ) from error


def note_attempt(browser: str) -> None:
    """Remembers that a browser is sent to the provider.  browser: names it."""
    _attempts[browser] = time.monotonic()


def has_failed(browser: str) -> bool:
    """Whether a browser has come back from the provider without a user; true once for each attempt."""
    began = _attempts.pop(browser, None)
    return began is not None and time.monotonic() - began < ATTEMPT_SECONDS


def visitor_of(user: Mapping[str, Any]) -> Visitor:
    """The visitor that a provider's claims describe.

    A workspace belongs to the provider's own name of a user, because an address can be given to somebody else. An
    address that the provider does not vouch for (`email_verified` is false) makes nobody a teacher, and admits nobody.
    Raises SingleSignOnError if FACEDEMO_VISITORS does not admit the user.
    """
    if not user.get("sub"):
        raise SingleSignOnError("The provider of single sign-on does not say who you are: its answer lacks “sub”.")
    verified = str(user.get("email_verified", True)).lower() not in ("false", "0")
    email = str(user.get("email") or "").strip().casefold() if verified else ""
    teacher = email in addresses("FACEDEMO_TEACHERS")
    if not (teacher or is_admitted(email)):
        who = email or "An account without a verified e-mail address"
        raise SingleSignOnError(f"{who} is not admitted here. Sign in with another account, or ask your teacher.")
    name = str(user.get("name") or email or user["sub"])
    return Visitor(person_of_subject(str(user.get("iss")), str(user["sub"])), name, teacher)


def is_admitted(email: str) -> bool:
    """Whether FACEDEMO_VISITORS is empty, or names this address or its domain, such as @example.org."""
    admitted = addresses("FACEDEMO_VISITORS")
    return not admitted or (email != "" and not admitted.isdisjoint({email, "@" + email.rpartition("@")[2]}))


def addresses(variable: str) -> set[str]:
    names = (name.strip().casefold() for name in os.environ.get(variable, "").split(","))
    return {name for name in names if name}
