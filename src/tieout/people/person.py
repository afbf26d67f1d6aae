"""A person, what the roles may do (a table), and what of the data one may see (a predicate for SQL)."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from tieout.errors import Forbidden


class Role(StrEnum):
    """What somebody is here for."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    APPROVER = "approver"
    ENGINEER = "engineer"
    ADMIN = "admin"


class Right(StrEnum):
    """One thing that may be done, in the words of a refusal: "may not …"."""

    READ = "see cases, transactions and balances"
    COMMENT = "comment and watch"
    WORK = "assign, snooze and group cases"
    RESOLVE = "resolve cases"
    APPROVE = "approve or reject"
    UNMASK = "see masked data"
    EXPORT = "take data out"
    CONNECT = "pause, resume and replay systems"
    SHARE = "save views and rules for a team"
    AUDIT = "read what others did"
    ADMINISTER = "change people, keys and scopes"


_READER = frozenset({Right.READ, Right.COMMENT, Right.EXPORT})
_WORKER = _READER | {Right.WORK, Right.RESOLVE, Right.UNMASK}
RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.VIEWER: frozenset({Right.READ}),
    Role.ANALYST: _WORKER | {Right.SHARE},
    Role.APPROVER: _READER | {Right.APPROVE, Right.UNMASK, Right.AUDIT},
    Role.ENGINEER: _WORKER | {Right.CONNECT, Right.SHARE},
    Role.ADMIN: frozenset({Right.READ, Right.AUDIT, Right.ADMINISTER}),
}
"""Role -> what it may do. Who has several roles may do what any of them may; an admin works on cases only with another role besides."""


class Scopes(msgspec.Struct, frozen=True):
    """What somebody may see: empty means all. A row that names no channel is seen by nobody who is kept to some channels."""

    teams: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()
    warehouses: frozenset[str] = frozenset()

    @property
    def is_all(self) -> bool:
        """True when nothing is kept from this person."""
        return not (self.teams or self.channels or self.warehouses)

    def arguments(self) -> dict[str, list[str]]:
        """What `predicate` needs as named parameters."""
        return {f"scope_{kind}": sorted(getattr(self, f"{kind}s")) for kind in KINDS}

    def sees(self, *, team: str | None = None, channel: str | None = None, warehouse: str | None = None) -> bool:
        """Whether a row with these is seen; what is None is not asked for. The same rule as `predicate`."""
        asked = ((self.teams, team), (self.channels, channel), (self.warehouses, warehouse))
        return all(value is None or not allowed or value in allowed for allowed, value in asked)

    def within(self, other: "Scopes") -> "Scopes":
        """What both may see. Where they have nothing in common, nothing is: a name that no row bears."""
        return Scopes(*(_both(mine, theirs) for mine, theirs in zip(self._sets, other._sets, strict=True)))

    @property
    def _sets(self) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
        return self.teams, self.channels, self.warehouses


KINDS = ("team", "channel", "warehouse")
NOTHING = "\x1fnothing"
"""A scope that no row is in."""


def predicate(row: str, kinds: Iterable[str] = KINDS) -> str:
    """SQL that is true for the rows of an alias that somebody may see; give `Scopes.arguments()` with it.

    An empty list folds away when the statement is planned, so an index on the column still serves.
    """
    return "(" + " and ".join(f"(cardinality(%(scope_{k})s::text[]) = 0 or {row}.{k} = any(%(scope_{k})s::text[]))" for k in kinds) + ")"


class Person(msgspec.Struct, frozen=True):
    """Somebody signed in, or a key of somebody: with what may be done and seen this way. `limit` is per currency."""

    id: int
    login: str
    name: str
    email: str = ""
    roles: frozenset[Role] = frozenset()
    scopes: Scopes = Scopes()
    zone: str = "UTC"
    limit: Mapping[str, Decimal] = {}
    preferences: Mapping[str, Any] = {}
    key: str = ""
    """The id of the key that speaks for the person; empty for the person."""

    @property
    def rights(self) -> frozenset[Right]:
        """Everything the roles may do."""
        return frozenset().union(*(RIGHTS[role] for role in self.roles))

    def may(self, right: Right) -> bool:
        """Whether one of the roles may do it."""
        return right in self.rights

    def need(self, right: Right) -> None:
        """Raises Forbidden unless one of the roles may do it; names the roles that may."""
        if not self.may(right):
            able = ", ".join(role.value for role, rights in RIGHTS.items() if right in rights)
            raise Forbidden(f"{self.login} may not {right.value}.", f"That needs one of the roles {able}; an admin gives them.")

    def may_accept(self, amount: Decimal, currency: str) -> bool:
        """Whether a difference of this size may be accepted without another person. Without a limit in its currency: no."""
        return abs(amount) <= self.limit.get(currency, Decimal(-1))


def _both(mine: frozenset[str], theirs: frozenset[str]) -> frozenset[str]:
    if not mine or not theirs:
        return mine or theirs
    return (mine & theirs) or frozenset({NOTHING})
