"""What we send to customers, taken in as our own word to them; and what customers ask for, kept with their order."""

from collections.abc import Sequence

import msgspec

from tieout.connectors import edi_papers
from tieout.connectors.edifact import despatch, invoices, orders
from tieout.connectors.edifact.reading import Reading, parts
from tieout.core.facts import Fact
from tieout.core.facts.order import OrderPlaced

SHIP_TO = ("DP", "ST", "UC")
"""NAD: delivery party, ship to, ultimate consignee."""


def order_acknowledged(reading: Reading) -> Fact:
    """ORDRSP to a customer who takes it: what we told him. To any other it stands for our booking, which nothing else may state."""
    return edi_papers.acknowledgment(reading, orders.order_booked(reading), reading.order(orders.order_number(reading)))


def shipment_announced(reading: Reading) -> Fact:
    """DESADV to a customer who takes it; to any other it stands for our shipment."""
    return edi_papers.ship_notice(reading, despatch.notice_shipped(reading))


def invoice_sent(reading: Reading) -> Fact:
    """INVOIC to a customer who takes it; to any other, and if it is a credit note, it stands for the ERP's own."""
    return edi_papers.invoice(reading, invoices.invoiced(reading))


def completed(reading: Reading, facts: Sequence[Fact]) -> Sequence[Fact]:
    """An order, or its lines, with what its customer asks for and where the goods go."""
    if not facts or facts[0].kind != OrderPlaced.name:
        return facts
    takes = edi_papers.asked(reading.frame, facts[0].happened)
    data = _ship_to(reading) | ({"takes": " ".join(takes)} if takes else {})
    return [msgspec.structs.replace(fact, data=fact.data | data) for fact in facts] if data else facts


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
