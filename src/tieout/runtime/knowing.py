"""Knowing: what a decision about a root knows besides its ledger, as far as the policy asks for it: fallbacks taken, costs, whether a customer is new."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from tieout.core.account import Posting
from tieout.core.act import Act
from tieout.core.values import Ref
from tieout.policy import driving as policies
from tieout.policy.checkpoints import NOTHING, Cost, Known
from tieout.policy.fallback import Diversion
from tieout.runtime.batch import Connection
from tieout.store.database import fetch, run
from tieout.store.sql import sql

CUSTOMERS = "customers"
"""The setting that says whether the customers of all roots are kept."""


class Taken(NamedTuple):
    """A fallback as it was taken for a command. `is_over`: a later command that took it has been confirmed."""

    command: str
    subject: str
    account: str
    side: str
    number: int
    act: str
    from_system: str
    from_warehouse: str
    from_carrier: str
    use_system: str
    use_warehouse: str
    use_carrier: str
    ask: str
    rule: str
    at: datetime
    is_over: bool = False

    @property
    def way(self) -> str:
        """From where to where, in words."""
        if self.ask:
            return f"asked {self.ask}"
        left, went = (
            (self.from_system, self.use_system) if self.use_system else (self.from_carrier or "the usual", f"carrier {self.use_carrier}")
        )
        if self.use_warehouse:
            left, went = self.from_warehouse or "no warehouse", f"warehouse {self.use_warehouse}"
        return f"from {left} to {went}"

    @property
    def diversion(self) -> Diversion:
        """As the rules want it."""
        left = tuple(name for name in (self.from_system, self.from_warehouse, self.from_carrier) if name)
        return Diversion(Act(self.act), self.use_system, self.use_warehouse, self.rule, self.use_carrier, left)


class About(NamedTuple):
    """What is known of one root."""

    known: Known = NOTHING
    diversions: tuple[Diversion, ...] = ()


def taken_of(connection: Connection, subjects: Collection[str]) -> list[Taken]:
    """Every fallback that was taken for some subjects, in that order."""
    rows = connection.execute(sql("diversions_of"), {"subjects": sorted(set(subjects))}).fetchall() if subjects else []
    return [Taken(*row) for row in rows]


def standing_of(taken: Iterable[Taken]) -> tuple[Diversion, ...]:
    """The diversions among them that still hold."""
    return tuple(one.diversion for one in taken if not one.ask and not one.is_over)


def about(
    connection: Connection, policy: policies.Driving | None, names: Mapping[str, Collection[Ref]], books: Mapping[str, Sequence[Posting]]
) -> dict[str, About]:
    """What is known of some roots, by their names; only what the policy asks for is looked up."""
    if policy is None:
        return {}
    diversions = _diversions(connection, names) if policy.fallbacks.tables else {}
    is_new = _customers(connection, names, books) if policy.asks("new_customer") else {}
    costs = _costs(connection, books) if policy.asks("margin") else {}
    return {root: About(Known(new_customer=is_new.get(root), costs=costs), diversions.get(root, ())) for root in names}


def prepare(connection: Connection, policy: policies.Driving | None) -> None:
    """Bring what is kept for a policy into being when it is first asked for, and forget it when it no longer is."""
    wanted = policy is not None and policy.asks("new_customer")
    kept = bool(fetch(connection, "meta", CUSTOMERS)) and fetch(connection, "meta", CUSTOMERS)[0][0] == "kept"
    if wanted is kept:
        return
    with connection.transaction():
        run(connection, "fill_customers" if wanted else "empty_customers")
        run(connection, "set_meta", CUSTOMERS, "kept" if wanted else "")


def _diversions(connection: Connection, names: Mapping[str, Collection[Ref]]) -> dict[str, tuple[Diversion, ...]]:
    by_subject: dict[str, list[Taken]] = defaultdict(list)
    for one in taken_of(connection, {name for many in names.values() for name in many}):
        by_subject[one.subject].append(one)
    if not by_subject:
        return {}
    found = {}
    for root, many in names.items():
        mine = sorted((one for name in many for one in by_subject.get(name, ())), key=lambda one: (one.at, one.number))
        found[root] = standing_of(mine)
    return found


def _customers(connection: Connection, names: Iterable[str], books: Mapping[str, Sequence[Posting]]) -> dict[str, bool]:
    """Whether the customer of each root was new with it: no other root of the same customer came before. Root -> answer."""
    rows: list[tuple[str, str, datetime]] = []
    for root in names:
        stated = [
            (posting.occurred, posting.identity, posting.notes["customer"]) for posting in books.get(root, ()) if posting.notes.get("customer")
        ]
        if stated:
            since, _, customer = min(stated)
            rows.append((customer, root, since))
    run(connection, "forget_customers", list(names))
    if not rows:
        return {}
    columns: list[list[Any]] = [list(column) for column in zip(*rows, strict=True)]
    run(connection, "note_customers", *columns)
    return {root: not before for root, before in fetch(connection, "customers_before", *columns)}


def _costs(connection: Connection, books: Mapping[str, Sequence[Posting]]) -> dict[str, list[Cost]]:
    items = {row.item for book in books.values() for posting in book for group in posting.groups for row in group.rows if row.item}
    found: dict[str, list[Cost]] = defaultdict(list)
    for item, since, amount, currency in fetch(connection, "costs_of", sorted(items)) if items else ():
        found[item].append(Cost(since, amount, currency))
    return dict(found)
