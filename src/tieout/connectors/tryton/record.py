"""The shapes of polled records, as Tryton's JSON-RPC writes them: dates and decimals are objects with a class, `party.` is a related record."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import msgspec

from tieout.core.values import exact


class Day(msgspec.Struct, frozen=True):
    """A date."""

    year: int
    month: int
    day: int

    @property
    def date(self) -> date:
        """As a date. Raises ValueError."""
        return date(self.year, self.month, self.day)


class Moment(Day, frozen=True):
    """A server time; Tryton's are UTC."""

    hour: int
    minute: int
    second: int
    microsecond: int

    @property
    def utc(self) -> datetime:
        """As an aware datetime. Raises ValueError."""
        return datetime(self.year, self.month, self.day, self.hour, self.minute, self.second, self.microsecond, UTC)


class Amount(msgspec.Struct, frozen=True):
    """An exact number."""

    decimal: str

    @property
    def number(self) -> Decimal:
        """Its value. Raises ValueError."""
        return exact(self.decimal)


class Coded(msgspec.Struct, frozen=True):
    """A related record with a code: a party, a currency, a product, a warehouse."""

    id: int
    code: str | None = None


class Unit(msgspec.Struct, frozen=True):
    """A unit of measure; `factor` and `rate` say how much of its category's base it is, one of them exactly."""

    id: int
    symbol: str | None = None
    factor: Decimal = Decimal(1)
    rate: Decimal = Decimal(1)


def size(factor: Decimal, rate: Decimal) -> Fraction:
    """How much of its category's base a unit is: of factor and rate, both rounded by Tryton, the one with fewer digits is exact.

    Raises ValueError when one of them is not above zero.
    """
    if factor <= 0 or rate <= 0:
        raise ValueError("a unit's factor and rate are above zero")
    exactly, inverse = Fraction(factor), Fraction(rate)
    return exactly if exactly.denominator <= inverse.denominator else 1 / inverse


class Numbered(msgspec.Struct, frozen=True):
    """A related document with its number."""

    id: int
    number: str | None = None


class Booking(msgspec.Struct, frozen=True):
    """The account move behind a line, with what its maker wrote on it."""

    id: int
    description: str | None = None
    origin: str | None = None


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What every record has."""

    id: int
    create_date: Moment
    write_date: Moment | None = None

    @property
    def changed(self) -> datetime:
        """When the record was last written."""
        return (self.write_date or self.create_date).utc


class SaleLine(Record, frozen=True, kw_only=True):
    """A line of a sale; `moves_ignored` are cancelled moves that nobody will make again."""

    type: str = "line"
    product: Coded | None = msgspec.field(default=None, name="product.")
    quantity: Decimal | None = None
    unit: Unit | None = msgspec.field(default=None, name="unit.")
    unit_price: Amount | None = None
    amount: Amount | None = None
    moves_ignored: tuple[int, ...] = ()


class Amendment(Record, frozen=True, kw_only=True):
    """A change of a sale in process; in the description of ours stands what it took out of which line."""

    description: str | None = None
    state: str


class Move(Record, frozen=True, kw_only=True):
    """A stock move."""

    product: Coded | None = msgspec.field(default=None, name="product.")
    quantity: Decimal
    unit: Unit | None = msgspec.field(default=None, name="unit.")
    state: str
    effective_date: Day | None = None
    from_location: int | None = None
    to_location: int | None = None
    origin: str | None = None
    sale: Numbered | None = msgspec.field(default=None, name="sale.")


class Sale(Record, frozen=True, kw_only=True):
    """The head of a sale or a return."""

    number: str | None = None
    reference: str | None = None
    description: str | None = None
    state: str
    sale_date: Day | None = None
    currency: Coded = msgspec.field(name="currency.")
    party: Coded | None = msgspec.field(default=None, name="party.")
    warehouse: Coded | None = msgspec.field(default=None, name="warehouse.")
    tax_amount: Amount | None = None
    total_amount: Amount | None = None


class SaleDocument(msgspec.Struct, frozen=True):
    """A sale with its lines, the ignored moves of these, and its amendments."""

    model: str
    record: Sale
    lines: tuple[SaleLine, ...] = ()
    ignored: tuple[Move, ...] = ()
    amendments: tuple[Amendment, ...] = ()


class Shipment(Record, frozen=True, kw_only=True):
    """The head of a customer shipment, or of a customer's return shipment."""

    number: str | None = None
    reference: str | None = None
    state: str
    effective_date: Day | None = None
    customer: Coded | None = msgspec.field(default=None, name="customer.")
    warehouse: Coded | None = msgspec.field(default=None, name="warehouse.")


class ShipmentDocument(msgspec.Struct, frozen=True):
    """A shipment with the moves between the warehouse and the customer."""

    model: str
    record: Shipment
    moves: tuple[Move, ...] = ()


class Location(msgspec.Struct, frozen=True):
    """A place of the stock; its warehouse is the nearest one above it."""

    id: int
    type: str
    code: str | None = None
    parent: int | None = None


class Carrier(msgspec.Struct, frozen=True):
    """The shipment that a move belongs to, as far as it says which command made it."""

    id: int
    reference: str | None = None


class MoveDocument(msgspec.Struct, frozen=True):
    """A done move across the border of a warehouse, with the places it ran between and the shipment it belongs to."""

    model: str
    record: Move
    locations: tuple[Location, ...] = ()
    shipments: tuple[Carrier, ...] = ()


class Origin(msgspec.Struct, frozen=True):
    """What an invoice line invoices: a line of a sale (`sale`) or of the invoice that it credits (`invoice`, `origin`)."""

    id: int
    quantity: Decimal | None = None
    sale: Numbered | None = msgspec.field(default=None, name="sale.")
    invoice: Numbered | None = msgspec.field(default=None, name="invoice.")
    origin: str | None = None


class InvoiceLine(Record, frozen=True, kw_only=True):
    """A line of an invoice; `origin` is `model,id`."""

    type: str = "line"
    product: Coded | None = msgspec.field(default=None, name="product.")
    quantity: Decimal | None = None
    unit: Unit | None = msgspec.field(default=None, name="unit.")
    amount: Amount | None = None
    origin: str | None = None


class Payment(Record, frozen=True, kw_only=True):
    """A line of the receivable: what is to be paid, or was."""

    date: Day
    debit: Amount
    credit: Amount
    maturity_date: Day | None = None
    move: Booking | None = msgspec.field(default=None, name="move.")


class Invoice(Record, frozen=True, kw_only=True):
    """The head of a customer invoice or credit note."""

    number: str | None = None
    description: str | None = None
    state: str
    invoice_date: Day | None = None
    currency: Coded = msgspec.field(name="currency.")
    party: Coded | None = msgspec.field(default=None, name="party.")
    tax_amount: Amount | None = None
    total_amount: Amount | None = None
    cancel_move: Booking | None = msgspec.field(default=None, name="cancel_move.")
    lines_to_pay: tuple[int, ...] = ()
    payment_lines: tuple[int, ...] = ()


class InvoiceDocument(msgspec.Struct, frozen=True):
    """An invoice with its lines, the lines they invoice or credit, and its payments."""

    model: str
    record: Invoice
    lines: tuple[InvoiceLine, ...] = ()
    sold: tuple[Origin, ...] = ()
    credited: tuple[Origin, ...] = ()
    payments: tuple[Payment, ...] = ()


class Product(Record, frozen=True, kw_only=True):
    """A product: the unit it is kept in, the one it is sold in, and what one of the former costs in the company's currency."""

    code: str | None = None
    default_uom: Unit = msgspec.field(name="default_uom.")
    sale_uom: Unit = msgspec.field(name="sale_uom.")
    cost_price: Amount | None = None


class ProductDocument(msgspec.Struct, frozen=True):
    """A product."""

    model: str
    record: Product


class ListDocument(msgspec.Struct, frozen=True):
    """All records of a model at one instant of the server's clock: what is not in it does not exist (any more)."""

    model: str
    listed: tuple[int, ...]
    at: datetime
