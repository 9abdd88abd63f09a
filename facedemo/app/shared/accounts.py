"""Accounts of a shared app without single sign-on: an access code for all, and a nickname with a PIN for each.

Imports no Streamlit.
"""

import hashlib
import hmac
import json
import secrets
import threading
import time
import unicodedata
from pathlib import Path
from typing import NamedTuple

from facedemo.runs.classroom import ACCOUNT, people_root
from facedemo.storage.atomic import read_object, replace_file, replacing

CODE_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # without those that are mistaken for others
MIN_PIN, MAX_NAME = 4, 40
MAX_FAILURES, FAILURE_SECONDS = 10, 900.0  # a nickname is locked for this long after that many wrong PINs
SESSION_SECONDS = 24 * 3600.0
KEY_BYTES = 32

_failures: dict[str, list[float]] = {}
_lock = threading.Lock()


class SignInError(ValueError):
    """A sign-in failed; the message is for users."""


class Visitor(NamedTuple):
    """Somebody who is signed in.  person: names the workspace."""

    person: str
    name: str
    teacher: bool


def new_code() -> str:
    """A random access code of 40 bits, such as "k7mpwx3q"."""
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(8))


def person_of(nickname: str) -> str:
    """The name of the workspace that belongs to a nickname."""
    plain = unicodedata.normalize("NFKC", nickname).casefold().strip()
    return hashlib.blake2b(plain.encode(), digest_size=8).hexdigest()


def person_of_subject(issuer: str, subject: str) -> str:
    """The name of the workspace of a user of single sign-on; no nickname has the same one, as none has a line break."""
    return hashlib.blake2b(f"{issuer}\n{subject}".encode(), digest_size=8).hexdigest()


def register(visitor: Visitor, **more: str) -> Visitor:
    """Makes sure that a visitor has a workspace."""
    folder = people_root() / visitor.person
    folder.mkdir(parents=True, exist_ok=True)
    account = read_object(folder / ACCOUNT) | {"name": visitor.name} | more
    replace_file(folder / ACCOUNT, json.dumps(account, ensure_ascii=False) + "\n")
    return visitor


def has_workspace(visitor: Visitor) -> bool:
    """Whether a visitor is still registered: a teacher may have removed the workspace meanwhile."""
    return (people_root() / visitor.person / ACCOUNT).exists()


def sign_in(code: str, nickname: str, pin: str, codes: dict[str, bool]) -> Visitor:
    """The visitor with this nickname, who is registered with this PIN if the nickname is new.

    codes: the valid access codes, each with whether it is a teacher's.  Raises SignInError if the code or the PIN is
    wrong, or the nickname or a new PIN is unusable.
    """
    nickname = " ".join(nickname.split())
    matching = [
        teacher
        for valid_code, teacher in codes.items()
        if hmac.compare_digest(valid_code.encode(), code.strip().encode())
    ]
    if not matching:
        raise SignInError("The access code is wrong. Ask your teacher for it.")
    if not 1 <= len(nickname) <= MAX_NAME or not nickname.isprintable():
        raise SignInError(f"Choose a nickname of 1 to {MAX_NAME} characters.")
    if len(pin) < MIN_PIN:
        raise SignInError(
            f"Choose a PIN of at least {MIN_PIN} characters, which keeps others from using your nickname."
        )
    visitor = Visitor(person_of(nickname), nickname, matching[0])
    with _lock:
        check_pin(visitor, pin)
    return visitor


def check_pin(visitor: Visitor, pin: str) -> None:
    """Registers a new nickname; raises SignInError if it has another PIN, or has had too many wrong ones."""
    path = people_root() / visitor.person / ACCOUNT
    account = read_object(path)
    if path.exists() and "pin" not in account:  # otherwise, it would belong to whoever comes next
        raise SignInError(
            "The account of this nickname is damaged. Choose another nickname, or ask your teacher to remove "
            f"people/{visitor.person}/{ACCOUNT} among the runs."
        )
    now, recent = time.monotonic(), _failures.setdefault(visitor.person, [])
    recent[:] = [then for then in recent if now - then < FAILURE_SECONDS]
    if len(recent) >= MAX_FAILURES:
        raise SignInError("Too many wrong PINs for this nickname. Try again in a quarter of an hour.")
    salt = str(account.get("salt") or secrets.token_hex(16))
    digest = hashlib.scrypt(pin.encode(), salt=salt.encode(), n=2**14, r=8, p=1).hex()
    if "pin" in account and not hmac.compare_digest(str(account["pin"]), digest):
        recent.append(now)
        raise SignInError(
            "This nickname is taken, and the PIN does not belong to it. Choose another nickname, or try again."
        )
    register(visitor, salt=salt, pin=digest)


def secret() -> bytes:
    """The key that signs sessions, made once.

    It is made again if its file is damaged, because a short key could be guessed.
    """
    path = people_root() / ".secret"
    with _lock:
        key = path.read_bytes() if path.exists() else b""
        if len(key) != KEY_BYTES:
            people_root().mkdir(parents=True, exist_ok=True)
            with replacing(path) as temporary:
                temporary.touch(0o600)
                temporary.write_bytes(secrets.token_bytes(KEY_BYTES))
            key = path.read_bytes()  # perhaps that of another process, which was faster
    return key


def signature(text: str) -> str:
    return hmac.new(secret(), text.encode(), "sha256").hexdigest()


def session_token(visitor: Visitor) -> str:
    """A signed token for a cookie, so that reloading the page does not sign out."""
    text = f"{visitor.person}.{int(visitor.teacher)}.{int(time.time() + SESSION_SECONDS)}"
    return f"{text}.{signature(text)}"


def visitor_of(token: str) -> Visitor | None:
    """The visitor of a valid token; None for any other one."""
    text, _, signed = token.rpartition(".")
    if not hmac.compare_digest(signature(text).encode(), signed.encode()):
        return None
    person, teacher, expires = text.split(".")
    account: Path = people_root() / person / ACCOUNT
    if time.time() > int(expires) or not account.exists():
        return None
    return Visitor(person, str(read_object(account).get("name") or person), teacher == "1")
