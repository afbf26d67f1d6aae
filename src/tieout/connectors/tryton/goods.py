"""Goods that moved: customer shipments, returned goods, stock movements across a warehouse's border."""

from collections.abc import Iterator

from tieout.connectors import System
from tieout.connectors.tryton.options import Options, key_in, unit_code, warehouse_name
from tieout.connectors.tryton.orders import charge_of, customer_of, item_of, moment_of, revision_of
from tieout.connectors.tryton.record import Day, Location, Move, MoveDocument, ShipmentDocument
from tieout.core.facts import Fact, Line
from tieout.core.values import Ref, exact, ref, tidy

SHIPMENT, RETURN, MOVE = "stock.shipment.out", "stock.shipment.out.return", "stock.move"
DONE = {SHIPMENT: ("shipped", "done"), RETURN: ("received", "done")}
"""States in which the goods have left, or are back."""


def shipment_facts(document: ShipmentDocument, system: System, options: Options) -> Iterator[Fact]:
    """`Shipped` or `ReturnReceived`, once it has happened; a shipment that is cancelled afterwards is a void revision."""
    shipment = document.record
    is_return = document.model == RETURN
    if shipment.state not in (*DONE[document.model], "cancelled"):
        return
    lines = []
    for move in document.moves:
        item = item_of(move.product, f"MOVE-{move.id}")
        if move.state == "cancelled" or charge_of(item, options):
            continue
        unit = unit_code(move.unit.symbol if move.unit else None, options)
        lines.append(Line(str(move.id), _subject(move, document, system), item=item, quantity=exact(move.quantity), unit=unit))
    key = key_in(shipment.reference)
    happened, day = moment_of(shipment.effective_date or _effective(document), shipment, system)
    yield Fact(
        kind="ReturnReceived" if is_return else "Shipped",
        system=system.name,
        type="return_receipt" if is_return else "shipment",
        number=str(shipment.id),
        happened=happened,
        day=day,
        revision=revision_of(shipment, *document.moves),
        lines=tuple(lines),
        void=shipment.state == "cancelled",
        customer=customer_of(shipment.customer),
        warehouse=warehouse_name(shipment.warehouse.code if shipment.warehouse else None, options),
        entity=system.entity,
        data={"number": shipment.number or "", **({"command": key} if key else {})},
    )


def _effective(document: ShipmentDocument) -> Day | None:
    return next((move.effective_date for move in document.moves if move.effective_date), None)


def _subject(move: Move, document: ShipmentDocument, system: System) -> Ref:
    """The sale a move works for; goods that no sale explains stand for the shipment itself."""
    if move.sale is not None and move.sale.number:
        return ref(system.name, "return" if document.model == RETURN else "sales_order", move.sale.number)
    return ref(system.name, "return" if document.model == RETURN else "sales_order", f"{document.model.upper()} {document.record.id}")


def move_facts(document: MoveDocument, system: System, options: Options) -> Iterator[Fact]:
    """`StockPosted`: what a done move took from or added to each warehouse; moves inside one say nothing."""
    move = document.record
    if move.state != "done":
        return
    places = {place.id: place for place in document.locations}
    left, reached = _warehouse(move.from_location, places), _warehouse(move.to_location, places)
    if left == reached:
        return
    item = item_of(move.product, f"MOVE-{move.id}")
    unit = unit_code(move.unit.symbol if move.unit else None, options)
    lines = []
    for number, code, sign in (("out", left, -1), ("in", reached, 1)):
        if code:
            position = ref("*", "stock", f"{item}@{warehouse_name(code, options)}")
            lines.append(Line(number, position, item=item, quantity=tidy(sign * exact(move.quantity)), unit=unit))
    happened, day = moment_of(move.effective_date, move, system)
    key = key_in(*(shipment.reference for shipment in document.shipments))
    yield Fact(
        kind="StockPosted",
        system=system.name,
        type="stock_move",
        number=str(move.id),
        happened=happened,
        day=day,
        revision=revision_of(move),
        lines=tuple(lines),
        warehouse=warehouse_name(left or reached, options),
        entity=system.entity,
        data={"command": key} if key else {},
    )


def _warehouse(location: int | None, places: dict[int, Location]) -> str:
    """Code of the nearest warehouse at or above a place; empty outside of any."""
    for _ in places:
        place = places.get(location) if location is not None else None
        if place is None:
            return ""
        if place.type == "warehouse":
            return place.code or f"WAREHOUSE-{place.id}"
        location = place.parent
    return ""
