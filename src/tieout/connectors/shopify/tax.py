"""The one rate at which an order was taxed, and what was taxed, as its tax lines say; nothing where they name several rates."""

from collections.abc import Iterator
from decimal import Decimal

from tieout.connectors.shopify.payload import LineItem, Order, ShippingLine, TaxLine
from tieout.core.facts import Line
from tieout.core.values import ZERO, plain, tidy


def tax_data(order: Order, lines: list[Line]) -> dict[str, str]:
    """`tax_rate` in percent, the taxes of all jurisdictions together, and `tax_base`, the net value of what is taxed at it.

    What bears no tax line is not taxed. Where a rate is missing, or lines are taxed at different rates, nothing is stated: there is
    no one rate then, and none is worked out.
    """
    values = {line.line: line.value for line in lines}
    rates: set[Decimal] = set()
    base = ZERO
    for name, taxed in _taxed(order):
        rate = _rate(taxed.tax_lines)
        value = values.get(name)
        if rate is None or value is None:
            return {}
        rates.add(rate)
        base += value
    return {"tax_rate": plain(rates.pop()), "tax_base": plain(base)} if len(rates) == 1 else {}


def _taxed(order: Order) -> Iterator[tuple[str, LineItem | ShippingLine]]:
    for item in order.line_items:
        if item.tax_lines:
            yield str(item.id), item
    for n, shipping in enumerate(order.shipping_lines, 1):
        if shipping.tax_lines:
            yield f"shipping-{shipping.id or n}", shipping


def _rate(taxes: tuple[TaxLine, ...]) -> Decimal | None:
    if any(one.rate is None for one in taxes):
        return None
    return tidy(sum((one.rate for one in taxes if one.rate is not None), ZERO) * 100)
