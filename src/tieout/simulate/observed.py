"""What the ledger shows, read by plain SQL: open exceptions, balances, and money that was counted twice."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from tieout.simulate.grade import Difference, Shown
from tieout.simulate.paper import money
from tieout.simulate.rules import ACCOUNTS, is_asked
from tieout.store.session import Session

Balances = Mapping[tuple[str, str, str, str], int]


def open_cases(connection: Session, damaged: Mapping[str, str]) -> dict[str, Shown]:
    """The open exceptions by name; one about a file in quarantine bears the name that `damaged` has for the file."""
    rows = connection.execute("select case_id, owed_by, quantity, value from case_ where state <> 'closed'").fetchall()
    return {_named(name, damaged): Shown(owner, quantity, value) for name, owner, quantity, value in rows}


def _named(case: str, damaged: Mapping[str, str]) -> str:
    if not case.startswith("QUA "):
        return case
    return damaged.get("/".join(case.split(", ")[0].split("/")[-3:]), case)


def unbalanced(connection: Session, right: Balances) -> list[Difference]:
    """Where the ledger's balances are not the auditor's."""
    return differing(connection.execute("select root, account, key, unit_or_currency, net from balance").fetchall(), right)


def differing(rows: Iterable[tuple[str, str, str, str, Any]], right: Balances) -> list[Difference]:
    """Where balances, as (root, account, key, unit or currency, net), are not the auditor's."""
    shown: dict[tuple[str, str, str, str], Decimal] = {}
    for root, account, key, measure, net in rows:
        shown[root, account, key, "$" if measure in ("$USD", "USD") else measure] = Decimal(net)
    found = []
    asked = {code for code, account in ACCOUNTS.items() if account.asked}
    paired = {code for code, account in ACCOUNTS.items() if account.is_paired}
    for name in sorted(shown.keys() | right.keys()):
        if (name[1] in asked and not is_asked(name[0])) or (name[1] in paired and name not in right):
            continue
        wanted = Decimal(right.get(name, 0))
        if name[3] == "$":
            wanted = Decimal(money(right.get(name, 0)))
        if shown.get(name, Decimal(0)) != wanted:
            found.append(Difference(" ".join(name), f"{shown.get(name, 0)} in the ledger, {wanted} by the auditor"))
    return found


def double_claims(connection: Session) -> list[Difference]:
    """Bank entries of which more stands on the accounts than the bank has credited."""
    rows = connection.execute(
        "select identity, counted.amount, stated.amount from"
        " (select identity, sum(sign * value) as amount from entry where kind in ('CashReceived', 'PayoutReceived') group by 1) counted"
        " join (select identity, max((body->>'total')::numeric) as amount from fact where kind in ('CashReceived', 'PayoutReceived') group by 1) stated"
        " using (identity) where counted.amount > stated.amount order by 1"
    ).fetchall()
    return [Difference(identity, f"{counted} counted of {stated}") for identity, counted, stated in rows]
