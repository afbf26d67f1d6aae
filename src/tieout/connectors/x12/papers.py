"""What we send to customers, taken in as our own word to them; and what customers ask for, kept with their order."""

from collections.abc import Callable

import msgspec

from tieout.connectors import edi_papers
from tieout.connectors.x12 import invoices, orders, shipments
from tieout.connectors.x12.reading import Reading
from tieout.core.facts import Fact
from tieout.core.facts.order import OrderPlaced
from tieout.core.flight import COMMAND

ADDRESS_MAX = 2


def order_acknowledged(reading: Reading) -> Fact:
    """855 to a customer who takes it: what we told him. To any other it stands for our booking, which nothing else may state."""
    return edi_papers.acknowledgment(reading, orders.order_booked(reading), reading.order(reading.need("BAK").get(3)), reading.frame.about)


def shipment_announced(reading: Reading) -> Fact:
    """856 to a customer who takes it; to any other it stands for our shipment."""
    return edi_papers.ship_notice(reading, shipments.notice_shipped(reading), reading.frame.about)


def invoice_sent(reading: Reading) -> Fact:
    """810 to a customer who takes it; to any other, and if it is a credit memo, it stands for the ERP's own."""
    return edi_papers.invoice(reading, invoices.invoiced(reading), reading.frame.about)


def completed(reading: Reading, fact: Fact) -> Fact:
    """An order with what its customer asks for and where the goods go; a document of ours with the command that it carries out."""
    data = dict[str, str]()
    if fact.kind == OrderPlaced.name:
        takes = edi_papers.asked(reading.frame, fact.happened)
        data = _ship_to(reading) | ({"takes": " ".join(takes)} if takes else {})
    if reading.frame.command:
        data[COMMAND] = reading.frame.command
    return msgspec.structs.replace(fact, data=fact.data | data) if data else fact


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
