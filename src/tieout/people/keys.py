"""Keys of people: what a program shows to act for somebody. Each has an end, and may no more than the person and than it says."""

import hmac
import secrets
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec

from tieout.errors import Forbidden, OperatorError
from tieout.people import accounts, audit
from tieout.people.person import Person, Right, Role, Scopes
from tieout.store.database import Connection, fetch, run
from tieout.store.sql import sql

PREFIX = "tieoutp"
LONGEST = timedelta(days=366)
VOUCHED_FOR = timedelta(days=30)
"""How long after the last single sign-on keys of somebody from there still work: who left there does not live on here."""
USED_EVERY = timedelta(minutes=10)
KEYS_MAX = 50


class PersonKey(msgspec.Struct, frozen=True):
    """A key as it is kept. No roles: those of the person."""

    id: str
    name: str
    roles: tuple[Role, ...]
    scopes: Scopes
    created: datetime
    ends: datetime
    used: datetime | None
    revoked: datetime | None


def add(
    connection: Connection,
    person: Person,
    name: str,
    ends: datetime,
    now: datetime,
    *,
    roles: frozenset[Role] = frozenset(),
    scopes: Scopes | None = None,
) -> str:
    """Make a key; the token, which is shown now and never again. Raises OperatorError."""
    if person.key:
        raise Forbidden("A key makes no keys.", "Sign in and make it there.")
    if not name.strip() or len(name) > accounts.NAME_MAX or not name.isprintable():
        raise OperatorError(f"A key needs a name of 1 to {accounts.NAME_MAX} characters.", "Say what it is for.")
    if not now < ends <= now + LONGEST:
        raise OperatorError("A key ends within a year.", "Give a day in the future, at most a year from now.")
    if not roles <= person.roles:
        raise Forbidden(f"{person.login} has not the role {', '.join(sorted(roles - person.roles))}.", "A key may no more than its person.")
    id_, secret, kept = secrets.token_hex(6), secrets.token_urlsafe(32), scopes or Scopes()
    with connection.transaction():
        run(connection, "lock_person", person.id)
        if sum(key.revoked is None and key.ends > now for key in keys(connection, person)) >= KEYS_MAX:
            raise OperatorError(f"{person.login} has {KEYS_MAX} keys.", "Revoke one first.")
        run(
            connection, "insert_person_key", id_, person.id, name.strip(), sha256(secret.encode()).digest(), sorted(roles), sorted(kept.teams),
            sorted(kept.channels), sorted(kept.warehouses), now, ends,
        )  # fmt: skip
        audit.write(connection, person, "add key", id_, {"name": name.strip(), "ends": ends.isoformat(), "roles": sorted(roles)}, now)
    return f"{PREFIX}_{id_}_{secret}"


def person_of(connection: Connection, token: str, now: datetime) -> Person | None:
    """Whom a key speaks for, with what may be done and seen by it; None when it is not known, over or revoked."""
    prefix, _, rest = token.strip().partition("_")
    id_, _, secret = rest.partition("_")
    found = connection.execute(sql("person_key"), {"id": id_[:100], "now": now, "vouched": now - VOUCHED_FOR}).fetchone()
    good = hmac.compare_digest(sha256(secret.encode()).digest(), bytes(found[1]) if found else bytes(32))
    account = accounts.by_id(connection, found[0]) if found and good and prefix == PREFIX else None
    if account is None or found is None:
        return None
    _, _, roles, teams, channels, warehouses, used = found
    if used is None or now - used >= USED_EVERY:
        run(connection, "used_person_key", now, id_)
    own = account.person
    narrowed = own.roles & frozenset(map(Role, roles)) if roles else own.roles
    scopes = own.scopes.within(Scopes(frozenset(teams), frozenset(channels), frozenset(warehouses)))
    return msgspec.structs.replace(own, roles=narrowed, scopes=scopes, key=id_)


def keys(connection: Connection, person: Person) -> list[PersonKey]:
    """All keys of a person, oldest first; revoked ones too."""
    return [
        PersonKey(
            id_,
            name,
            tuple(map(Role, roles)),
            Scopes(frozenset(teams), frozenset(channels), frozenset(warehouses)),
            created,
            ends,
            used,
            revoked,
        )
        for id_, name, roles, teams, channels, warehouses, created, ends, used, revoked in fetch(connection, "person_keys", person.id)
    ]


def revoke(connection: Connection, person: Person, id_: str, now: datetime, *, by: Person) -> None:
    """Take a key back; one's own, or an admin anybody's. Raises OperatorError when there is none that works."""
    if by.id != person.id:
        by.need(Right.ADMINISTER)
    with connection.transaction():
        if run(connection, "revoke_person_key", now, id_, person.id) != 1:
            raise OperatorError(f"There is no key {id_[:40]!r} that works.", "Look at the list of keys.")
        audit.write(connection, by, "revoke key", id_, {"of": person.login}, now)
