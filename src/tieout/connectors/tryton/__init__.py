"""Tryton: an open-source ERP over JSON-RPC; polled records become facts, commands become documents in it."""

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import msgspec

from tieout.connectors import Document, Manifest, Refused, System
from tieout.connectors.json_documents import Unreadable, decode, refusal, split_json
from tieout.connectors.tryton.goods import move_facts, shipment_facts
from tieout.connectors.tryton.invoices import invoice_facts
from tieout.connectors.tryton.options import OPTIONS, Options, options_of
from tieout.connectors.tryton.orders import order_facts
from tieout.connectors.tryton.products import list_facts, product_facts
from tieout.connectors.tryton.record import (
    InvoiceDocument,
    ListDocument,
    MoveDocument,
    ProductDocument,
    SaleDocument,
    ShipmentDocument,
)
from tieout.core.command import Act
from tieout.core.facts import Fact, Statement

CONTRACTS = {
    "sale.sale": "tryton/sale",
    "stock.shipment.out": "tryton/shipment",
    "stock.shipment.out.return": "tryton/shipment",
    "stock.move": "tryton/move",
    "account.invoice": "tryton/invoice",
    "product.product": "tryton/product",
}
LIST = "tryton/list"

MANIFEST = Manifest(
    name="tryton",
    title="Tryton",
    states=(
        "OrderBooked", "BookingCancelled", "ReturnAuthorised", "Shipped", "ReturnReceived", "Invoiced", "InvoiceVoided",
        "CreditIssued", "CashApplied", "StockPosted", "UnitDefined", "CostStated", "Listed",
    ),
    contracts={name: f"contracts/{name.partition('/')[2]}.json" for name in dict.fromkeys((*CONTRACTS.values(), LIST))},
    options=OPTIONS,
    acts=(
        Act.BOOK_ORDER, Act.CANCEL_BOOKING, Act.POST_SHIPMENT, Act.POST_INVOICE, Act.APPLY_CASH, Act.AUTHORISE_RETURN,
        Act.RECEIVE_RETURN, Act.ISSUE_CREDIT,
    ),
)  # fmt: skip


class Shape(msgspec.Struct, frozen=True):
    """Just enough of a document to tell what it is."""

    model: str
    listed: msgspec.Raw = msgspec.Raw()
    unreadable: int | None = None
    why: str = ""


_shapes = msgspec.json.Decoder(Shape)
READERS: dict[str, tuple[msgspec.json.Decoder[Any], Callable[[Any, System, Options], Iterator[Fact]]]] = {
    "sale.sale": (msgspec.json.Decoder(SaleDocument), order_facts),
    "stock.shipment.out": (msgspec.json.Decoder(ShipmentDocument), shipment_facts),
    "stock.shipment.out.return": (msgspec.json.Decoder(ShipmentDocument), shipment_facts),
    "stock.move": (msgspec.json.Decoder(MoveDocument), move_facts),
    "account.invoice": (msgspec.json.Decoder(InvoiceDocument), invoice_facts),
    "product.product": (msgspec.json.Decoder(ProductDocument), product_facts),
}
_lists = msgspec.json.Decoder(ListDocument)


def split(stream: BinaryIO, origin: str, system: System) -> Iterator[Document | Refused]:
    """One document per polled record, as `poll` writes them."""
    for document in split_json(stream, origin, "tryton"):
        yield document if isinstance(document, Refused) else msgspec.structs.replace(document, contract=_contract(document))


def translate(document: Document, system: System) -> list[Statement]:
    """The facts of one record; none for what has not happened yet."""
    try:
        return list(_facts(document, system))
    except Unreadable as fault:
        return [refusal(document, fault)]
    except (ValueError, ArithmeticError) as bad:
        return [refusal(document, Unreadable("tryton/value", f"A value cannot be read: {bad}."))]


def _contract(document: Document) -> str:
    try:
        shape = decode(document.raw, _shapes)
    except Unreadable:
        return "tryton"
    return LIST if bytes(shape.listed) else CONTRACTS.get(shape.model, "tryton")


def _facts(document: Document, system: System) -> Iterator[Fact]:
    shape = decode(document.raw, _shapes)
    if bytes(shape.listed):
        return list_facts(decode(document.raw, _lists), system)
    if shape.unreadable is not None:
        raise Unreadable("tryton/unreadable", f"Tryton cannot read {shape.model[:60]},{shape.unreadable}: {shape.why[:800]}".rstrip(".") + ".")
    if shape.model not in READERS:
        raise Unreadable("tryton/model", f"Records of {shape.model[:60]!r} are not read; there are {', '.join(READERS)}.", "model")
    decoder, read = READERS[shape.model]
    return read(decode(document.raw, decoder), system, options_of(system))
