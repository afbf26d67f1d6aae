"""One interchange to statements: envelope first, then every message by its own reader."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from tieout.connectors import Document, System
from tieout.connectors.edi_documents import local_instant, refusal
from tieout.connectors.edifact import acknowledgments, despatch, invoices, orders, papers, payments
from tieout.connectors.edifact.reading import Frame, Reading, Unreadable
from tieout.core.facts import Fact, Refusal, Statement, revision_time
from tieout.core.values import SourceRef
from tieout.formats.edifact import (
    MESSAGES,
    Fault,
    Header,
    Interchange,
    Message,
    Weight,
    message_place,
    parse,
    read_clock,
    read_date,
    read_message,
)

Reader = Callable[[Reading], Fact | tuple[Fact, ...]]

RECEIVED: dict[str, Reader] = {
    "CONTRL": acknowledgments.interchange_acknowledged,
    "DESADV": despatch.goods_announced,
    "INVOIC": invoices.vendor_invoiced,
    "ORDCHG": orders.order_changed,
    "ORDERS": orders.order_placed,
    "ORDRSP": orders.purchase_acknowledged,
    "REMADV": payments.cash_received,
}
SENT: dict[str, Reader] = {
    "CONTRL": acknowledgments.interchange_acknowledged,
    "DESADV": papers.shipment_announced,
    "INVOIC": papers.invoice_sent,
    "ORDCHG": orders.purchase_changed,
    "ORDERS": orders.purchase_ordered,
    "ORDRSP": papers.order_acknowledged,
    "REMADV": payments.vendor_paid,
}
ACKNOWLEDGMENT = "CONTRL"
SEQUENCE = re.compile(r"[0-9]{1,12}\Z")
UNB = "segment 1 (UNB)"
REPORT = "Nothing to correct. If this document matters to you, ask for a mapping; its bytes are kept and can be replayed."


def translate(document: Document, system: System) -> list[Statement]:
    """Read one interchange: a fact for itself and per message, or a refusal. Pure; never raises on bad input."""
    stated = system.options.get("characters")
    characters = {str(key): str(value) for key, value in stated.items()} if isinstance(stated, Mapping) else {}
    found = parse(document.raw, characters)
    if isinstance(found, Fault):
        source = SourceRef(document.origin, document.line, document.byte + found.byte, found.place)
        return [refusal(source, found.rule, found.reason, found.next_step)]
    frame = _frame(document, system, found.header)
    if isinstance(frame, Refusal):
        return [frame]
    return list(_statements(frame, found))


def _frame(document: Document, system: System, header: Header) -> Frame | Refusal:
    sender, receiver = _party(header.sender_qualifier, header.sender), _party(header.receiver_qualifier, header.receiver)
    own = system.options.get("identifiers") or ()
    ours = {str(each).strip().upper() for each in ([own] if isinstance(own, str) else own)}
    sent = sender.upper() in ours
    source = SourceRef(document.origin, document.line, document.byte + header.start, UNB)
    if ours and not sent and receiver.upper() not in ours:
        reason = f"The interchange is from {sender} to {receiver}; neither is ours ({', '.join(sorted(ours))})."
        return refusal(source, "edifact/not-ours", reason, "Route it to its owner, or add our identifier to the settings.")
    if header.is_test and system.options.get("accept_test") is not True:
        reason = f"Interchange {header.control} from {sender} is marked as a test: nothing in it counts."
        return refusal(source, "edifact/test", reason, "Ask the partner for production documents, or set the option `accept_test`.")
    try:
        moment = local_instant(read_date(header.date), read_clock(header.time), system.timezone)
    except (ValueError, OverflowError) as bad:
        return refusal(source, "edifact/unb-element", f"UNB, element 4: {bad}.", "Ask the partner to correct UNB.")
    return Frame(
        system=system,
        origin=document.origin,
        byte=document.byte,
        partner=(header.receiver if sent else header.sender).replace("/", "-"),
        sent=sent,
        moment=moment,
        revision=revision_time(moment, _sequence(header.control)),
    )


def _party(qualifier: str, identifier: str) -> str:
    return f"{qualifier}:{identifier}" if qualifier else identifier


def _sequence(control: str) -> int:
    """The digits at the end of a control reference: of two interchanges of one minute the later has the greater number."""
    digits = SEQUENCE.search(control)
    return int(digits[0]) if digits else 0


def _statements(frame: Frame, found: Interchange) -> Iterator[Statement]:
    yield from (_refused(frame, fault) for fault in found.faults if fault.weight is not Weight.NOTE)
    if any(fault.weight is Weight.FATAL for fault in found.faults):
        return
    if any(message.type != ACKNOWLEDGMENT for message in found.messages):
        yield acknowledgments.interchange_exchanged(frame, found)
    for group in found.groups:
        yield from (_refused(frame, fault, f"group {group.control[:20]}, ") for fault in group.faults if fault.weight is Weight.GAP)
    for message in found.messages:
        yield from _message(frame, found, message)


def _message(frame: Frame, found: Interchange, message: Message) -> Sequence[Statement]:
    place = message_place(message)
    segments = read_message(found, message)
    if isinstance(segments, Fault):
        return [_refused(frame, segments, f"{place}, ")]
    reader = (SENT if frame.sent else RECEIVED).get(message.type)
    if reader is None:
        way = "sent" if frame.sent else "received"
        name = f"{message.type} ({MESSAGES[message.type]})" if message.type in MESSAGES else message.type[:20]
        reason = f"{name}, {way}, is valid EDIFACT but no mapping reads it yet."
        return [frame.refusal(message.byte, place, "edifact/unsupported-message", reason, REPORT)]
    reading = Reading(frame, message, segments)
    try:
        read = reader(reading)
        return papers.completed(reading, [read] if isinstance(read, Fact) else read)
    except Unreadable as unreadable:
        return [reading.refusal(unreadable)]
    except ValueError as bad:
        return [reading.refusal(Unreadable("value", f"{bad}."))]


def _refused(frame: Frame, fault: Fault, prefix: str = "") -> Refusal:
    return frame.refusal(fault.byte, prefix + fault.place, fault.rule, fault.reason, fault.next_step)
