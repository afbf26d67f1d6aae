"""Reference statements: the units a product is sold in, and the complete lists that prove what was deleted."""

from collections.abc import Iterator
from fractions import Fraction

from tieout.connectors import System
from tieout.connectors.json_documents import Unreadable
from tieout.connectors.tryton.options import Options, unit_code
from tieout.connectors.tryton.orders import item_of, revision_of
from tieout.connectors.tryton.record import ListDocument, ProductDocument, Unit
from tieout.core.facts import Fact, revision_time
from tieout.core.values import normalise

LISTED = {"sale.sale": ("sale", "return_sale", "sale_cancellation")}
"""Models whose records can be deleted after they were stated, and the types of their facts."""


def product_facts(document: ProductDocument, system: System, options: Options) -> Iterator[Fact]:
    """`UnitDefined` for a product that is sold in another unit than it is kept in."""
    product = document.record
    base, sold = unit_code(product.default_uom.symbol, options), unit_code(product.sale_uom.symbol, options)
    if base == sold or not product.code:
        return
    item = item_of(None, product.code)
    factor = _size(product.sale_uom) / _size(product.default_uom)
    yield Fact(
        kind="UnitDefined",
        system=system.name,
        type="unit",
        number=normalise(f"{item} {sold}"),
        happened=product.create_date.utc,
        revision=revision_of(product),
        data={"item": " ".join(item.split()), "unit": sold, "base": base, "factor": str(factor)},
    )


def _size(unit: Unit) -> Fraction:
    """How much of the category's base a unit is: Tryton keeps factor and rate, and the one with fewer digits is exact."""
    if unit.factor <= 0 or unit.rate <= 0:
        raise Unreadable("tryton/unit", f"The unit {unit.symbol!r} has a factor or a rate that is not above zero.")
    factor, rate = Fraction(unit.factor), Fraction(unit.rate)
    return factor if factor.denominator <= rate.denominator else 1 / rate


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
