"""A small distributor for tests: says facts, applies them to a real database, and checks rule 29's identity after every step."""

import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tieout.connectors import Refused, System
from tieout.core.values import Role
from tieout.policy import CompanyPolicy
from tieout.report.state import Ledger
from tieout.runtime.apply import apply
from tieout.runtime.batch import Counts
from tieout.runtime.chain import totals
from tieout.runtime.configuration import Configuration, connector
from tieout.runtime.looks import all_cases, tick
from tieout.runtime.statements import Arrival
from tieout.store.database import Database, fetch

BASE = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""Monday, nine o'clock: hour 0 of every story."""
NOW = datetime(2026, 6, 1, tzinfo=UTC)

TYPES = {
    "OrderPlaced": "order", "OrderCancelled": "order_cancellation", "OrderBooked": "sales_order",
    "BookingCancelled": "cancellation", "Allocated": "allocation", "Deallocated": "deallocation", "Shipped": "shipment",
    "Delivered": "delivery", "Invoiced": "invoice", "InvoiceVoided": "credit_memo", "CashApplied": "cash_receipt",
    "CashReceived": "bank_entry", "RemittanceAdvised": "remittance", "InvoiceSent": "sent_invoice", "ReturnAuthorised": "return",
    "ReturnReceived": "return_receipt",
    "Restocked": "restock", "CreditIssued": "credit_memo", "Refunded": "refund", "PurchaseOrdered": "purchase_order",
    "GoodsReceived": "goods_receipt", "GoodsRejected": "inspection", "VendorInvoiced": "vendor_invoice",
    "VendorPaid": "vendor_payment", "PurchaseCancelled": "purchase_cancellation", "StockMoved": "movement",
    "StockPosted": "movement", "StockCounted": "count", "StockStated": "position", "Linked": "link", "Substituted": "substitution",
    "WrittenOff": "write_off", "Matched": "match", "Listed": "list", "UnitDefined": "unit", "KitDefined": "kit",
    "SettlementReported": "settlement", "SaleSettled": "sale", "FeeCharged": "fee", "FeePosted": "journal",
    "ReserveMoved": "reserve", "PayoutSent": "payout", "PayoutReceived": "bank_entry", "EventReported": "event",
    "DepositTaken": "deposit", "DepositApplied": "deposit_application", "CreditApplied": "credit_application", "DropShipped": "ship_notice",
    "FreightRated": "freight_rate", "FreightInvoiced": "freight_invoice", "GoodsAnnounced": "ship_notice", "PurchaseAcknowledged": "purchase_acknowledgment",
}  # fmt: skip

SYSTEMS = {
    name: System(name, "canonical", role)
    for name, role in (
        ("shop", Role.CHANNEL), ("erp", Role.ERP), ("wms", Role.WMS), ("carrier", Role.CARRIER), ("bank", Role.BANK),
        ("vendor", Role.VENDOR), ("market", Role.MARKETPLACE),
    )
}  # fmt: skip


def at(hours: float) -> datetime:
    """A moment of the story."""
    return BASE + timedelta(hours=hours)


def line(number: str | int, subject: str, item: str = "", quantity: Any = None, value: Any = None, **more: Any) -> dict[str, Any]:
    """One line of a fact, as the neutral feed writes it; `quantity` and `value` are whole or decimal texts."""
    made: dict[str, Any] = {"line": str(number), "subject": subject, **more}
    if item:
        made["item"] = item
    for name, amount in (("quantity", quantity), ("value", value)):
        if amount is not None:
            made[name] = Decimal(str(amount))
    return made


def say(kind: str, system: str, number: str | int, at_hours: float, lines: Sequence[dict[str, Any]] = (), **more: Any) -> dict[str, Any]:
    """One fact. `revision=3` becomes a revision key; `links` are pairs of references."""
    revision = more.pop("revision", None)
    if isinstance(revision, int):
        revision = f"n{revision:012d}"
    made = {
        "kind": kind, "system": system, "type": TYPES[kind], "number": str(number),
        "happened": at(at_hours).isoformat().replace("+00:00", "Z"), "currency": "USD", "lines": list(lines), **more,
    }  # fmt: skip
    return made if revision is None else {**made, "revision": revision}


def text(fact: Mapping[str, Any]) -> bytes:
    """The line of JSON that states the fact, with exact numbers."""
    marks: list[str] = []

    def mark(number: Any) -> str:
        marks.append(format(number, "f"))
        return f"@number{len(marks) - 1}@"

    written = json.dumps(fact, default=mark)
    for n, number in enumerate(marks):
        written = written.replace(f'"@number{n}@"', number)
    return written.encode() + b"\n"


class World:
    """One ledger in a schema of its own, fed by the systems of `SYSTEMS` through the neutral connector."""

    def __init__(
        self, database: Database, *, systems: Mapping[str, System] | None = None, policy: CompanyPolicy | None = None, **more: Any
    ) -> None:
        self.database = database
        self.systems = dict(systems or SYSTEMS)
        self.configuration = Configuration(self.systems.values(), policy or CompanyPolicy({}), **more)
        self.connection = database.connect(writer=True)
        for name in self.systems:
            ((self.configuration.system_ids[name],),) = fetch(self.connection, "set_system", name, "{}")
        self.sent = 0

    def close(self) -> None:
        self.connection.close()

    # Doing -----------------------------------------------------------------------------------------------------------

    def say(self, kind: str, system: str, number: str | int, at_hours: float, lines: Sequence[dict[str, Any]] = (), **more: Any) -> Counts:
        """Say one fact and apply it."""
        return self.apply([say(kind, system, number, at_hours, lines, **more)])

    def arrivals(self, facts: Iterable[Mapping[str, Any] | bytes]) -> list[Arrival]:
        """The documents of some facts (or raw lines, as said by the ERP), cut by the connector."""
        found = []
        for fact in facts:
            raw = fact if isinstance(fact, bytes) else text(fact)
            system = self.systems["erp" if isinstance(fact, bytes) else fact["system"]]
            for document in connector("canonical").split(io.BytesIO(raw), "test.jsonl", system):
                if isinstance(document, Refused):
                    found.append(Arrival(document.document, system, NOW, refused=document.refusal))
                else:
                    found.append(Arrival(document, system, NOW))
        return found

    def apply(self, facts: Iterable[Mapping[str, Any] | bytes], batch_size: int = 1000, now: datetime = NOW) -> Counts:
        """Apply facts in batches; what became of them. Rule 29 is checked after every batch."""
        arrivals = self.arrivals(facts)
        counts = Counts()
        for start in range(0, len(arrivals), batch_size):
            part = arrivals[start : start + batch_size]
            self.sent += len(part)
            counts = counts.plus(apply(self.connection, self.configuration, part, now))
            self.check_counts()
        return counts

    def tick(self, now: datetime = NOW, *, everything: bool = False) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
        """Look at what is due; the open cases."""
        tick(self.connection, self.configuration, now, everything=everything)
        self.check_counts()
        return self.cases()

    def complete(self, hours: float, *systems: str) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
        """Declare feeds (all, if none is named) complete to an hour, and look; the open cases."""
        declared = {name: at(hours) for name in systems or self.systems}
        apply(self.connection, self.configuration, [], NOW, declared=declared)
        return self.tick()

    # Asking ----------------------------------------------------------------------------------------------------------

    def cases(self) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
        """Open cases: name -> (quantity by unit, value by currency)."""
        return {case.case: (case.quantity, case.value) for case in all_cases(self.connection)}

    def hints(self) -> dict[str, str]:
        """Open cases: name -> cause hint."""
        return {case.case: case.hint for case in all_cases(self.connection)}

    def net(self) -> dict[str, Decimal]:
        """`root account key measure` -> debits less credits, by the plain sums kept with the subjects."""
        found = self.connection.execute("select root, account, key, unit_or_currency, net from balance").fetchall()
        return {f"{root} {account} {key} {measure}": net for root, account, key, measure, net in found}

    def of(self, account: str) -> dict[str, Decimal]:
        """The net of one account: `root key measure` -> debits less credits."""
        return {k.replace(f" {account} ", " "): v for k, v in self.net().items() if k.split(" ")[1] == account}

    def effective(self) -> list[tuple[str, str]]:
        """(root, posting as text) of every posting that stands."""
        found = self.connection.execute("select root, entries::text from posting group by 1, 2 having sum(sign) > 0").fetchall()
        return sorted(found)

    def hash(self) -> str:
        """Rule 30: SHA-256 of the sorted effective rows."""
        rows = sorted(hashlib.sha256(f"{root}\n{entries}".encode()).digest() for root, entries in self.effective())
        return hashlib.sha256(b"".join(rows)).hexdigest()

    def ledger_hash(self) -> str:
        """The hash that `tieout status` shows."""
        return str(Ledger(self.connection, self.configuration, NOW, None).status()["ledger_hash"])

    def state(self) -> tuple[dict[str, Decimal], tuple[str, str], dict[str, tuple[dict[str, str], dict[str, str]]]]:
        """Everything that must not depend on arrival: balances, hashes and open cases."""
        return self.net(), (self.hash(), self.ledger_hash()), self.tick(everything=True)

    def summed_entries(self) -> dict[str, Decimal]:
        """The same as `net`, but counted from the entry log by plain SQL, of the accounts' own measures."""
        sums: Counter[str] = Counter()
        measured = self.configuration.steps.measured
        for root, account, key, unit, currency, quantity, value in self.connection.execute(
            "select root, account, key, unit, currency, sum(case side when 'debit' then quantity * sign else -quantity * sign end),"
            " sum(case side when 'debit' then value * sign else -value * sign end) from entry group by 1, 2, 3, 4, 5"
        ).fetchall():
            by_quantity, by_value = measured[account]
            if by_quantity and quantity is not None:
                sums[f"{root} {account} {key} {unit}"] += quantity
            if by_value and value is not None:
                sums[f"{root} {account} {key} ${currency}"] += value
        return {name: amount for name, amount in sums.items() if amount}

    def waiting(self) -> set[tuple[str, str]]:
        """(identity, what it waits for)."""
        return set(self.connection.execute("select identity, on_ref from waiting").fetchall())

    def quarantine(self) -> list[tuple[str, str]]:
        """(rule, reason) of everything in quarantine."""
        return self.connection.execute("select rule, reason from quarantine order by id").fetchall()

    def counts(self) -> Counts:
        """The counts of all batches."""
        return totals(self.connection)

    # Checking --------------------------------------------------------------------------------------------------------

    def check_counts(self) -> None:
        """Rule 29 holds, and says the same as counting the tables."""
        said = self.counts()
        assert said.received == (said.posted + said.without_effect + said.superseded + said.waiting + said.quarantined + said.duplicate), said
        counted = self.recount()
        assert {name: getattr(said, name) for name in counted} == counted

    def recount(self) -> dict[str, int]:
        """Rule 29's counts, from the tables and from what this world has sent, without the engine's own counters."""
        execute = self.connection.execute
        versions = dict(execute("select identity, count(*) from fact group by 1").fetchall())
        refused = dict(execute("select coalesce(identity, ''), count(*) from quarantine group by 1").fetchall())
        claims = {i for (i,) in execute("select identity from quarantine where rule = 'match.claim'").fetchall()}
        waiting = {i for (i,) in execute("select distinct identity from waiting").fetchall()}
        standing = [json.loads(entries) for _, entries in self.effective()]
        posted = {posting[0] for posting in standing if posting[5]}
        found: Counter[str] = Counter()
        for identity, count in versions.items():
            reused = refused.get(identity, 0) - (identity in claims)
            found["superseded"] += count - reused - 1
            if identity in claims:
                status = "quarantined"
            elif identity in waiting:
                status = "waiting"
            else:
                status = "posted" if identity in posted else "without_effect"
            found[status] += 1
            found["quarantined"] += reused
        found["quarantined"] += refused.get("", 0)
        kept = sum(versions.values())
        return {
            "received": self.sent,
            "facts": kept,
            "duplicate": self.sent - kept - refused.get("", 0),
            **{name: found[name] for name in ("posted", "without_effect", "superseded", "waiting", "quarantined")},
        }
