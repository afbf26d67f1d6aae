"""Accounts: people are added, given roles, scopes and limits, and disabled; each change is an action with the name of who made it."""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from tieout.errors import Forbidden, OperatorError
from tieout.people import audit, password
from tieout.people.person import KINDS, Person, Right, Role, Scopes
from tieout.store.database import Connection, fetch, run
from tieout.store.sql import sql

LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,99}")
NAME_MAX = 200
PREFERENCES_MAX = 16 * 1024


class Account(msgspec.Struct, frozen=True):
    """A person with how the account stands. `issuer` is who vouches, if it is one of single sign-on."""

    person: Person
    disabled: datetime | None
    disabled_by: str
    issuer: str
    has_password: bool
    vouched: datetime | None


def accounts(connection: Connection) -> list[Account]:
    """Everybody, by login; the disabled too."""
    return _read(connection)


def account(connection: Connection, login: str) -> Account:
    """The account with a login. Raises OperatorError when there is none."""
    found = _read(connection, login=login_of(login))
    if not found:
        raise OperatorError(f"There is nobody with the login {login[:100]!r}.", "`tieout people list` shows who there is.")
    return found[0]


def by_id(connection: Connection, id_: int) -> Account | None:
    """The account with a number; None when there is none."""
    return next(iter(_read(connection, ids=[id_])), None)


def login_of(text: str) -> str:
    """A login as it is kept: `Ana` and `ana` are one person."""
    return " ".join(text.split()).casefold()


def add(
    connection: Connection,
    login: str,
    name: str,
    now: datetime,
    *,
    by: Person | None,
    email: str = "",
    zone: str = "UTC",
    issuer: str = "",
    subject: str = "",
    actor: str = "",
) -> Account:
    """Add somebody, who may do nothing yet. Raises OperatorError."""
    _may_administer(by)
    kept = login_of(login)
    if LOGIN.fullmatch(kept) is None:
        raise OperatorError(f"{login[:100]!r} is no login.", "Use up to 100 letters, digits and . _ @ + -, beginning with a letter or digit.")
    if not name.strip() or len(name) > NAME_MAX or not name.isprintable():
        raise OperatorError(f"{kept} needs a name of 1 to {NAME_MAX} characters.", "Give the name that others know.")
    _need_zone(zone)
    with connection.transaction():
        found = fetch(connection, "insert_person", kept, name.strip(), email.strip(), zone, issuer, subject, now, now)
        if not found:
            raise OperatorError(f"There is somebody with the login {kept} already.", "Choose another login.")
        audit.write(connection, by, "add person", kept, {"name": name.strip(), "issuer": issuer}, now, who=actor)
    return _read(connection, ids=[found[0][0]])[0]


def set_roles(connection: Connection, who: Account, give: Iterable[str], take: Iterable[str], now: datetime, *, by: Person | None) -> None:
    """Give roles and take some. Raises OperatorError for a role that is none, Forbidden for the own."""
    _may_administer(by, who)
    given, taken = [_role(name) for name in give], [_role(name) for name in take]
    with connection.transaction():
        run(connection, "lock_person", who.person.id)
        for role in given:
            run(connection, "give_role", who.person.id, role.value, by.id if by is not None else None, now)
        for role in taken:
            run(connection, "take_role", who.person.id, role.value)
        detail = {"given": [r.value for r in given], "taken": [r.value for r in taken]}
        audit.write(connection, by, "change roles", who.person.login, detail, now)


def set_scopes(connection: Connection, who: Account, scopes: Mapping[str, Collection[str]], now: datetime, *, by: Person | None) -> None:
    """Keep somebody to teams, channels, warehouses: each kind given is what it is from now on, empty for all."""
    _may_administer(by, who)
    for kind in scopes:
        if kind not in KINDS:
            raise OperatorError(f"There is no scope {kind!r}.", f"Scopes are by {', '.join(KINDS)}.")
    with connection.transaction():
        run(connection, "lock_person", who.person.id)
        for kind, names in scopes.items():
            run(connection, "clear_scopes", who.person.id, kind)
            run(connection, "give_scopes", who.person.id, kind, sorted({name.strip() for name in names if name.strip()}))
        audit.write(connection, by, "change scopes", who.person.login, {kind: sorted(names) for kind, names in scopes.items()}, now)


def set_limit(connection: Connection, who: Account, currency: str, amount: Decimal | None, now: datetime, *, by: Person | None) -> None:
    """Up to what somebody may accept a difference alone; None for nothing."""
    _may_administer(by, who)
    if re.fullmatch(r"[A-Z]{3}", currency) is None:
        raise OperatorError(f"{currency[:20]!r} is no currency.", "Write its ISO code, such as EUR.")
    if amount is not None and not (amount.is_finite() and amount >= 0):
        raise OperatorError(f"{amount} is no limit.", "Write an amount from 0.")
    with connection.transaction():
        if amount is None:
            run(connection, "clear_limit", who.person.id, currency)
        else:
            run(connection, "set_limit", who.person.id, currency, amount, by.id if by is not None else None)
        shown = None if amount is None else format(amount, "f")
        audit.write(connection, by, "change limit", who.person.login, {"currency": currency, "amount": shown}, now)


def set_password(connection: Connection, who: Account, new: str, now: datetime, *, by: Person | None, keep: bytes = b"") -> None:
    """Set a password; every sign-in ends but the one whose token hashes to `keep`. Raises OperatorError for a weak one."""
    own = by is not None and by.id == who.person.id
    if not own:
        _may_administer(by)
    if who.issuer:
        raise OperatorError(f"{who.person.login} signs in at {who.issuer}.", "Change the password there.")
    password.refuse_weak(new, who.person.login, who.person.name, who.person.email)
    kept = password.hashed(new)
    with connection.transaction():
        run(connection, "set_password", kept, now, who.person.id)
        run(connection, "end_logins", now, who.person.id, keep)
        audit.write(connection, by, "set password", who.person.login, {"own": own}, now)


def disable(connection: Connection, who: Account, now: datetime, *, by: Person | None, why: str = "", actor: str = "") -> None:
    """Let somebody in no longer: sign-ins end and keys are revoked at once. What the person did stays."""
    _may_administer(by, who)
    with connection.transaction():
        run(connection, "set_disabled", now, by.login if by is not None else actor or audit.COMMAND_LINE, now, who.person.id)
        run(connection, "end_logins", now, who.person.id, b"")
        run(connection, "revoke_person_keys", now, who.person.id)
        audit.write(connection, by, "disable person", who.person.login, {"why": why}, now, who=actor)


def enable(connection: Connection, who: Account, now: datetime, *, by: Person | None) -> None:
    """Let somebody in again; keys stay revoked."""
    _may_administer(by, who)
    with connection.transaction():
        run(connection, "set_disabled", None, "", now, who.person.id)
        audit.write(connection, by, "enable person", who.person.login, {}, now)


def set_preferences(connection: Connection, person: Person, preferences: Mapping[str, Any], now: datetime, *, zone: str | None = None) -> None:
    """What a person likes: theme, density, keys; and the zone in which times are shown. Raises OperatorError."""
    text = msgspec.json.encode(preferences, order="deterministic").decode()
    if len(text) > PREFERENCES_MAX:
        raise OperatorError("The preferences are too long.", f"Keep them below {PREFERENCES_MAX:,} characters.")
    if zone is not None:
        _need_zone(zone)
    with connection.transaction():
        run(connection, "set_preferences", text, now, person.id)
        if zone is not None:
            run(connection, "set_zone", zone, now, person.id)
        audit.write(connection, person, "change preferences", person.login, {"names": sorted(preferences)}, now)


def _may_administer(by: Person | None, who: Account | None = None) -> None:
    """The command line may, and an admin; nobody changes what he may do himself."""
    if by is None:
        return
    by.need(Right.ADMINISTER)
    if who is not None and who.person.id == by.id:
        raise Forbidden("Nobody changes the own account in this.", "Ask another admin.")


def _role(name: str) -> Role:
    try:
        return Role(name.strip().lower())
    except ValueError as bad:
        raise OperatorError(f"There is no role {name[:40]!r}.", f"The roles are {', '.join(Role)}.") from bad


def _need_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as bad:
        raise OperatorError(f"{zone[:60]!r} is no time zone.", "Use an IANA name such as Europe/Berlin.") from bad


def _read(connection: Connection, *, ids: list[int] | None = None, login: str | None = None) -> list[Account]:
    rows = connection.execute(sql("person_rows"), {"ids": ids, "login": login}).fetchall()
    return [_account(*row) for row in rows]


def _account(
    id_: int, login: str, name: str, email: str, roles: list[str], teams: list[str], channels: list[str], warehouses: list[str],
    zone: str, limits: Mapping[str, str] | None, preferences: Mapping[str, Any], disabled: datetime | None, disabled_by: str, issuer: str, has_password: bool,
    vouched: datetime | None,
) -> Account:  # fmt: skip
    scopes = Scopes(frozenset(teams), frozenset(channels), frozenset(warehouses))
    limit = {currency: Decimal(amount) for currency, amount in (limits or {}).items()}
    person = Person(id_, login, name, email, frozenset(map(Role, roles)), scopes, zone, limit, preferences)
    return Account(person, disabled, disabled_by, issuer, has_password, vouched)
