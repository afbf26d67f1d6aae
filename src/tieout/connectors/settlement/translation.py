"""A report to statements: its total and payout, and for each day the sales, refunds, fees and reserves that were posted.

A day is one fact of each kind, so that a report which comes again, corrected, replaces what it said before; days on which
the whole report says nothing are stated as void for that reason.
"""

import io
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from tieout.connectors import Document, System
from tieout.connectors.edi_documents import refusal
from tieout.connectors.settlement.labels import Kind, Labels
from tieout.connectors.settlement.manifest import ORDER_PATTERN
from tieout.connectors.settlement.rows import Cells, Header, Unreadable
from tieout.core.facts import ARRIVAL, Fact, FactType, Line, Refusal, Statement
from tieout.core.facts.payment import Refunded
from tieout.core.facts.payout import FeeCharged, PayoutSent, ReserveMoved, SaleSettled, SettlementReported
from tieout.core.values import Ref, SourceRef, day_start, exact, normalise, plain, ref
from tieout.formats.delimited import Dialect, Fault, rows

REFUNDS = frozenset(("refund", "chargeback refund", "a-to-z guarantee refund", "guarantee claim refund"))
"""Transaction types that give a customer money back."""
KINDS: dict[FactType, str] = {SaleSettled: "settled_sales", FeeCharged: "settled_fees", ReserveMoved: "settled_reserve", Refunded: "refund"}
"""What is stated for each day, and the type of its document."""
RESERVE = "RESERVE"
"""The reserve is the account's: what one settlement withholds the next one releases."""
SPAN_MAX = 62
"""Longest settlement, in days, whose empty days are stated as void."""
SHOWN_MAX = 10
ONCE = "Fetch the report again; it should begin with the settlement's total, once."


class Days:
    """The lines of all settlements in a document, by settlement, kind of fact and day."""

    def __init__(self, system: System, part: int, heads: dict[str, Header]) -> None:
        self.system = system
        self.part = part
        self.heads = heads
        self.labels = Labels({str(k): str(v) for k, v in dict(system.options.get("labels") or {}).items()})
        self.order = re.compile(str(system.options.get("order_pattern") or ORDER_PATTERN))
        self.orders = str(system.options.get("order_system") or system.name)
        self.lines: dict[tuple[str, FactType, date], list[Line]] = {}
        self.notes: dict[tuple[str, FactType, date], dict[str, dict[str, None]]] = {}

    def add(self, cells: Cells) -> None:
        """Take a line. Raises Unreadable."""
        settlement = cells.settlement()
        head = self.heads.get(settlement)
        if head is None:
            reason = f"No row before this one says the total and the currency of settlement {settlement}."
            raise Unreadable("no-total", "settlement-id", reason, ONCE)
        amount = cells.amount("amount")
        day = cells.day("posted-date") or cells.day("posted-date-time") or _day(head, self.system)
        triple = (cells.get("transaction-type"), cells.get("amount-type"), cells.get("amount-description"))
        meaning = self.labels.meaning(*triple)
        whole = self._settlement(settlement)
        match meaning.kind:
            case Kind.FEE:
                at = settlement, FeeCharged, day
                self._line(at, cells, whole, -amount, meaning.label)
                if not meaning.is_known:
                    self._note(at, "unknown", "/".join(triple))
            case Kind.RESERVE:
                self._line((settlement, ReserveMoved, day), cells, ref(self.system.name, "settlement", RESERVE), -amount, triple[2])
            case Kind.SALE:
                self._sale((settlement, SaleSettled, day), cells, whole, amount, triple)

    def _sale(self, at: tuple[str, FactType, date], cells: Cells, whole: Ref, amount: Decimal, triple: tuple[str, str, str]) -> None:
        """A sale belongs to an order only if the id is an order's; else it stays with the settlement, for a person to see."""
        number = cells.get("order-id")
        is_order = self.order.fullmatch(number) is not None
        subject = ref(self.orders, "order", number) if is_order else whole
        label = f"{triple[1]}/{triple[2]}"
        self._line(at, cells, subject, amount, label)
        if not is_order:
            self._note(at, "account level", number or "(no id)")
        elif triple[0].lower() in REFUNDS:
            self._line((at[0], Refunded, at[2]), cells, subject, -amount, label)

    def _line(self, at: tuple[str, FactType, date], cells: Cells, subject: Ref, value: Decimal, charge: str) -> None:
        lines = self.lines.setdefault(at, [])
        value = exact(value)
        lines.append(
            Line(
                line=str(len(lines) + 1),
                subject=subject,
                item=normalise(cells.get("sku"))[:120],
                order_line=cells.get("order-item-code")[:60],
                value=value,
                charge=charge[:200],
            )
        )

    def _note(self, at: tuple[str, FactType, date], name: str, text: str) -> None:
        self.notes.setdefault(at, {}).setdefault(name, {})[text[:200]] = None

    def _settlement(self, number: str) -> Ref:
        return ref(self.system.name, "settlement", number)

    def facts(self, source: SourceRef, *, whole: bool) -> Iterator[Fact]:
        """A fact per settlement, kind and day, in order; void where a whole report has none."""
        found = dict(self.lines)
        for head in self.heads.values() if whole else ():
            for day in _span(head, self.system):
                for kind in KINDS:
                    found.setdefault((head.settlement, kind, day), [])
        for (settlement, kind, day), lines in sorted(found.items(), key=lambda each: (each[0][0], each[0][2], each[0][1].name)):
            notes = self.notes.get((settlement, kind, day), {})
            data = {name: ", ".join(list(texts)[:SHOWN_MAX]) for name, texts in notes.items()}
            if lines and kind is not Refunded:
                data["against"] = self._settlement(settlement)
            yield Fact(
                kind=kind.name,
                system=self.system.name,
                type=KINDS[kind],
                number=normalise(settlement),
                scope=f"{day}" if self.part == 1 else f"{day}.{self.part}",
                happened=day_start(day, self.system.timezone),
                day=True,
                revision=ARRIVAL,
                currency=self.heads[settlement].currency,
                lines=tuple(lines),
                void=not lines,
                channel=self.system.name,
                entity=self.system.entity,
                data=data,
                source=source,
            )


def translate(document: Document, system: System) -> Iterator[Statement]:
    """Read one document: a total and a payout where it stands, the lines by day, a refusal for each row that cannot be read."""
    columns = msgspec.json.decode(document.meta.get("columns", "[]"), type=tuple[str, ...])
    stated = msgspec.json.decode(document.meta.get("heads", "[]"), type=list[Header])
    days = Days(system, int(document.meta.get("part", "1")), {head.settlement: head for head in stated})
    dialect = Dialect(document.meta.get("encoding", "utf-8"), "\t", "")
    is_whole = document.meta.get("whole") == "yes"
    for row in rows(io.BytesIO(document.raw), dialect, line=document.line, byte=document.byte):
        if isinstance(row, Fault):
            is_whole = False
            yield _unreadable(document, row)
        elif row.cells and any(cell.strip() for cell in row.cells):
            cells = Cells(row, columns, system)
            try:
                if cells.get("total-amount"):
                    yield from _head(cells, days, SourceRef(document.origin, row.line, row.byte, "row"))
                else:
                    days.add(cells)
            except Unreadable as unreadable:
                is_whole = False
                yield cells.refusal(document.origin, unreadable)
            except ValueError as bad:
                is_whole = False
                yield cells.refusal(document.origin, Unreadable("value", "", f"The row cannot be read: {bad}."))
    yield from days.facts(SourceRef(document.origin, document.line, document.byte, "lines"), whole=is_whole)


def _head(cells: Cells, days: Days, source: SourceRef) -> Iterator[Fact]:
    """The total of the settlement, and the payout that it announces."""
    head = cells.header()
    if head.settlement in days.heads:
        reason = f"The total of settlement {head.settlement} stands twice."
        raise Unreadable("total-twice", "total-amount", reason, ONCE)
    days.heads[head.settlement] = head
    system, total = days.system, exact(head.total)
    settlement, payout = ref(system.name, "settlement", head.settlement), ref(system.name, "payout", head.settlement)
    for kind, own, moment in ((SettlementReported, settlement, head.end), (PayoutSent, payout, head.deposit)):
        if kind is SettlementReported or total:
            yield Fact(
                kind=kind.name,
                system=system.name,
                type=own.split("/", 2)[1],
                number=own.split("/", 2)[2],
                happened=moment,
                revision=ARRIVAL,
                currency=head.currency,
                total=total,
                channel=system.name,
                entity=system.entity,
                links=((payout, settlement),) if kind is PayoutSent else (),
                data={"deposit": f"{head.deposit:%Y-%m-%d}", "total": plain(total)} if kind is SettlementReported else {},
                source=source,
            )


def _day(head: Header, system: System) -> date:
    """A row that bears no date counts on the settlement's last day."""
    return _local(head.end, system)


def _span(head: Header, system: System) -> list[date]:
    """The days of a settlement."""
    if head.start is None or not timedelta() <= head.end - head.start <= timedelta(days=SPAN_MAX):
        return []
    first, last = _local(head.start, system), _local(head.end, system)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _local(moment: datetime, system: System) -> date:
    return moment.astimezone(ZoneInfo(system.timezone)).date()


def _unreadable(document: Document, row: Fault) -> Refusal:
    source = SourceRef(document.origin, row.line, row.byte, "row")
    return refusal(source, f"settlement/{row.rule.rsplit('/', 1)[-1]}", f"{row.reason.rstrip('.')}.", row.next_step)
