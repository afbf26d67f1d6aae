"""What a booked bank entry says in Tieout's words: who was paid what, against which documents. Never a guess."""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from tieout.connectors import Document, System
from tieout.connectors.camt.payouts import is_payout, payout_of
from tieout.connectors.camt.remittances import remittance_of
from tieout.core.facts import ARRIVAL, Fact, Line, Refusal, Statement, revision_time
from tieout.core.values import ZERO, Ref, SourceRef, day_start, normalise, plain, ref, tidy
from tieout.formats.camt import BankStatement, Entry, Transaction

TEXT_MAX = 500
PATTERN = r"\bINV-?\d+\b"


class Part(msgspec.Struct, frozen=True):
    """One fact's share of an entry: its number, its signed amount and the transaction that explains it, if any."""

    number: str
    amount: Decimal
    transaction: Transaction | None
    note: str = ""


def facts_of(statement: BankStatement, document: Document, system: System) -> Iterator[Statement]:
    """The facts of all booked entries; pending and announced ones say nothing yet."""
    seen: Counter[str] = Counter()
    for index, entry in enumerate(statement.entries, 1):
        if entry.status != "BOOK":
            continue
        place = f"statement {statement.id}, entry {index}"
        try:
            number = _number(statement, entry, index)
            seen[number] += 1
            if seen[number] > 1:
                number = f"{number}-{seen[number]}"
            for part in _parts(entry, number):
                yield _fact(statement, entry, part, system)
        except (ValueError, OverflowError, ArithmeticError) as bad:
            source = SourceRef(document.origin, document.line, document.byte, place)
            reason = f"The entry cannot be read: {bad}."
            yield Refusal(source, "camt/entry", reason, "Ask the bank; the other entries are not affected.")


def _number(statement: BankStatement, entry: Entry, index: int) -> str:
    """The bank's reference of an entry, else its place in its statement. Raises ValueError."""
    number = normalise(entry.servicer_reference) or normalise(f"{statement.id} {entry.entry_reference or index}")
    if len(number) > 100 or not number.isprintable():
        raise ValueError("its reference is longer than 100 characters or not printable")
    return number


def _parts(entry: Entry, number: str) -> list[Part]:
    """The transactions, if their amounts make up the entry in its currency; else the entry as a whole."""
    transactions = entry.transactions
    if len(transactions) <= 1:
        return [Part(number, entry.amount, transactions[0] if transactions else None)]
    amounts = [t.amount for t in transactions if t.amount is not None and t.currency == entry.currency]
    if len(amounts) < len(transactions):
        return [Part(number, entry.amount, None, "its details lack amounts in the entry's currency")]
    if sum(amounts, ZERO) != entry.amount:
        return [Part(number, entry.amount, None, f"its details sum to {plain(sum(amounts, ZERO))}")]
    return [Part(f"{number}.{n}", amount, transaction) for n, (amount, transaction) in enumerate(zip(amounts, transactions, strict=True), 1)]


def _fact(statement: BankStatement, entry: Entry, part: Part, system: System) -> Fact:
    """A reversal takes money back in the direction it came: it is negative there, not a payment of its own.

    A payout is a payout in both directions: what a marketplace collects from us is a negative one.
    """
    is_credit = part.amount > 0 or (part.amount == 0 and entry.amount > 0)
    is_receipt = is_credit != entry.is_reversal
    amount = abs(part.amount) * (-1 if entry.is_reversal else 1)
    kind = "CashReceived" if is_receipt else "CashPaid"
    stated = _lines
    if is_payout(part.transaction, system):
        kind, amount, stated = "PayoutReceived", part.amount, _payout_lines
    happened, is_day = _happened(entry, statement, system)
    data = _data(entry, part)
    lines = stated(entry, part, tidy(amount), is_receipt, system, data)
    return Fact(
        kind=kind,
        system=system.name,
        type="bank_entry",
        number=part.number,
        partner=normalise(statement.account).replace("/", "-"),
        happened=happened,
        day=is_day,
        revision=ARRIVAL if statement.created is None else revision_time(_utc(statement.created, system)),
        currency=entry.currency,
        total=tidy(amount),
        lines=tuple(lines),
        entity=system.entity,
        data=data,
    )


def _happened(entry: Entry, statement: BankStatement, system: System) -> tuple[datetime, bool]:
    when = entry.booked or entry.valued or statement.created
    if when is None:
        raise ValueError("neither the entry nor its statement has a date")
    if isinstance(when, datetime):
        return _utc(when, system), False
    return day_start(when, system.timezone), True


def _utc(moment: date | datetime, system: System) -> datetime:
    assert isinstance(moment, datetime)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(system.timezone))
    return moment.astimezone(UTC)


def _data(entry: Entry, part: Part) -> dict[str, str]:
    transaction = part.transaction
    stated = {
        "end_to_end": transaction.end_to_end if transaction else "",
        "counterparty": transaction.counterparty if transaction else "",
        "text": (transaction.text if transaction else "") or entry.text,
        "note": part.note,
    }
    return {name: text[:TEXT_MAX] for name, text in stated.items() if text}


def _payout_lines(entry: Entry, part: Part, amount: Decimal, is_receipt: bool, system: System, data: dict[str, str]) -> Iterator[Line]:
    """The payout that is named; one that names none stands on the entry itself and waits for a decision."""
    named = payout_of(part.transaction, data.get("text", ""), system)
    if named is None:
        data["unmatched"] = "the text does not name one payout"
    yield Line(line="1", subject=named or ref(system.name, "bank_entry", part.number), value=amount)


def _lines(entry: Entry, part: Part, amount: Decimal, is_receipt: bool, system: System, data: dict[str, str]) -> Iterator[Line]:
    """One line per document paid; what no document explains stands on the entry itself and waits for a decision.

    Of a payer who sends remittance advice all of it stands on the remittance: the advice says which invoices it is for.
    """
    advised = remittance_of(part.transaction, system) if is_receipt else None
    if advised is not None:
        yield Line(line="1", subject=advised, value=amount)
        return
    type_ = "invoice" if is_receipt else "vendor_invoice"
    erp = str(system.options.get("erp_system", "erp"))
    rest = amount
    for n, (number, paid) in enumerate(_documents(entry, part, amount, system, data), 1):
        rest -= paid
        yield Line(line=str(n), subject=ref(erp, type_, number), value=tidy(paid))
    if rest:
        own = ref(system.name, "bank_entry", part.number)
        yield Line(line="rest", subject=Ref(own), value=tidy(rest))
        data.setdefault("unmatched", f"the documents named make {plain(amount - rest)} of {plain(amount)}")


def _documents(entry: Entry, part: Part, amount: Decimal, system: System, data: dict[str, str]) -> list[tuple[str, Decimal]]:
    """Document numbers and what is paid on each, signed like `amount`."""
    sign = -1 if amount < 0 else 1
    remittance = part.transaction.remittance if part.transaction else ()
    if len(remittance) == 1 and remittance[0].amount is None:
        return [(remittance[0].number, amount)]
    if remittance:
        return [
            (r.number, r.amount * sign * (-1 if r.type == "CREN" else 1))
            for r in remittance
            if r.amount is not None and r.currency in ("", entry.currency)
        ]
    found = _named(data.get("text", ""), system)
    if len(found) == 1:
        return [(found[0], amount)]
    data["unmatched"] = f"the text names {len(found)} invoices" if found else "no invoice is named"
    return []


def _named(text: str, system: System) -> list[str]:
    """The different invoice numbers in a free text; several are ambiguous and none is chosen."""
    pattern = str(system.options.get("invoice_pattern", PATTERN))
    try:
        found = [match.group() for match in re.finditer(pattern, text, re.IGNORECASE)]
    except re.error as bad:
        raise ValueError(f"option invoice_pattern is no regular expression: {bad}") from bad
    return list(dict.fromkeys(normalise(number) for number in found if number.strip()))
