"""Checks of what is posted as an invoice or a credit: the lines foot to the stated total, the tax is base times rate. Pure.

They look only at what the command itself states, in `data`: `total` (of the document), `rounding` (a stated rounding
difference), `tax_rate` in percent and `tax_base` of the document, `tax_rate LINE` and `tax LINE` of a line. What is not
stated is not checked; what is stated and wrong is held with the reason.
"""

from decimal import Decimal
from fractions import Fraction

from tieout.core.act import Act
from tieout.core.command import Command
from tieout.core.facts import Line
from tieout.core.residual import View
from tieout.core.values import EXACT, ZERO, Side, exact, minor_unit
from tieout.policy.cell import Measure

CHECKED = frozenset((Act.POST_INVOICE, Act.ISSUE_CREDIT))
TO_BOOK = "TBK"
UNTAXED = ("", "discount", "tax")
"""Charges that need no word on whether they are taxed."""


def faults(command: Command, *, tax_by_line: bool) -> tuple[str, ...]:
    """What does not add up, as sentences; `tax_by_line`: tax is rounded on every line, not once per document."""
    if command.act not in CHECKED:
        return ()
    unreadable = tuple(f"{name} {text!r} is not a number" for name, text in _stated(command).items() if amount_in(text) is None)
    return unreadable or (*_footing(command), *_line_taxes(command), *_document_tax(command, tax_by_line))


def tax_difference(command: Command, found: View, *, by_line: bool) -> tuple[Measure | None, str]:
    """By how much the tax is off, without sign, or why that is not known.

    Where the command states the rate: its tax against base times rate. Else, once the ERP has booked the order: the tax of
    the order as it was placed against the tax as it was booked.
    """
    stated = {name: amount_in(text) for name, text in _stated(command).items()}
    rate, base = stated.get("tax_rate"), _base(command, stated.get("tax_base"))
    if rate is None:
        return _tax_apart(command, found)
    if base is None:
        return None, _no_base(command)
    exactly = Fraction(base) * Fraction(rate) / 100
    return Measure(abs(Fraction(_tax(command)) - exactly), command.currency), ""


def _tax_apart(command: Command, found: View) -> tuple[Measure | None, str]:
    """What was placed and what was booked state the tax on the same account, so that what is left there is the difference."""
    of_order = [entry for (code, _), pair in found.by_pair.items() if code == TO_BOOK for entry in pair]
    spoke = {entry.kind for entry in of_order if entry.value is not None}
    if not spoke >= {"OrderPlaced", "OrderBooked"}:
        return None, "no tax rate is stated" + (", and the order is not booked yet" if "OrderPlaced" in spoke else "")
    taxes = [entry for entry in found.by_pair.get((TO_BOOK, "tax"), ()) if entry.value is not None]
    if any(entry.currency != command.currency for entry in taxes):
        return None, "the taxes are stated in several currencies"
    left = ZERO
    for entry in taxes:
        value = entry.value or ZERO
        left = EXACT.add(left, value if entry.side is Side.DEBIT else -value)
    return Measure(abs(left), command.currency), ""


def amount_in(text: str) -> Decimal | None:
    """The number a text states; None when it is none."""
    try:
        return exact(text)
    except ValueError:
        return None


def _stated(command: Command) -> dict[str, str]:
    names = ("total", "rounding", "tax_rate", "tax_base")
    return {name: text for name, text in command.data.items() if name in names or name.startswith(("tax ", "tax_rate "))}


def _footing(command: Command) -> list[str]:
    total = amount_in(command.data["total"]) if "total" in command.data else command.total
    if total is None or not command.lines:
        return []
    without = [line.line for line in command.lines if line.value is None]
    if without:
        return [f"the lines cannot be summed: line {', '.join(without)} has no value"]
    summed = ZERO
    for line in command.lines:
        summed = EXACT.add(summed, line.value or ZERO)
    allowed = abs(amount_in(command.data.get("rounding", "0")) or ZERO)
    off = abs(EXACT.subtract(summed, total))
    if off <= allowed:
        return []
    return [f"lines and charges sum to {_money(summed, command)}, the total says {_money(total, command)}: {_money(off, command)} apart"]


def _line_taxes(command: Command) -> list[str]:
    """Where the tax of a line is stated: it is the line's rate of the line's value within a minor unit, and all sum to the tax."""
    made, summed, least = [], ZERO, minor_unit(command.currency)
    goods = [line for line in command.lines if not line.charge]
    stated = [line for line in goods if f"tax {line.line}" in command.data]
    for line in stated:
        tax = amount_in(command.data[f"tax {line.line}"]) or ZERO
        summed = EXACT.add(summed, tax)
        rate = amount_in(command.data.get(f"tax_rate {line.line}", command.data.get("tax_rate", "")))
        if rate is None or line.value is None:
            continue
        if abs(Fraction(tax) - Fraction(line.value) * Fraction(rate) / 100) > least:
            made.append(f"tax of line {line.line} is {_money(tax, command)}, not {rate} % of {_money(line.value, command)}")
    if len(stated) == len(goods) and stated and summed != _tax(command) and not _others(command):
        made.append(f"the taxes of the lines sum to {_money(summed, command)}, the tax is {_money(_tax(command), command)}")
    return made


def _document_tax(command: Command, by_line: bool) -> list[str]:
    stated = {name: amount_in(text) for name, text in _stated(command).items()}
    rate = stated.get("tax_rate")
    if rate is None:
        return []
    base = _base(command, stated.get("tax_base"))
    if base is None:
        return [f"the tax cannot be checked: {_no_base(command)}"]
    lines = sum(1 for line in command.lines if not line.charge)
    allowed = minor_unit(command.currency) * (lines if by_line and lines else 1)
    if abs(Fraction(_tax(command)) - Fraction(base) * Fraction(rate) / 100) <= allowed:
        return []
    return [f"tax is {_money(_tax(command), command)}, not {rate} % of {_money(base, command)} within {_money(allowed, command)}"]


def _base(command: Command, stated: Decimal | None) -> Decimal | None:
    """What is taxed: as stated, else goods less discount; None when that is not certain."""
    if stated is not None:
        return stated
    taxed: list[Line] = [line for line in command.lines if line.charge in ("", "discount")]
    if _others(command) or not taxed:
        return None
    base = ZERO
    for line in taxed:
        if line.value is None:
            return None
        base = EXACT.add(base, line.value)
    return base


def _no_base(command: Command) -> str:
    return f"whether {', '.join(_others(command))} is taxed is not stated (`tax_base`)" if _others(command) else "a line has no value"


def _others(command: Command) -> list[str]:
    return sorted({line.charge for line in command.lines if line.charge not in UNTAXED})


def _tax(command: Command) -> Decimal:
    tax = ZERO
    for line in command.lines:
        if line.charge == "tax":
            tax = EXACT.add(tax, line.value or ZERO)
    return tax


def _money(amount: Decimal, command: Command) -> str:
    return str(Measure(amount, command.currency))
