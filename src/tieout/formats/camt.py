"""Reads ISO 20022 bank statements (camt.052, 053 and 054) into balances, entries and transactions; no business.

The element names have been stable from version 01 on, so elements are matched by local name and any version of the
three messages is read. What differs: from version 04 on a status is `<Sts><Cd>BOOK</Cd></Sts>` instead of text, from
version 08 on a party hides under `<Pty>` and dates of a balance may be times.
"""

import re
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree as SafeTree
import msgspec
from defusedxml.common import DefusedXmlException

from tieout.core.values import ZERO, exact

DOCUMENT_MAX = 16 * 1024 * 1024
ENTRIES_MAX = 100_000
TAGS_MAX = 1_500_000
"""Most tags of one message: a tree costs far more memory than its text."""
REPORTS = {"BkToCstmrStmt": "Stmt", "BkToCstmrAcctRpt": "Rpt", "BkToCstmrDbtCdtNtfctn": "Ntfctn"}
"""Message element -> its statements: 053, 052 and 054."""
WRAPPERS_MAX = 4
"""How many envelopes (`RequestPayload`, `Document`) may stand around a message."""
OPENING = ("OPBD", "PRCD")
CLOSING = ("CLBD",)


AMOUNTS = (("Amt",), ("AmtDtls", "TxAmt", "Amt"), ("AmtDtls", "InstdAmt", "Amt"))
"""Where a transaction's amount may stand, best first."""

_VERSION = re.compile(r"V\d\d$")


class NotCamt(Exception):
    """The bytes are no camt message we read; says the rule and the reason, and the line if there is one."""

    def __init__(self, rule: str, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.rule = rule
        self.reason = reason
        self.line = line


class Remittance(msgspec.Struct, frozen=True):
    """A referred document: its number, its type code (`CINV`, `CREN`), and what is paid on it, if stated."""

    number: str
    type: str = ""
    amount: Decimal | None = None
    currency: str = ""


class Transaction(msgspec.Struct, frozen=True):
    """One transaction of an entry. `amount` is signed like the account: received is positive."""

    amount: Decimal | None
    currency: str
    end_to_end: str = ""
    reference: str = ""
    counterparty: str = ""
    text: str = ""
    remittance: tuple[Remittance, ...] = ()


class Entry(msgspec.Struct, frozen=True):
    """One booking. `amount` is signed: credits positive, debits negative, as the account moved.

    `is_reversal` says that it takes an earlier booking back; the sign already does. `status` is BOOK, PDNG, INFO
    or FUTR; `booked` and `valued` are a date or an aware or local time; `batch` counts the transactions of a batch.
    """

    amount: Decimal
    currency: str
    is_reversal: bool
    status: str
    booked: date | datetime | None
    valued: date | datetime | None
    servicer_reference: str
    entry_reference: str
    text: str
    transactions: tuple[Transaction, ...]
    batch: int = 0


class BankStatement(msgspec.Struct, frozen=True):
    """One statement of one account. Balances are signed; None where the message has none (054, intraday 052)."""

    id: str
    account: str
    currency: str
    created: datetime | None
    opening: Decimal | None
    closing: Decimal | None
    entries: tuple[Entry, ...]
    page: int = 1
    is_last_page: bool = True

    @property
    def booked_sum(self) -> Decimal:
        """The sum of the booked entries in the account's currency."""
        return sum((e.amount for e in self.entries if e.status == "BOOK"), ZERO)

    @property
    def difference(self) -> Decimal | None:
        """Closing balance less opening balance and booked entries: zero if the statement foots, None if not judgeable.

        Not judgeable are statements without both balances and single pages of a longer statement.
        """
        if self.opening is None or self.closing is None or self.page != 1 or not self.is_last_page:
            return None
        return self.closing - self.opening - self.booked_sum


class Fault(msgspec.Struct, frozen=True):
    """A statement or entry that cannot be read; the others are not affected."""

    place: str
    reason: str


def read(raw: bytes) -> list[BankStatement | Fault]:
    """All statements of a message. Raises NotCamt when the bytes are no camt.052, 053 or 054 message."""
    root = parse(raw)
    message, kind = _message(root)
    statements: list[BankStatement | Fault] = []
    for number, node in enumerate(_children(message, REPORTS[kind]), 1):
        place = f"{REPORTS[kind]}[{number}]"
        try:
            statement, faults = _statement(node, place)
            statements += [statement, *faults]
        except ValueError as bad:
            statements.append(Fault(place, str(bad)))
    return statements


def parse(raw: bytes) -> Element:
    """The XML tree. Raises NotCamt; document types and entities are refused, so nothing can expand."""
    if len(raw) > DOCUMENT_MAX:
        raise NotCamt("camt/too-long", f"The message is longer than {DOCUMENT_MAX:,} bytes.")
    if raw.count(b"<") > TAGS_MAX:
        raise NotCamt("camt/too-long", f"The message has more than {TAGS_MAX:,} tags.")
    try:
        root: Element = SafeTree.fromstring(raw, forbid_dtd=True)
    except DefusedXmlException as error:
        reason = "The XML declares a document type or entities; a bank message has neither."
        raise NotCamt("camt/entities", reason) from error
    except ParseError as error:
        line = error.position[0] if error.position else None
        raise NotCamt("camt/not-xml", f"The XML is not well formed: {error}.", line) from error
    except (ValueError, LookupError, RecursionError) as error:
        raise NotCamt("camt/not-xml", f"The XML cannot be read: {error}.") from error
    return root


def _message(root: Element) -> tuple[Element, str]:
    level = [root]
    for _ in range(WRAPPERS_MAX):
        for node in level:
            name = _VERSION.sub("", _name(node))
            if name in REPORTS:
                return node, name
        level = [child for node in level[:WRAPPERS_MAX] for child in node]
    namespace = root.tag.partition("}")[0].lstrip("{") if root.tag.startswith("{") else "none"
    raise NotCamt("camt/unknown", f"This is no camt.052, 053 or 054 message (namespace {namespace[:120]}).")


def _statement(node: Element, place: str) -> tuple[BankStatement, list[Fault]]:
    balances = _balances(node)
    currency = _text(node, "Acct", "Ccy") or next((c for _, c in balances.values() if c), "")
    entries: list[Entry] = []
    faults: list[Fault] = []
    for number, entry in enumerate(_children(node, "Ntry"), 1):
        if number > ENTRIES_MAX:
            faults.append(Fault(place, f"it has more than {ENTRIES_MAX:,} entries; the rest is not read"))
            break
        try:
            entries.append(_entry(entry, currency))
        except ValueError as bad:
            faults.append(Fault(f"{place}/Ntry[{number}]", str(bad)))
    statement = BankStatement(
        id=_text(node, "Id"),
        account=_text(node, "Acct", "Id", "IBAN") or _text(node, "Acct", "Id", "Othr", "Id"),
        currency=currency,
        created=_time(_text(node, "CreDtTm")),
        opening=_balance(balances, OPENING, currency),
        closing=None if faults else _balance(balances, CLOSING, currency),
        entries=tuple(entries),
        page=int(_text(node, "StmtPgntn", "PgNb") or 1),
        is_last_page=(_text(node, "StmtPgntn", "LastPgInd") or "true") in ("true", "1"),
    )
    return statement, faults


def _balances(node: Element) -> dict[str, tuple[Decimal, str]]:
    """Signed balances by type code; of several of one type the first counts for opening and the last for closing."""
    found: dict[str, tuple[Decimal, str]] = {}
    for balance in _children(node, "Bal"):
        code = _text(balance, "Tp", "CdOrPrtry", "Cd")
        if code not in found or code in CLOSING:
            found[code] = _signed(balance)
    return found


def _balance(found: dict[str, tuple[Decimal, str]], codes: tuple[str, ...], currency: str) -> Decimal | None:
    for code in codes:
        if code in found:
            amount, stated = found[code]
            return amount if stated == currency else None
    return None


def _entry(node: Element, account_currency: str) -> Entry:
    amount, currency = _signed(node)
    if not currency:
        raise ValueError("the amount has no currency")
    details = [d for group in _children(node, "NtryDtls") for d in _children(group, "TxDtls")]
    count = sum(int(_text(group, "Btch", "NbOfTxs") or 0) for group in _children(node, "NtryDtls"))
    return Entry(
        amount=amount,
        currency=currency or account_currency,
        is_reversal=_text(node, "RvslInd") in ("true", "1"),
        status=_text(node, "Sts", "Cd") or _text(node, "Sts") or "BOOK",
        booked=_day_or_time(node, "BookgDt"),
        valued=_day_or_time(node, "ValDt"),
        servicer_reference=_text(node, "AcctSvcrRef"),
        entry_reference=_text(node, "NtryRef"),
        text=_text(node, "AddtlNtryInf"),
        transactions=tuple(_transaction(detail, amount) for detail in details),
        batch=count,
    )


def _transaction(node: Element, entry_amount: Decimal) -> Transaction:
    """A transaction's own direction wins over its entry's; its amount may stand in three places."""
    places = (_first(node, *path) for path in AMOUNTS)
    place = next((found for found in places if found is not None), None)
    amount, currency = (None, "") if place is None else (_number(place), place.get("Ccy", ""))
    if amount is not None:
        direction = _text(node, "CdtDbtInd") or ("DBIT" if entry_amount < 0 else "CRDT")
        amount = -amount if direction == "DBIT" else amount
        amount = amount or ZERO
    party = "Cdtr" if (amount if amount is not None else entry_amount) < 0 else "Dbtr"
    name = _text(node, "RltdPties", party, "Nm") or _text(node, "RltdPties", party, "Pty", "Nm")
    return Transaction(
        amount=amount,
        currency=currency,
        end_to_end=_stated(_text(node, "Refs", "EndToEndId")),
        reference=_stated(_text(node, "Refs", "AcctSvcrRef") or _text(node, "Refs", "TxId")),
        counterparty=name,
        text=" ".join(_content(t) for info in _children(node, "RmtInf") for t in _children(info, "Ustrd")),
        remittance=tuple(_remittances(node)),
    )


def _remittances(node: Element) -> Iterator[Remittance]:
    for info in _children(node, "RmtInf"):
        for part in _children(info, "Strd"):
            documents = [d for d in _children(part, "RfrdDocInf") if _text(d, "Nb")]
            amount = _first(part, "RfrdDocAmt", "RmtdAmt")
            for document in documents:
                type_ = _text(document, "Tp", "CdOrPrtry", "Cd")
                if amount is None or len(documents) > 1:
                    yield Remittance(_text(document, "Nb"), type_)
                else:
                    yield Remittance(_text(document, "Nb"), type_, _number(amount), amount.get("Ccy", ""))


def _signed(node: Element) -> tuple[Decimal, str]:
    place = _first(node, "Amt")
    if place is None:
        raise ValueError("it has no amount")
    direction = _text(node, "CdtDbtInd")
    if direction not in ("CRDT", "DBIT"):
        raise ValueError(f"it is neither a credit nor a debit but {direction[:20]!r}")
    amount = _number(place)
    return (-amount if direction == "DBIT" and amount else amount), place.get("Ccy", "")


def _number(node: Element) -> Decimal:
    text = _content(node)
    try:
        return exact(text)
    except ArithmeticError as bad:
        raise ValueError(f"{text[:40]!r} has too many digits") from bad


def _stated(text: str) -> str:
    """A reference, unless it is the standard's way of saying that there is none."""
    return "" if text.upper() == "NOTPROVIDED" else text


def _day_or_time(node: Element, name: str) -> date | datetime | None:
    moment = _text(node, name, "DtTm")
    if moment:
        return _time(moment)
    day = _text(node, name, "Dt")
    return date.fromisoformat(day[:10]) if day else None


def _time(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _name(node: Element) -> str:
    return str(node.tag).rpartition("}")[2]


def _children(node: Element, name: str) -> Iterator[Element]:
    return (child for child in node if _name(child) == name)


def _first(node: Element | None, *path: str) -> Element | None:
    for name in path:
        if node is None:
            return None
        node = next(_children(node, name), None)
    return node


def _text(node: Element, *path: str) -> str:
    return _content(_first(node, *path))


def _content(node: Element | None) -> str:
    return "" if node is None or node.text is None else node.text.strip()
