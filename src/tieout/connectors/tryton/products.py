"""Reference statements: the units a product is sold in, what it costs, and the complete lists that prove what was deleted."""

from collections.abc import Iterator
from datetime import UTC, datetime

from tieout.connectors import System
from tieout.connectors.json_documents import Unreadable
from tieout.connectors.tryton.options import Options, unit_code
from tieout.connectors.tryton.orders import charge_of, item_of, revision_of
from tieout.connectors.tryton.record import ListDocument, Product, ProductDocument, size
from tieout.core.facts import Fact, revision_time
from tieout.core.values import normalise, plain, tidy

LISTED = {"sale.sale": ("sale", "return_sale", "sale_cancellation")}
"""Models whose records can be deleted after they were stated, and the types of their facts."""
ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
"""Tryton keeps no history of units: what it says of one holds for documents of any date, also for those before the product's record."""


def product_facts(document: ProductDocument, system: System, options: Options) -> Iterator[Fact]:
    """`UnitDefined` for a product that is sold in another unit than it is kept in; `CostStated` for what it costs from its last change on."""
    product = document.record
    yield from _cost(product, system, options)
    base, sold = unit_code(product.default_uom.symbol, options), unit_code(product.sale_uom.symbol, options)
    if base == sold or not product.code:
        return
    item = item_of(None, product.code)
    factor = size(product.sale_uom.factor, product.sale_uom.rate) / size(product.default_uom.factor, product.default_uom.rate)
    yield Fact(
        kind="UnitDefined",
        system=system.name,
        type="unit",
        number=normalise(f"{item} {sold}"),
        happened=ALWAYS,
        revision=revision_of(product),
        data={"item": " ".join(item.split()), "unit": sold, "base": base, "factor": str(factor)},
    )


def _cost(product: Product, system: System, options: Options) -> Iterator[Fact]:
    """Each change is a statement of its own: what was sold before it is judged by the cost before it. Tryton states costs in the company's
    currency, which is the system's."""
    item = item_of(None, product.code or "")
    if product.cost_price is None or not item or charge_of(item, options):
        return
    since = product.changed
    yield Fact(
        kind="CostStated",
        system=system.name,
        type="cost",
        number=normalise(f"{item} {since.strftime('%Y%m%dT%H%M%S.%f')}"),
        happened=since,
        revision=revision_of(product),
        currency=system.currency,
        data={"item": " ".join(item.split()), "cost": plain(tidy(product.cost_price.number))},
    )


def list_facts(document: ListDocument, system: System) -> Iterator[Fact]:
    """`Listed` for each type of fact that records of the model state."""
    if document.model not in LISTED:
        raise Unreadable("tryton/model", f"No complete list of {document.model[:60]!r} is read.")
    for type_ in LISTED[document.model]:
        yield Fact(
            kind="Listed",
            system=system.name,
            type="list",
            number=normalise(f"{type_} {document.at.strftime('%Y%m%dT%H%M%S')}"),
            happened=document.at,
            revision=revision_time(document.at),
            data={"system": system.name, "type": type_, "numbers": "\n".join(str(id_) for id_ in document.listed)},
        )
