"""Warehouse events in one plain JSON format: shipped, allocated, received, returned, moved, counted; and releases told to the warehouse."""

from collections.abc import Iterator
from decimal import Decimal
from typing import BinaryIO

import msgspec

from tieout.connectors import Document, Manifest, Option, Refused, System
from tieout.connectors.json_documents import Unreadable, decode, refusal, split_json, utc
from tieout.connectors.wms_json.event import MEANINGS, Event, EventLine, Meaning
from tieout.core.command import Act
from tieout.core.facts import Fact, Line, Statement, revision_number, revision_time
from tieout.core.flight import CARRIES_OUT, COMMAND
from tieout.core.values import ZERO, Ref, exact, normalise, ref

MANIFEST = Manifest(
    name="wms_json",
    title="Warehouse events (JSON)",
    states=tuple(meaning.kind for meaning in MEANINGS.values()),
    contracts={"wms_json/event": "contracts/event.json", "wms_json/release": "contracts/release.json"},
    options=(
        Option("url", "text", "", "Where releases are posted to: `{url}/releases`. Its secret, if it asks for one, is `token` (Bearer)."),
    ),
    acts=(Act.RELEASE_SHIPMENT,),
)
CONTRACT = "wms_json/event"
LINES_MAX = 10_000
RELEASE_MAX = 300

_decoder = msgspec.json.Decoder(Event)


def split(stream: BinaryIO, origin: str, system: System) -> Iterator[Document | Refused]:
    """One document per event."""
    return split_json(stream, origin, CONTRACT)


def translate(document: Document, system: System) -> list[Statement]:
    """One fact per event; a count states each position as a fact of its own, because each is counted anew alone."""
    try:
        event = decode(document.raw, _decoder)
        return list(_facts(event, system))
    except Unreadable as fault:
        return [refusal(document, fault)]
    except (ValueError, ArithmeticError) as bad:
        return [refusal(document, Unreadable("wms/value", f"A value cannot be read: {bad}."))]


def _facts(event: Event, system: System) -> Iterator[Fact]:
    meaning = MEANINGS.get(event.event)
    if meaning is None:
        known = ", ".join(MEANINGS)
        raise Unreadable("wms/event", f"There is no event {event.event[:60]!r}; there are {known}.", "event")
    if not 1 <= len(event.lines) <= LINES_MAX:
        raise Unreadable("wms/lines", f"An event has 1 to {LINES_MAX:,} lines, not {len(event.lines):,}.", "lines")
    if event.event == "counted":
        yield from (_count(event, line, n, system) for n, line in enumerate(event.lines))
    else:
        yield _fact(event, meaning, system)


def _fact(event: Event, meaning: Meaning, system: System) -> Fact:
    order, delivery = _order(event), _delivery(event, system)
    subject = order or delivery
    if subject is None and not meaning.is_stock:
        raise Unreadable("wms/order", "The event names neither the order it works for nor a delivery.", "order")
    number = event.shipment if meaning.kind == "Shipped" and event.shipment else event.event_id
    lines = []
    for n, line in enumerate(event.lines):
        about = _position(event, line, n) if meaning.is_stock else subject
        assert about is not None
        lines.append(_line(line, n, about, is_signed=meaning.is_stock))
    if len({line.line for line in lines}) < len(lines):
        raise Unreadable("wms/lines", "A line number stands twice.", "lines")
    return Fact(
        kind=meaning.kind,
        system=system.name,
        type=meaning.type,
        number=_number(number, "event_id"),
        happened=utc(event.occurred_at, system),
        revision=_revision(event, system),
        lines=tuple(lines),
        void=event.void,
        warehouse=event.warehouse.strip(),
        entity=system.entity,
        parcels=tuple(_number(parcel, "parcels") for parcel in event.parcels),
        links=((delivery, order),) if order and delivery else (),
        data=_answers(event, delivery),
    )


def _answers(event: Event, delivery: Ref | None) -> dict[str, str]:
    """Which of our commands the event carries out: by the delivery that the warehouse told us of, or by the release itself."""
    release = event.release_id.strip()
    if len(release) > RELEASE_MAX or not release.isprintable():
        raise Unreadable("wms/number", f"A release has at most {RELEASE_MAX} printable characters.", "release_id")
    return ({CARRIES_OUT: delivery} if delivery else {}) | ({COMMAND: release} if release else {})


def _count(event: Event, line: EventLine, n: int, system: System) -> Fact:
    """A counted position: one identity per item and warehouse, so that the next count replaces it."""
    position = _position(event, line, n)
    return Fact(
        kind="StockCounted",
        system=system.name,
        type="stock_count",
        number=position.split("/", 2)[2],
        happened=utc(event.occurred_at, system),
        revision=revision_time(utc(event.occurred_at, system), event.revision or 0),
        lines=(_line(line, n, position, is_signed=True),),
        void=event.void,
        warehouse=event.warehouse.strip(),
        entity=system.entity,
        data={"count": _number(event.event_id, "event_id")},
    )


def _revision(event: Event, system: System) -> str:
    if event.revision is not None:
        return revision_number(event.revision)
    return revision_time(utc(event.occurred_at, system))


def _order(event: Event) -> Ref | None:
    if event.order is None:
        return None
    system, type_ = event.order.system.strip(), event.order.type.strip()
    if not system or not type_ or "/" in system + type_:
        raise Unreadable("wms/order", "An order is named by system, type and number, without slashes.", "order")
    return ref(system, type_, _number(event.order.number, "order.number"))


def _delivery(event: Event, system: System) -> Ref | None:
    """A delivery number is the warehouse's own; such a fact waits until some link says which order it is."""
    return ref(system.name, "delivery", _number(event.delivery, "delivery")) if event.delivery.strip() else None


def _position(event: Event, line: EventLine, n: int) -> Ref:
    if not event.warehouse.strip():
        raise Unreadable("wms/warehouse", "A stock event names its warehouse.", "warehouse")
    return ref("*", "stock", _number(f"{line.item.strip()}@{event.warehouse.strip()}", f"lines[{n}].item"))


def _line(line: EventLine, n: int, subject: Ref, *, is_signed: bool) -> Line:
    item = " ".join(line.item.split())
    if not item or not item.isprintable():
        raise Unreadable("wms/item", "A line names its item.", f"lines[{n}].item")
    return Line(
        line=" ".join(line.line.split()) or str(n + 1),
        subject=subject,
        item=item,
        order_line=line.order_line.strip(),
        quantity=_quantity(line.quantity, n, is_signed),
        unit=line.unit.strip().upper() or "EA",
    )


def _quantity(number: Decimal, n: int, is_signed: bool) -> Decimal:
    quantity = exact(number)
    if quantity < ZERO and not is_signed:
        raise Unreadable("wms/quantity", "A quantity is not negative; send the opposite event.", f"lines[{n}].quantity")
    return quantity


def _number(text: str, place: str) -> str:
    number = normalise(text)
    if not number or len(number) > 120 or not number.isprintable():
        raise Unreadable("wms/number", "A number has 1 to 120 printable characters.", place)
    return number
