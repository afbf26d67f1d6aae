"""What we send to customers, taken in as our own word to them; and what customers ask for, kept with their order."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

import msgspec

from tieout.connectors.asked import asked_by
from tieout.connectors.x12 import invoices, orders, shipments
from tieout.connectors.x12.reading import Reading
from tieout.core.facts import Fact, FactType
from tieout.core.facts.invoice import Invoiced, InvoiceSent
from tieout.core.facts.order import OrderAcknowledged, OrderPlaced
from tieout.core.facts.shipment import ShipmentAnnounced
from tieout.core.flight import COMMAND
from tieout.core.paper import ABOUT

ADDRESS_MAX = 2


def order_acknowledged(reading: Reading) -> Fact:
    """855 to a customer who takes it: what we told him. To any other it stands for our booking, which nothing else may state."""
    fact = _paper(reading, OrderAcknowledged, "order_acknowledgment", orders.order_booked(reading), "acknowledgment")
    if fact.kind != OrderAcknowledged.name:
        return fact
    order = reading.order(reading.need("BAK").get(3))
    return msgspec.structs.replace(fact, lines=tuple(msgspec.structs.replace(line, subject=order) for line in fact.lines))


def shipment_announced(reading: Reading) -> Fact:
    """856 to a customer who takes it; to any other it stands for our shipment."""
    return _paper(reading, ShipmentAnnounced, "ship_notice", shipments.notice_shipped(reading), "ship_notice")


def invoice_sent(reading: Reading) -> Fact:
    """810 to a customer who takes it; to any other, and if it is a credit memo, it stands for the ERP's own."""
    fact = invoices.invoiced(reading)
    if fact.kind != Invoiced.name:
        return fact
    sent = _paper(reading, InvoiceSent, "sent_invoice", fact, "invoice")
    if sent is fact:
        return fact
    return msgspec.structs.replace(sent, data={**sent.data, "against": str(reading.ours("invoice", sent.data[ABOUT]))})


def completed(reading: Reading, fact: Fact) -> Fact:
    """An order with what its customer asks for and where the goods go; a document of ours with the command that it carries out."""
    data = dict[str, str]()
    if fact.kind == OrderPlaced.name:
        zone = ZoneInfo(reading.frame.system.timezone)
        takes = asked_by(reading.frame.system, reading.frame.partner, fact.happened.astimezone(zone).date())
        data = _ship_to(reading) | ({"takes": " ".join(takes)} if takes else {})
    if reading.frame.command:
        data[COMMAND] = reading.frame.command
    return msgspec.structs.replace(fact, data=fact.data | data) if data else fact


def _paper(reading: Reading, kind: FactType, type_: str, fact: Fact, asked: str) -> Fact:
    """The statement that we told him, by a number of the paper's own; `fact` as it is where the customer takes no such paper."""
    frame = reading.frame
    if asked not in asked_by(frame.system, frame.partner, frame.moment.astimezone(ZoneInfo(frame.system.timezone)).date()):
        return fact
    own = reading.partners(type_, f"{frame.partner}:{fact.number}")
    about = frame.about or fact.number
    return msgspec.structs.replace(
        fact, kind=kind.name, system=frame.system.name, type=type_, number=own.split("/", 2)[2], links=(), relates=(), parcels=(),
        data={**fact.data, ABOUT: about},
    )  # fmt: skip


def _ship_to(reading: Reading) -> dict[str, str]:
    """The ship-to party of the order's head, by the names in which it is written again."""
    found: dict[str, str] = {}
    inside = False
    for segment in reading.segments:
        match segment.name:
            case "PO1" | "POC":
                break
            case "N1":
                inside = segment.get(1) == "ST" and "ship_to" not in found and "ship_to_id" not in found
                found |= {"ship_to": segment.get(2), "ship_to_id": segment.get(4)} if inside else {}
            case "N3" if inside:
                found["ship_to_street"] = "\n".join(text for text in segment.elements[1 : 1 + ADDRESS_MAX] if text)
            case "N4" if inside:
                named = ("city", "state", "zip", "country")
                found |= {f"ship_to_{name}": segment.get(at) for at, name in enumerate(named, 1)}
    return {key: text for key, text in found.items() if text}


READERS: dict[str, Callable[[Reading], Fact]] = {"855": order_acknowledged, "856": shipment_announced, "810": invoice_sent}
