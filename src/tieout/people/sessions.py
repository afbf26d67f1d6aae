"""Signing in and what holds afterwards: a random token of which only the hash is kept, with an idle and an absolute end."""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

import msgspec

from tieout.errors import OperatorError
from tieout.people import accounts, audit, password, throttle
from tieout.people.person import Person
from tieout.store.database import Connection, fetch, run

IDLE = timedelta(hours=1)
LONGEST = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)
"""How exactly the time of the last request is kept."""
COOKIE = "__Host-tieout"
PLAIN_COOKIE = "tieout"
"""The cookie's name where there is no TLS, as on loopback; browsers take the other only over TLS."""
_TEXT_MAX = 300


class SignInRefused(OperatorError):
    """The login and the password do not belong together, or the person is disabled; which of them is not said."""


class SignIn(msgspec.Struct, frozen=True):
    """A sign-in that holds, as its owner sees it; `id` names it without giving it away."""

    id: str
    began: datetime
    seen: datetime
    ends: datetime
    address: str
    agent: str


def sign_in(connection: Connection, login: str, typed: str, now: datetime, *, address: str = "", agent: str = "", old: str = "") -> str:
    """The token of a new sign-in by password. Raises SignInRefused or TooFast; both say nothing about which logins there are."""
    kept_login = accounts.login_of(login)
    throttle.admit(connection, kept_login, address, now)
    found = fetch(connection, "password_of", kept_login)
    kept = found[0][1] if found else ""
    if not password.fits(typed, kept):
        who = kept_login if found else "somebody unknown"
        audit.write(connection, None, "sign-in refused", kept_login if found else "", {"address": address}, now, who=who)
        raise SignInRefused("The login or the password is not right.", "Try again; an admin can set a new password.")
    with connection.transaction():
        if password.is_outdated(kept):
            run(connection, "set_password", password.hashed(typed), now, found[0][0])
        throttle.forget(connection, kept_login)
        return begin(connection, found[0][0], now, address=address, agent=agent, old=old)


def begin(
    connection: Connection, person: int, now: datetime, *, address: str = "", agent: str = "", old: str = "", how: str = "password"
) -> str:
    """A new token for somebody who has shown who he is; `old`, the token the browser had before, is good no longer."""
    token = secrets.token_urlsafe(32)
    with connection.transaction():
        if old:
            run(connection, "end_login", now, _hash(old))
        run(connection, "begin_login", _hash(token), person, now, now, now + LONGEST, address[:_TEXT_MAX], agent[:_TEXT_MAX])
        found = accounts.by_id(connection, person)
        audit.write(connection, found.person if found else None, "sign in", "", {"how": how, "address": address[:_TEXT_MAX]}, now)
    return token


def person_of(connection: Connection, token: str, now: datetime) -> Person | None:
    """Who is signed in by a token; None when nobody is, or no longer. Roles and scopes are those of this moment."""
    if not token:
        return None
    found = fetch(connection, "login_of", _hash(token), now, now - IDLE)
    if not found:
        return None
    person, seen = found[0]
    if now - seen >= SEEN_EVERY:
        run(connection, "seen_login", now, _hash(token))
    account = accounts.by_id(connection, person)
    return account.person if account is not None else None


def end(connection: Connection, token: str, now: datetime) -> bool:
    """Sign out; false when nobody was signed in by the token."""
    with connection.transaction():
        found = fetch(connection, "end_login", now, _hash(token))
        for (person,) in found:
            account = accounts.by_id(connection, person)
            audit.write(connection, account.person if account else None, "sign out", "", {}, now)
    return bool(found)


def end_all(connection: Connection, person: Person, now: datetime, *, keep: str = "") -> None:
    """End all sign-ins of a person, but the one with the token `keep`."""
    with connection.transaction():
        run(connection, "end_logins", now, person.id, _hash(keep))
        audit.write(connection, person, "end all sign-ins", person.login, {}, now)


def sign_ins(connection: Connection, person: Person, now: datetime) -> list[SignIn]:
    """Where a person is signed in."""
    return [SignIn(bytes(row[0]).hex()[:12], *row[1:]) for row in fetch(connection, "logins_of", person.id, now, now - IDLE)]


def csrf_of(token: str) -> str:
    """What a form of this sign-in carries. It follows from the token, which no page can read, and goes with it."""
    return hmac.new(token.encode(), b"tieout form", hashlib.sha256).hexdigest()


def csrf_fits(token: str, stated: str) -> bool:
    """Whether a form belongs to the sign-in; compared in constant time."""
    return bool(token) and hmac.compare_digest(csrf_of(token).encode(), stated.encode())


def cookie(token: str, *, secure: bool) -> str:
    """The value of `Set-Cookie` that keeps a token in the browser; an empty token takes it away."""
    name, flag = (COOKIE, "; Secure") if secure else (PLAIN_COOKIE, "")
    age = int(LONGEST.total_seconds()) if token else 0
    return f"{name}={token}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{flag}"


def sweep(connection: Connection, now: datetime) -> None:
    """Forget what is over: sign-ins of last month, tries and half sign-ins of the day before."""
    run(connection, "drop_old_logins", now - timedelta(days=30))
    run(connection, "drop_old_tries", now - timedelta(days=2))
    run(connection, "drop_old_pending", now)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
