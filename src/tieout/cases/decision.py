"""Decisions of people as facts: kept, hashed and applied like any message, so that the ledger alone says what became of them."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import msgspec

from tieout.connectors import System
from tieout.core.evaluate import Item as OpenItem
from tieout.core.facts import Fact, Line, revision_time
from tieout.core.values import Ref, Role, exact, plain
from tieout.errors import OperatorError
from tieout.report.state import Ledger
from tieout.runtime.apply import apply
from tieout.runtime.batch import Connection
from tieout.runtime.configuration import Configuration, connector
from tieout.runtime.intake import arrivals_of
from tieout.runtime.looks import look_at
from tieout.store.database import fetch

PEOPLE = System("people", "canonical", Role.ERP, states=("Linked", "WrittenOff", "Matched"), options={})
"""Whom decisions are said by: a system like any other, that clears nothing of its own."""


CORRECTORS = System("corrections", "canonical", Role.ERP, silent=True)
"""People who state in the place of a system what it should have stated; nobody waits for them."""


def say(connection: Connection, configuration: Configuration, facts: Sequence[Fact], who: str, now: datetime) -> None:
    """Apply decisions of one system in one batch, and look at once at what they are about. Raises OperatorError when the ledger refuses one."""
    system = _known(connection, configuration, CORRECTORS if facts[0].system == CORRECTORS.name else PEOPLE)
    raw = b"".join(msgspec.json.encode(fact, order="deterministic") + b"\n" for fact in facts)
    found = connector("canonical").split(BytesIO(raw), f"decision of {who}", system)
    counts = apply(connection, configuration, list(arrivals_of(found, system)), now, what="decision")
    touched = {line.subject for fact in facts for line in fact.lines} | {one for fact in facts for pair in fact.links for one in pair}
    touched |= {Ref(fact.data[name]) for fact in facts if fact.void for name in ("root", "a", "b") if name in fact.data}
    look_at(connection, configuration, sorted(touched), now)
    if counts.quarantined > 0:
        reason = fetch(connection, "quarantined")[-1]
        raise OperatorError(f"The decision was refused: {reason[7]}", reason[8])


def _known(connection: Connection, configuration: Configuration, system: System) -> System:
    """A system of decisions, known to the ledger from its first decision on."""
    if system.name not in configuration.system_ids:
        ((id_,),) = fetch(connection, "set_system", system.name, msgspec.json.encode(system).decode())
        configuration.system_ids[system.name] = id_
    return configuration.systems.setdefault(system.name, system)


def decision(kind: str, type_: str, number: str, now: datetime, **more: Any) -> Fact:
    """A fact of our own people; a later one about the same takes its place."""
    return Fact(kind=kind, system=PEOPLE.name, type=type_, number=number, happened=now, revision=revision_time(now), **more)


def number_of(text: str) -> str:
    """The number of a decision about something, the same for every later decision about it."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def write_off(case: str, item: OpenItem, said: dict[str, str], now: datetime) -> Fact:
    """Accept exactly the residual of an open item (rule 18)."""
    residual = item.quantity or exact((item.value or Decimal(0)) + item.price)
    data = {**said, "case": case, "root": item.root, "account": item.account, "key": item.key, "residual": plain(residual),
            "unit": item.unit if item.quantity else item.currency}  # fmt: skip
    return decision("WrittenOff", "write_off", number_of(case), now, lines=(Line("1", Ref(item.root)),), data=data)


def withdrawn(fact: Fact, said: dict[str, str], now: datetime) -> Fact:
    """A decision taken back."""
    return msgspec.structs.replace(fact, happened=now, revision=revision_time(now), void=True, lines=(), links=(), data={**fact.data, **said})


def link(first: str, second: str, said: dict[str, str], now: datetime) -> Fact:
    """Two references name the same transaction."""
    a, b = sorted((reference(first), reference(second)))
    return decision("Linked", "link", number_of(f"{a}={b}"), now, links=((a, b),), data={**said, "a": a, "b": b})


def match(record: Fact, parts: Iterable[tuple[str, Decimal]], said: dict[str, str], now: datetime) -> Fact:
    """What a bank entry pays (rule 27): bound to the version that was seen."""
    lines = tuple(Line(str(n), reference(one), value=amount) for n, (one, amount) in enumerate(parts, 1))
    data = {**said, "record": record.identity, "revision": record.revision}
    return decision("Matched", "match", number_of(record.identity), now, currency=record.currency, lines=lines, data=data)


def reference(text: str) -> Ref:
    """A reference as typed. Raises OperatorError."""
    if text.count("/") < 2:
        raise OperatorError(f"{text!r} is no reference.", "Write system/type/number, such as erp/sales_order/SO-1.")
    return Ref(text)


def open_items(
    connection: Connection, configuration: Configuration, roots: Iterable[str], now: datetime
) -> dict[tuple[str, str, str, str], list[OpenItem]]:
    """What stands open on some roots now: (root, account, side, key) -> items, one per unit and currency."""
    ledger = Ledger(connection, configuration, now)
    made: dict[tuple[str, str, str, str], list[OpenItem]] = {}
    for root, postings in ledger.book(set(roots)).items():
        for item in ledger.evaluate(root, postings):
            made.setdefault((root, item.account, item.side.value, item.key), []).append(item)
    return made
