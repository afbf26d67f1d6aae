"""One row of a report: its cells by column name, or the refusal that names row and column."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import msgspec

from tieout.connectors import System
from tieout.connectors.edi_documents import refusal
from tieout.core.facts import Refusal
from tieout.core.values import SourceRef, day_start, exact
from tieout.formats.delimited import Row

NEEDED = ("settlement-id", "transaction-type", "order-id", "amount-type", "amount-description", "amount", "posted-date")
HEADER_NEEDED = ("total-amount", "currency")
NUMBER = re.compile(r"-?[0-9]{1,15}(?:[.,][0-9]{1,9})?\Z")
ZONE = re.compile(r"(?: (?:UTC|GMT)|Z)\Z")
CURRENCY = re.compile(r"[A-Z]{3}\Z")
SETTLEMENT = re.compile(r"[A-Za-z0-9_.-]{1,60}\Z")
TEXT_MAX = 100
CORRECT = "Fetch the report again; if it stays so, correct the row by hand and import the file."


class Unreadable(Exception):
    """A row cannot be read; caught in `translation`, where it becomes a refusal of that row alone."""

    def __init__(self, rule: str, column: str, reason: str, next_step: str = CORRECT) -> None:
        super().__init__(reason)
        self.rule = f"settlement/{rule}"
        self.column = column
        self.reason = reason
        self.next_step = next_step


class Header(msgspec.Struct, frozen=True):
    """The first row of a settlement: its total and what its lines do not say themselves. Times are UTC."""

    settlement: str
    currency: str
    total: str
    start: datetime | None
    end: datetime
    deposit: datetime


class Cells:
    """The cells of a row by the names of the columns."""

    def __init__(self, row: Row, columns: tuple[str, ...], system: System) -> None:
        self.row = row
        self.system = system
        self.values = dict(zip(columns, (cell.strip() for cell in row.cells), strict=False))

    def get(self, column: str) -> str:
        """A cell without surrounding blanks; empty if it is absent."""
        return self.values.get(column, "")

    def settlement(self) -> str:
        """The settlement's id, which every row has."""
        value = self.get("settlement-id")
        if not SETTLEMENT.match(value):
            raise Unreadable("settlement-id", "settlement-id", f"The settlement id is {value[:TEXT_MAX]!r}.")
        return value

    def amount(self, column: str) -> Decimal:
        """A number with a decimal point or comma, which must be there; its sign is the marketplace's own."""
        value = self.get(column)
        if not NUMBER.match(value):
            what = f"{value[:TEXT_MAX]!r} is not a number" if value else "it is empty"
            raise Unreadable("amount", column, f"{column}: {what}.")
        return exact(value.replace(",", "."))

    def moment(self, column: str) -> datetime | None:
        """A date, or date and time, as ISO 8601 or DD.MM.YYYY; None if it is empty. A time without zone is the system's."""
        value = self.get(column)
        if not value:
            return None
        try:
            return _moment(value, self.system.timezone)
        except (ValueError, OverflowError) as bad:
            reason = f"{column}: {value[:TEXT_MAX]!r} is not a date such as 2024-01-31 or 31.01.2024."
            raise Unreadable("date", column, reason) from bad

    def day(self, column: str) -> date | None:
        """The local day of a date."""
        found = self.moment(column)
        return None if found is None else found.astimezone(ZoneInfo(self.system.timezone)).date()

    def header(self) -> Header:
        """The row as the head of its settlement."""
        currency = self.get("currency").upper()
        if not CURRENCY.match(currency):
            raise Unreadable("currency", "currency", f"The currency is {currency[:TEXT_MAX]!r}, not an ISO 4217 code.")
        end = self.moment("settlement-end-date") or self.moment("deposit-date")
        if end is None:
            raise Unreadable("date", "settlement-end-date", "Neither settlement-end-date nor deposit-date says when this was.")
        total = self.amount("total-amount")
        start = self.moment("settlement-start-date")
        return Header(self.settlement(), currency, str(total), start, end, self.moment("deposit-date") or end)

    def refusal(self, origin: str, unreadable: Unreadable) -> Refusal:
        """What was raised, as a value."""
        source = SourceRef(origin, self.row.line, self.row.byte, f"column {unreadable.column}" if unreadable.column else "row")
        return refusal(source, unreadable.rule, unreadable.reason, unreadable.next_step)


def _moment(text: str, zone: str) -> datetime:
    bare = ZONE.sub("", text)
    if re.match(r"[0-9]{2}\.[0-9]{2}\.[0-9]{4}", bare):
        bare = f"{bare[6:10]}-{bare[3:5]}-{bare[:2]}{bare[10:]}"
    if len(bare) == len("2024-01-31"):
        return day_start(date.fromisoformat(bare), zone)
    found = datetime.fromisoformat(bare)
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC if bare != text else ZoneInfo(zone))
    return found.astimezone(UTC)
