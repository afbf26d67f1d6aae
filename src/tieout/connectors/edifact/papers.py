"""What we send to customers, taken in as our own word to them; and what customers ask for, kept with their order."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import msgspec

from tieout.connectors.asked import asked_by
from tieout.connectors.edifact import despatch, invoices, orders
from tieout.connectors.edifact.reading import Reading, parts
from tieout.core.facts import Fact, FactType
from tieout.core.facts.invoice import Invoiced, InvoiceSent
from tieout.core.facts.order import OrderAcknowledged, OrderPlaced
from tieout.core.facts.shipment import ShipmentAnnounced
from tieout.core.paper import ABOUT

SHIP_TO = ("DP", "ST", "UC")
"""NAD: delivery party, ship to, ultimate consignee."""


def order_acknowledged(reading: Reading) -> Fact:
    """ORDRSP to a customer who takes it: what we told him. To any other it stands for our booking, which nothing else may state."""
    fact = _paper(reading, OrderAcknowledged, "order_acknowledgment", orders.order_booked(reading), "acknowledgment")
    if fact.kind != OrderAcknowledged.name:
        return fact
    order = reading.order(orders.order_number(reading))
    return msgspec.structs.replace(fact, lines=tuple(msgspec.structs.replace(line, subject=order) for line in fact.lines))


def shipment_announced(reading: Reading) -> Fact:
    """DESADV to a customer who takes it; to any other it stands for our shipment."""
    return _paper(reading, ShipmentAnnounced, "ship_notice", despatch.notice_shipped(reading), "ship_notice")


def invoice_sent(reading: Reading) -> Fact:
    """INVOIC to a customer who takes it; to any other, and if it is a credit note, it stands for the ERP's own."""
    fact = invoices.invoiced(reading)
    if fact.kind != Invoiced.name:
        return fact
    sent = _paper(reading, InvoiceSent, "sent_invoice", fact, "invoice")
    if sent is fact:
        return fact
    return msgspec.structs.replace(sent, data={**sent.data, "against": str(reading.ours("invoice", sent.data[ABOUT]))})


def completed(reading: Reading, facts: Sequence[Fact]) -> Sequence[Fact]:
    """An order, or its lines, with what its customer asks for and where the goods go."""
    if not facts or facts[0].kind != OrderPlaced.name:
        return facts
    system = reading.frame.system
    takes = asked_by(system, reading.frame.partner, facts[0].happened.astimezone(ZoneInfo(system.timezone)).date())
    data = _ship_to(reading) | ({"takes": " ".join(takes)} if takes else {})
    return [msgspec.structs.replace(fact, data=fact.data | data) for fact in facts] if data else facts


def _paper(reading: Reading, kind: FactType, type_: str, fact: Fact, asked: str) -> Fact:
    """The statement that we told him, by a number of the paper's own; `fact` as it is where the customer takes no such paper."""
    frame = reading.frame
    if asked not in asked_by(frame.system, frame.partner, frame.moment.astimezone(ZoneInfo(frame.system.timezone)).date()):
        return fact
    own = reading.partners(type_, f"{frame.partner}:{fact.number}")
    return msgspec.structs.replace(
        fact, kind=kind.name, system=frame.system.name, type=type_, number=own.split("/", 2)[2], links=(), relates=(), parcels=(),
        data={**fact.data, ABOUT: fact.number},
    )  # fmt: skip


def _ship_to(reading: Reading) -> dict[str, str]:
    """The delivery party of the order's head, by the names in which it is written again."""
    party = reading.party(SHIP_TO, parts(reading, "LIN").head)
    if party is None:
        return {}
    street = party.elements[4] if len(party.elements) > 4 else []
    found = {
        "ship_to": party.get(4),
        "ship_to_id": party.get(2),
        "ship_to_street": "\n".join(text.strip() for text in street[:2] if text.strip()),
        "ship_to_city": party.get(6),
        "ship_to_state": party.get(7),
        "ship_to_zip": party.get(8),
        "ship_to_country": party.get(9),
    }
    return {key: text for key, text in found.items() if text}
