"""One transaction set in the making: what its command says, in X12's spelling, and the sentence about what it lacks."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tieout.connectors import System
from tieout.connectors.edi_reading import ERP
from tieout.core.command import Command
from tieout.core.facts import Line
from tieout.core.values import EXACT, ZERO, Ref, exact, minor_unit, plain, ref_parts, round_money, times
from tieout.formats.x12 import Row

if TYPE_CHECKING:
    from tieout.connectors.x12.send.partner import Partner

NO_CHARACTER = "\ufffd"
"""Stands for NUL, which no database keeps."""
PRICE_DECIMALS = 9
SAC_CODES = {"freight": "D240", "discount": "C310", "tax": "H850"}
OTHER_CHARGE = "F050"
CARRIES_ADDRESS = ("street", "city", "state", "zip", "country")


class Unsendable(Exception):
    """The command lacks something or contradicts itself: what, and what to do about it. It becomes a refusal of the command."""

    def __init__(self, what: str, next_step: str) -> None:
        super().__init__(f"{what} {next_step}".replace("\0", NO_CHARACTER))


class Draft:
    """A command for a partner, made at a local time."""

    def __init__(self, command: Command, system: System, partner: "Partner", made: datetime) -> None:
        self.command = command
        self.system = system
        self.partner = partner
        self.made = made
        self.lines = command.content or command.lines
        self.goods = [line for line in self.lines if not line.charge]
        self.charges = [line for line in self.lines if line.charge]

    @property
    def made_day(self) -> str:
        """The local day the document is made, CCYYMMDD."""
        return self.made.strftime("%Y%m%d")

    def text(self, key: str, meaning: str) -> str:
        """Data that the set cannot do without."""
        value = self.command.data.get(key, "").strip()
        if not value:
            raise Unsendable(f"The command does not say {meaning}.", f"Give it the data `{key}`.")
        return value

    def day(self, key: str, meaning: str, instead: str | None = None) -> str:
        """A date in the data (`2025-06-10`) as CCYYMMDD, or `instead` if it is not there."""
        value = self.command.data.get(key, "").strip()
        if not value and instead is not None:
            return instead
        try:
            return date.fromisoformat(self.text(key, meaning)).strftime("%Y%m%d")
        except ValueError as bad:
            raise Unsendable(f"The data `{key}` is {value!r}, not a date such as 2025-06-10.", "Correct it.") from bad

    def instant(self, key: str) -> tuple[str, str] | None:
        """Local date and time of an instant in the data (ISO 8601 with offset), if it is there."""
        value = self.command.data.get(key, "").strip()
        if not value:
            return None
        try:
            moment = datetime.fromisoformat(value)
        except ValueError as bad:
            raise Unsendable(f"The data `{key}` is {value!r}, not an instant such as 2025-06-10T08:05:00Z.", "Correct it.") from bad
        local = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(ZoneInfo(self.system.timezone))
        return local.strftime("%Y%m%d"), local.strftime("%H%M")

    def last_day(self, deadline: datetime) -> str:
        """The local day that a deadline ends, CCYYMMDD."""
        return (deadline - timedelta(seconds=1)).astimezone(ZoneInfo(self.system.timezone)).strftime("%Y%m%d")

    def ours(self, type_: str, meaning: str) -> str:
        """The number of our own document among the command's references."""
        erp = str(self.system.options.get("erp_system") or ERP)
        return self._only(self._numbers(type_, erp), type_, meaning)

    def purchase_order(self) -> str:
        """The customer's own number of the order that the command, or all of its lines, is about."""
        numbers = self._numbers("order", self.system.name)
        return self._only([number.split(":", 1)[-1] for number in numbers], "order", "the customer's purchase order")

    def orders(self) -> dict[Ref, str]:
        """The customer's orders that the lines of goods are about, with the customer's own numbers; one of another partner is refused."""
        found = {}
        for line in self.goods:
            owner, type_, number = ref_parts(line.subject)
            if owner == self.system.name and type_ == "order":
                partner, _, found[line.subject] = number.rpartition(":")
                if partner and partner != self.partner.name:
                    raise Unsendable(f"Line {line.line} is for {partner}, this goes to {self.partner.name}.", "One document has one receiver.")
        if found and any(line.subject not in found for line in self.goods):
            raise Unsendable("Some lines name an order of the customer, some do not.", "Link what they are about to the customer's order.")
        return found

    def customer_order(self) -> str:
        """The one order number that channels know, without the customer's identifier; empty if there are several or none."""
        numbers = {number.split(":", 1)[-1] for number in self._numbers("order")}
        return numbers.pop() if len(numbers) == 1 else ""

    def need_goods(self) -> None:
        """A set without lines says nothing."""
        if not self.goods:
            raise Unsendable("The command has no lines of goods.", "See what is owed, and issue it anew.")

    def line_name(self, line: Line, position: int) -> str:
        """The partner's own line number."""
        if "+" in line.order_line:
            what = f"Line {line.order_line} is a group of several lines; the partner knows only single ones."
            raise Unsendable(what, "Divide its quantity among them and issue the command anew.")
        return line.order_line or str(position)

    def quantity(self, line: Line) -> str:
        """How many, which must be stated and positive."""
        if line.quantity is None or line.quantity <= ZERO:
            stated = "no quantity" if line.quantity is None else f"the quantity {plain(line.quantity)}"
            raise Unsendable(f"Line {line.line} has {stated}.", "Only quantities above zero can be sent.")
        return plain(line.quantity)

    def item(self, line: Line, qualifier: str) -> tuple[str, str]:
        """Qualifier and id of the item."""
        if not line.item:
            raise Unsendable(f"Line {line.line} names no item.", "Name it; the partner cannot know it otherwise.")
        return self.partner.item_qualifier or qualifier, line.item

    def price(self, line: Line) -> str:
        """The unit price: as stated in the data `price <line>`, else value by quantity where that is exact; never rounded."""
        stated = self.command.data.get(f"price {line.order_line or line.line}", "")
        quantity = line.quantity or ZERO
        if line.value is None or not quantity:
            return stated
        try:
            price = exact(stated) if stated else EXACT.divide(line.value, quantity).normalize(EXACT)
        except (ArithmeticError, ValueError) as bad:
            raise self._no_price(line) from bad
        exponent = price.as_tuple().exponent
        fits = isinstance(exponent, int) and exponent >= -PRICE_DECIMALS
        currency = self.command.currency
        if not fits or round_money(times(price, quantity), currency) != round_money(line.value, currency):
            raise self._no_price(line)
        return plain(price)

    def currency(self, party: str) -> list[Row]:
        """CUR, where amounts are stated."""
        return [("CUR", party, self.command.currency)] if self.command.currency else []

    def charge_rows(self, charges: Iterable[Line]) -> list[Row]:
        """SAC for every charge: an allowance where it lowers the total."""
        rows: list[Row] = []
        for line in charges:
            if line.value is None:
                raise Unsendable(f"The charge {line.line} has no amount.", "State it, or leave the charge out.")
            code = SAC_CODES.get(line.charge, OTHER_CHARGE)
            text = "" if line.charge in SAC_CODES else line.charge.upper()
            indicator = "A" if line.value < ZERO else "C"
            rows.append(("SAC", indicator, code, "", "", self.cents(abs(line.value), f"The charge {line.line}"), *[""] * 9, text))
        return rows

    def cents(self, amount: Decimal, what: str) -> str:
        """An amount of type N2: its decimals are implied, so it can have two only."""
        whole = times(amount, Decimal(100))
        if whole != whole.to_integral_value() or minor_unit(self.command.currency) < Decimal("0.01"):
            reason = f"{what} is {plain(amount)} {self.command.currency}; this segment has two decimals."
            raise Unsendable(reason, "State an amount in cents, or use another way for this currency.")
        return plain(whole)

    def parties(self, code: str, prefix: str) -> list[Row]:
        """N1, N3 and N4 of a party from the data `<prefix>`, `<prefix>_id`, `<prefix>_street` and so on; nothing if it is not named."""
        data = {key: plain_text(self.command.data.get(f"{prefix}_{key}", "")) for key in ("id", *CARRIES_ADDRESS)}
        name = plain_text(self.command.data.get(prefix, ""))
        if not name and not data["id"]:
            return []
        rows: list[Row] = [("N1", code, name, *(("92", data["id"]) if data["id"] else ()))]
        if data["street"]:
            street = [part.strip() for part in re.split(r"[\r\n]+", self.command.data[f"{prefix}_street"]) if part.strip()]
            rows.append(("N3", *(plain_text(part) for part in street[:2])))
        if data["city"] or data["zip"]:
            rows.append(("N4", data["city"], data["state"], data["zip"], data["country"]))
        return rows

    def warehouse(self, code: str) -> list[Row]:
        """N1 of the warehouse; its code where it is long enough to be one."""
        name = plain_text(self.command.warehouse)
        if not name:
            return []
        return [("N1", code, name, "92", name) if len(name) > 1 else ("N1", code, name)]

    def _numbers(self, type_: str, system: str = "") -> list[str]:
        found: dict[str, None] = {}
        for reference in (self.command.group, *self.command.references, *(line.subject for line in self.lines)):
            owner, kind, number = ref_parts(reference)
            if kind == type_ and system in ("", owner):
                found[number] = None
        return list(found)

    def _only(self, numbers: list[str], type_: str, meaning: str) -> str:
        stated = self.command.data.get(type_, "").strip()
        if stated:
            return stated
        if len(numbers) != 1:
            said = f"names several ({', '.join(numbers[:5])})" if numbers else "names none"
            raise Unsendable(f"One document says {meaning} once; the command {said}.", f"Give it the data `{type_}`, or one command each.")
        return numbers[0]

    def _no_price(self, line: Line) -> Unsendable:
        value = plain(line.value or ZERO)
        what = f"Line {line.line}: {value} {self.command.currency} for {plain(line.quantity or ZERO)} {line.unit} gives no exact unit price"
        name = f"price {line.order_line or line.line}"
        return Unsendable(f"{what} of at most {PRICE_DECIMALS} decimals, or not the one stated.", f"Give the command the data `{name}`.")


def plain_text(text: str) -> str:
    """Names and addresses without accents, on one line: X12 has no characters for them, and the parcel arrives all the same."""
    bare = "".join(mark for mark in unicodedata.normalize("NFKD", text) if not unicodedata.combining(mark))
    return " ".join(bare.split())
