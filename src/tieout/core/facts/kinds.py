"""The register of all fact types, by name."""

from tieout.core.facts import (
    FactType,
    decision,
    document,
    freight,
    invoice,
    order,
    payment,
    payout,
    product,
    purchase,
    return_,
    shipment,
    stock,
)

FILES = (order, shipment, freight, invoice, payment, return_, purchase, stock, payout, document, product, decision)
KINDS: dict[str, FactType] = {value.name: value for file in FILES for value in vars(file).values() if isinstance(value, FactType)}
