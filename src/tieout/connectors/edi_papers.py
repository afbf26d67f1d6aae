"""What we tell a customer, in any syntax: our own word to him where he takes the paper, and what he asks for, kept with his order."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from tieout.connectors.asked import asked_by
from tieout.connectors.edi_reading import Frame, Reading
from tieout.core.facts import Fact, FactType
from tieout.core.facts.invoice import Invoiced, InvoiceSent
from tieout.core.facts.order import OrderAcknowledged
from tieout.core.facts.shipment import ShipmentAnnounced
from tieout.core.paper import ABOUT
from tieout.core.values import Ref


def asked(frame: Frame, at: datetime) -> tuple[str, ...]:
    """What the customer asks for with an order of that instant."""
    return asked_by(frame.system, frame.partner, at.astimezone(ZoneInfo(frame.system.timezone)).date())


def acknowledgment(reading: Reading[Any, Any], booked: Fact, order: Ref, about: str = "") -> Fact:
    """What we told him of his order; `booked` as it is where he takes no acknowledgment, since then nothing else states our booking."""
    fact = _told(reading, OrderAcknowledged, "order_acknowledgment", booked, "acknowledgment", about)
    if fact is booked:
        return fact
    return msgspec.structs.replace(fact, lines=tuple(msgspec.structs.replace(line, subject=order) for line in fact.lines))


def ship_notice(reading: Reading[Any, Any], shipped: Fact, about: str = "") -> Fact:
    """What we told him of a shipment; `shipped` as it is where he takes no notice."""
    return _told(reading, ShipmentAnnounced, "ship_notice", shipped, "ship_notice", about)


def invoice(reading: Reading[Any, Any], invoiced: Fact, about: str = "") -> Fact:
    """What we billed him by EDI; `invoiced` as it is where he takes no invoice, and if it is a credit: then it stands for the ERP's own."""
    if invoiced.kind != Invoiced.name:
        return invoiced
    fact = _told(reading, InvoiceSent, "sent_invoice", invoiced, "invoice", about)
    if fact is invoiced:
        return fact
    return msgspec.structs.replace(fact, data={**fact.data, "against": str(reading.ours("invoice", fact.data[ABOUT]))})


def _told(reading: Reading[Any, Any], kind: FactType, type_: str, fact: Fact, paper: str, about: str) -> Fact:
    """The statement that we told him, by a number of the paper's own; `fact` as it is where the customer takes no such paper."""
    frame = reading.frame
    if paper not in asked(frame, frame.moment):
        return fact
    own = reading.partners(type_, f"{frame.partner}:{fact.number}")
    return msgspec.structs.replace(
        fact, kind=kind.name, system=frame.system.name, type=type_, number=own.split("/", 2)[2], links=(), relates=(), parcels=(),
        data={**fact.data, ABOUT: about or fact.number},
    )  # fmt: skip
