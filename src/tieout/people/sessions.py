"""Signing in and what holds afterwards: a random token of which only the hash is kept, with an idle and an absolute end."""

import contextlib
import hashlib
import hmac
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta

import msgspec
import psycopg

from tieout.errors import OperatorError
from tieout.people import accounts, audit, password, second, throttle
from tieout.people.accounts import Account
from tieout.people.person import Person, Right
from tieout.store.database import Connection, fetch, run

IDLE = timedelta(hours=1)
LONGEST = timedelta(hours=12)
WAITING = timedelta(minutes=10)
"""How long the second factor may take."""
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


def sign_in(
    connection: Connection,
    login: str,
    typed: str,
    now: datetime,
    *,
    address: str = "",
    agent: str = "",
    old: str = "",
    second_for: Collection[str] = (),
) -> str:
    """The token of a new sign-in by password; it waits where a second factor is needed, as it is of the roles `second_for`.

    Raises SignInRefused or TooFast; both say nothing about which logins there are.
    """
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
        throttle.forget(connection, kept_login, address)
        account = accounts.account(connection, kept_login)
        waits = second.is_needed(connection, account.person, second_for, single_sign_on=bool(account.issuer))
        return begin(connection, found[0][0], now, address=address, agent=agent, old=old, waits=waits)


def begin(
    connection: Connection,
    person: int,
    now: datetime,
    *,
    address: str = "",
    agent: str = "",
    old: str = "",
    how: str = "password",
    waits: str = "",
) -> str:
    """A new token for somebody who has shown who he is; `old`, the token the browser had before, is good no longer.

    What still `waits` for the second factor lets nobody in, and not for long.
    """
    token = secrets.token_urlsafe(32)
    with connection.transaction():
        if old:
            run(connection, "end_login", now, _hash(old))
        ends = now + (WAITING if waits else LONGEST)
        run(connection, "begin_login", _hash(token), person, now, now, ends, address[:_TEXT_MAX], agent[:_TEXT_MAX], waits)
        found = accounts.by_id(connection, person)
        action = "password given" if waits else "sign in"
        audit.write(connection, found.person if found else None, action, "", {"how": how, "address": address[:_TEXT_MAX]}, now)
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
        with contextlib.suppress(psycopg.errors.ReadOnlySqlTransaction):
            run(connection, "seen_login", now, _hash(token))
    account = accounts.by_id(connection, person)
    return account.person if account is not None else None


def waiting(connection: Connection, token: str, now: datetime) -> tuple[Account, str] | None:
    """Who has given the password and still has to show a second factor (`second`) or make one (`enrol`); None when nobody."""
    found = fetch(connection, "login_that_waits", _hash(token), now) if token else []
    account = accounts.by_id(connection, found[0][0]) if found else None
    return (account, found[0][1]) if account is not None else None


def end(connection: Connection, token: str, now: datetime) -> bool:
    """Sign out; false when nobody was signed in by the token."""
    with connection.transaction():
        found = fetch(connection, "end_login", now, _hash(token))
        for (person,) in found:
            account = accounts.by_id(connection, person)
            audit.write(connection, account.person if account else None, "sign out", "", {}, now)
    return bool(found)


def end_all(connection: Connection, person: Person, now: datetime, *, keep: str = "", by: Person | None = None) -> None:
    """End all sign-ins of a person, but the one with the token `keep`; one's own, or an admin anybody's."""
    if by is not None and by.id != person.id:
        by.need(Right.ADMINISTER)
    with connection.transaction():
        run(connection, "end_logins", now, person.id, _hash(keep))
        audit.write(connection, by or person, "end all sign-ins", person.login, {}, now)


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
