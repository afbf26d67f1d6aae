"""The clearing account and what moves on it: entries, postings, balances. Which accounts exist is said in `flows/`."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from tieout.core.act import Act
from tieout.core.facts import FactType, Form
from tieout.core.values import EXACT, ZERO, Role, Side


class Take(StrEnum):
    """Which part of a fact an account takes, and on which subject it lands."""

    GOODS = "goods"
    """Goods lines, on each line's subject, per order line or item: quantity and, if stated, value."""
    LINES = "lines"
    """Goods lines and charges (freight, tax, discount, each a key of its own)."""
    EACH = "each"
    """Every line's quantity on the line's subject as a whole (a stock position, a parcel, a group)."""
    AMOUNT = "amount"
    """Every line's value on the line's subject as a whole (an invoice)."""
    LABELLED = "labelled"
    """Every line's value on the line's subject, one key per charge label."""
    ONCE = "once"
    """The document counts one, on the subject of its first line. Its key is the number it is about: `data["about"]`, else its own."""
    DOCUMENT = "document"
    """The document's total on the document itself."""
    BELOW_ZERO = "below_zero"
    """How far every line's quantity is below zero, on the line's subject as a whole (a stock position)."""
    PARCELS = "parcels"
    """One parcel per tracking number, on the parcel."""
    AGAINST = "against"
    """The document's total on the document that `data["against"]` names."""
    AGAINST_MINUS = "against_minus"
    """The same with the opposite sign."""


class Measure(StrEnum):
    """What has to come to zero on an account."""

    QUANTITY = "quantity"
    VALUE = "value"
    BOTH = "both"
    PRICE = "price"
    """Only the price of what is on both sides; open quantity is another account's matter."""


class Ageing(StrEnum):
    """Rule 13: by the oldest uncovered entry, or by how long a flow has stood on one side."""

    FIFO = "fifo"
    STANDING = "standing"


class Within(msgspec.Struct, frozen=True):
    """How long the owing party has: plain hours, or business days of a calendar with its cut-off."""

    hours: int = 0
    business_days: int = 0
    calendar: str = ""

    def __str__(self) -> str:
        if self.business_days:
            return f"{self.business_days} business days ({self.calendar or 'default'} calendar)"
        if self.hours % 24 or not self.hours:
            return f"{self.hours} h"
        return f"{self.hours // 24} {'day' if self.hours == 24 else 'days'}"


def hours(count: int) -> Within:
    """A deadline in elapsed hours."""
    return Within(hours=count)


def days(count: int) -> Within:
    """A deadline in elapsed days."""
    return Within(hours=24 * count)


def business_days(count: int, calendar: str = "") -> Within:
    """A deadline at the close of the n-th business day; what comes after the cut-off counts from the next day."""
    return Within(business_days=count, calendar=calendar)


class Expectation(msgspec.Struct, frozen=True):
    """What a residual on one side means, who owes the next step and within which time; `command` is the step if a system can be told."""

    meaning: str
    owed_by: Role
    team: str
    within: Within
    command: Act | None = None


class ClearingAccount(msgspec.Struct, frozen=True):
    """One expectation between two parties. `debit` raises it, `credit` clears it; a residual is an open item.

    `over` is the residual on the debit side, `under` on the credit side. `layers` names the accounts whose debit
    entries price this account's quantities (first that has any), `own_due` that a deadline stated by the fact itself
    is this account's, `upstream` those that may already show the same difference, `explained_by` those whose open
    quantity explains a difference here, `covered_by` those whose raised quantity of the same key stands for what would clear
    this one's, `supplied_by` those whose open quantity of the same key is still to come from elsewhere, so that it cannot be asked for
    here yet, `blocked_by` those that hold this one back while open, `only_if` a policy
    switch per fact type. `asked` is what the customer must have asked for with his order (its data `takes`): without it nothing is
    ever owed, and a project that nobody asks keeps no such account. `singly`: each key is a document that is commanded alone.
    """

    code: str
    name: str
    flow: str
    subject: str
    debit: dict[FactType, Take]
    credit: dict[FactType, Take]
    over: Expectation
    under: Expectation
    measure: Measure = Measure.QUANTITY
    ageing: Ageing = Ageing.FIFO
    layers: tuple[str, ...] = ()
    own_due: bool = False
    upstream: tuple[str, ...] = ()
    explained_by: tuple[str, ...] = ()
    covered_by: tuple[str, ...] = ()
    supplied_by: tuple[str, ...] = ()
    blocked_by: tuple[str, ...] = ()
    only_if: dict[FactType, str] = {}
    asked: str = ""
    singly: bool = False
    doc: str = ""

    @property
    def compares_states(self) -> bool:
        """True when both sides are statements of state: they can differ only since the later of the two."""
        return bool(self.debit and self.credit) and all(kind.form is Form.STATE for kind in (*self.debit, *self.credit))

    def expectation(self, side: Side) -> Expectation:
        """What a residual on `side` means."""
        return self.over if side is Side.DEBIT else self.under

    def clearing(self, side: Side) -> FactType | None:
        """The fact type that is expected to clear a residual on `side`: the first of the other side.

        What stands after it (a cancellation, say) clears too, but nobody waits for it. Where the other side is empty, what
        raises the account also clears it, by an amount of the opposite sign. None: nothing is expected.
        """
        mine, other = (self.debit, self.credit) if side is Side.DEBIT else (self.credit, self.debit)
        return next(iter(other or mine), None)


class Row(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One line of a posting: key inside the subject, quantity in base unit, value, the fact's own due time, item."""

    key: str
    quantity: Decimal | None
    unit: str
    value: Decimal | None
    currency: str
    due: datetime | None
    item: str


class Group(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The product of moves (`SNI+` debit, `SNI-` credit) and rows: each row is an entry on each move's account."""

    moves: tuple[str, ...]
    rows: tuple[Row, ...]


class Posting(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one fact posts on one root; the sum of its entries, reversed only as a whole (rule 6).

    `notes` are the dimensions (customer, channel, warehouse, entity) and, for a decision, what it says.
    """

    identity: str
    revision: str
    kind: str
    occurred: datetime
    day: bool
    groups: tuple[Group, ...]
    notes: dict[str, str]


class Entry(msgspec.Struct, frozen=True):
    """A debit or credit on one account (rule 10), as expanded from a posting."""

    account: str
    side: Side
    key: str
    quantity: Decimal | None
    unit: str
    value: Decimal | None
    currency: str
    occurred: datetime
    day: bool
    due: datetime | None
    item: str
    identity: str
    revision: str
    kind: str


def entries(posting: Posting) -> Iterator[Entry]:
    """All entries of a posting."""
    for group in posting.groups:
        for move in group.moves:
            account, side = move[:-1], Side.DEBIT if move[-1] == "+" else Side.CREDIT
            for row in group.rows:
                yield Entry(
                    account, side, row.key, row.quantity, row.unit, row.value, row.currency, posting.occurred,
                    posting.day, row.due, row.item, posting.identity, posting.revision, posting.kind,
                )  # fmt: skip


class Sums(msgspec.Struct):
    """One side of a balance (rule 11): quantity, the part of it that carries a value, and that value."""

    quantity: Decimal = ZERO
    priced: Decimal = ZERO
    value: Decimal = ZERO
    count: int = 0

    def add(self, entry: Entry) -> None:
        """Add one entry."""
        self.count += 1
        if entry.quantity is not None:
            self.quantity = EXACT.add(self.quantity, entry.quantity)
        if entry.value is not None:
            self.value = EXACT.add(self.value, entry.value)
            if entry.quantity is not None:
                self.priced = EXACT.add(self.priced, entry.quantity)


class Balance(msgspec.Struct):
    """Debits and credits of one account and key in one unit and one currency; nothing of another is ever added."""

    unit: str
    currency: str
    debit: Sums = msgspec.field(default_factory=Sums)
    credit: Sums = msgspec.field(default_factory=Sums)

    @property
    def quantity(self) -> Decimal:
        """Debits less credits."""
        return EXACT.subtract(self.debit.quantity, self.credit.quantity)

    @property
    def value(self) -> Decimal:
        """Debits less credits, plain; the price residual of rule 12 is `evaluate.price_residual`."""
        return EXACT.subtract(self.debit.value, self.credit.value)
