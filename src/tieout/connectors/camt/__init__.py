"""Bank statements in ISO 20022 camt.052, 053 and 054: what the bank credited and debited, entry by entry."""

from collections.abc import Iterator
from typing import BinaryIO

from tieout.connectors import DOCUMENT_MAX, Document, Manifest, Option, Refused, System
from tieout.connectors.camt.entries import facts_of
from tieout.connectors.camt.payouts import PATTERN as PAYOUT_PATTERN
from tieout.core.facts import Refusal, Statement
from tieout.core.values import SourceRef, plain
from tieout.formats.camt import BankStatement, Fault, NotCamt, read

MANIFEST = Manifest(
    name="camt",
    title="Bank statement (ISO 20022 camt)",
    states=("CashReceived", "CashPaid", "PayoutReceived"),
    options=(
        Option("erp_system", "str", "erp", "the system whose invoices customers and we pay"),
        Option("invoice_pattern", "regex", r"\bINV-?\d+\b", "how an invoice number looks in a free remittance text"),
        Option(
            "payouts",
            "table of text",
            "{}",
            "who pays out what marketplaces owe us: the counterparty's name as the bank writes it, and the system whose payouts these are.",
        ),
        Option(
            "remittances",
            "table of text",
            "{}",
            "which customers send remittance advice by EDI: the payer's name as the bank writes it, and `system/partner`, the EDI system and "
            "the interchange identifier of whose advice it is. What he pays stands on the remittance that the end-to-end reference names.",
        ),
        Option(
            "payout_pattern", "regex", PAYOUT_PATTERN, "how a payout's number looks in such a payment's text; the first group, if it has one"
        ),
    ),
)

KEPT = 64 * 1024
NEXT_STEP = "Fetch the statement again; if it is the same, ask the bank. Other statements are not affected."


def split(stream: BinaryIO, origin: str, system: System) -> Iterator[Document | Refused]:
    """One document: the whole message. A statement foots only as a whole, so it is not cut further."""
    raw = _read(stream)
    document = Document(raw[:KEPT] if len(raw) > DOCUMENT_MAX else raw, origin, contract="camt")
    if len(raw) > DOCUMENT_MAX:
        reason = f"The message is longer than {DOCUMENT_MAX:,} bytes."
        yield Refused(document, _refusal(document, "camt/too-long", reason))
    elif raw.strip():
        yield document


def translate(document: Document, system: System) -> Iterator[Statement]:
    """One fact per transaction of a booked entry, and a refusal for each statement that does not foot.

    A statement that does not foot still states its entries: they are the bank's word, and holding back 400 of them
    for one cent would hide more than it protects. The refusal names both sums and stays until a new version foots.
    """
    try:
        statements = read(document.raw)
    except NotCamt as bad:
        yield _refusal(document, bad.rule, bad.reason, line=bad.line)
        return
    if not statements:
        yield _refusal(document, "camt/empty", "The message holds no statement.")
    for statement in statements:
        if isinstance(statement, Fault):
            yield _refusal(document, "camt/entry", f"It cannot be read: {statement.reason}.", statement.place)
        else:
            yield from _unbalanced(document, statement)
            yield from facts_of(statement, document, system)


def _unbalanced(document: Document, statement: BankStatement) -> Iterator[Refusal]:
    if not statement.difference or statement.opening is None or statement.closing is None:
        return
    reached = plain(statement.opening + statement.booked_sum)
    reason = (
        f"Opening balance {plain(statement.opening)} and entries {plain(statement.booked_sum)} make {reached} "
        f"{statement.currency}, but the closing balance is {plain(statement.closing)}. The entries are kept."
    )
    yield _refusal(document, "camt/balance", reason, f"statement {statement.id}")


def _read(stream: BinaryIO) -> bytes:
    parts, size = [], 0
    while size <= DOCUMENT_MAX and (part := stream.read(min(1 << 20, DOCUMENT_MAX + 1 - size))):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def _refusal(document: Document, rule: str, reason: str, place: str = "", line: int | None = None) -> Refusal:
    source = SourceRef(document.origin, line or document.line, document.byte, place)
    return Refusal(source, rule, reason, NEXT_STEP)
