"""One interchange to statements: envelope first, then every group and every transaction set by its own reader."""

from collections.abc import Callable, Iterator, Sequence

from tieout.connectors import Document, System
from tieout.connectors.asked import is_described
from tieout.connectors.edi_documents import local_instant, refusal
from tieout.connectors.x12 import acknowledgments, carriers, changes, invoices, orders, papers, payments, returns, shipments, warehouse
from tieout.connectors.x12.reading import Frame, Reading, Unreadable
from tieout.connectors.x12.verdicts import Heard, errors_of, judged
from tieout.core.facts import Fact, Refusal, Statement, revision_time
from tieout.core.flight import COMMAND
from tieout.core.paper import ABOUT
from tieout.core.values import SourceRef
from tieout.formats.x12 import (
    Fault,
    Group,
    Header,
    Interchange,
    Weight,
    parse,
    read_date,
    read_set,
    read_time,
    set_place,
)

Reader = Callable[[Reading], Fact | tuple[Fact, ...]]

RECEIVED: dict[str, Reader] = {
    "210": carriers.freight_invoiced,
    "214": carriers.parcels_scanned,
    "810": invoices.vendor_invoiced,
    "820": payments.cash_received,
    "846": warehouse.stock_counted,
    "850": changes.order_placed,
    "855": orders.purchase_acknowledged,
    "856": shipments.goods_announced,
    "860": changes.order_changed,
    "944": warehouse.goods_received,
    "945": shipments.shipping_advice,
    "947": warehouse.stock_moved,
    "997": acknowledgments.group_acknowledged,
    "999": acknowledgments.group_acknowledged,
}
SENT: dict[str, Reader] = {
    **papers.READERS,
    "180": returns.return_authorised,
    "204": carriers.freight_rated,
    "820": payments.vendor_paid,
    "850": changes.purchase_ordered,
    "860": changes.purchase_changed,
    "940": warehouse.order_linked,
    "997": acknowledgments.group_acknowledged,
    "999": acknowledgments.group_acknowledged,
}
ACKNOWLEDGMENT_GROUP = "FA"
CHECKED = "00401"
"""The version whose elements we know; a partner we acknowledge is told what is wrong in them."""
TEST = "T"
REPORT = "Nothing to correct. If this document matters to you, ask for a mapping; its bytes are kept and can be replayed."


def translate(document: Document, system: System) -> list[Statement]:
    """Read one interchange: a fact per group and per transaction set, or a refusal. Pure; never raises on bad input."""
    found = parse(document.raw)
    if isinstance(found, Fault):
        source = SourceRef(document.origin, document.line, document.byte + found.byte, found.place)
        return [refusal(source, found.rule, found.reason, found.next_step)]
    frame = _frame(document, system, found.header)
    if isinstance(frame, Refusal):
        return [frame]
    return list(_statements(frame, found))


def _frame(document: Document, system: System, header: Header) -> Frame | Refusal:
    sender = f"{header.sender_qualifier}:{header.sender}"
    receiver = f"{header.receiver_qualifier}:{header.receiver}"
    own = system.options.get("identifiers") or ()
    ours = {str(each).strip().upper() for each in ([own] if isinstance(own, str) else own)}
    sent = sender.upper() in ours
    if ours and not sent and receiver.upper() not in ours:
        reason = f"The interchange is from {sender} to {receiver}; neither is ours ({', '.join(sorted(ours))})."
        source = SourceRef(document.origin, document.line, document.byte, "segment 1 (ISA)")
        return refusal(source, "x12/not-ours", reason, "Route it to its owner, or add our identifier to the settings.")
    if header.usage == TEST and system.options.get("accept_test") is not True and COMMAND not in document.meta:
        source = SourceRef(document.origin, document.line, document.byte, "segment 1 (ISA), element 15")
        reason = f"Interchange {header.control} from {sender} is marked as a test (ISA15 is T): nothing in it counts."
        return refusal(source, "x12/test", reason, "Ask the partner for production documents, or set the option `accept_test`.")
    moment = local_instant(read_date(header.date), read_time(header.time), system.timezone)
    return Frame(
        system=system,
        origin=document.origin,
        byte=document.byte,
        partner=(header.receiver if sent else header.sender).replace("/", "-"),
        sent=sent,
        moment=moment,
        revision=revision_time(moment, int(header.control)),
        control=header.control,
        command=document.meta.get(COMMAND, "") if sent else "",
        about=document.meta.get(ABOUT, "") if sent else "",
    )


def _statements(frame: Frame, found: Interchange) -> Iterator[Statement]:
    yield from (_refused(frame, fault) for fault in found.faults if fault.weight is not Weight.NOTE)
    if _is_fatal(found.faults):
        return
    for ta1 in () if frame.sent else found.acknowledgments:
        refused = acknowledgments.interchange_refused(frame, ta1)
        if refused is not None:
            yield refused
    for group in found.groups:
        yield from (_refused(frame, fault) for fault in group.faults if fault.weight is not Weight.NOTE)
        yield from _group(frame, found, group)


def _group(frame: Frame, found: Interchange, group: Group) -> Iterator[Statement]:
    """The group, with the verdict on it if a partner sent it, then its sets; of a group that is broken itself only that."""
    heard = Heard({}, {}, {})
    broken = _is_fatal(group.faults)
    made = [] if broken else [each for at in range(len(group.sets)) for each in _set(frame, found, group, at, heard)]
    if group.code and group.code != ACKNOWLEDGMENT_GROUP and (not broken or (group.control and not frame.sent)):
        data = {} if frame.sent else judged(found, group, heard)
        yield acknowledgments.group_exchanged(frame, group, data)
    yield from made


def _set(frame: Frame, found: Interchange, group: Group, at: int, heard: Heard) -> Sequence[Statement]:
    transaction = group.sets[at]
    place = set_place(transaction)
    reader = (SENT if frame.sent else RECEIVED).get(transaction.code)
    segments = read_set(found, transaction)
    if isinstance(segments, Fault):
        heard.broken[at] = segments
        return [_refused(frame, segments, f"{place}, ")]
    if not frame.sent and group.version.startswith(CHECKED) and is_described(frame.system, frame.partner):
        errors = errors_of(segments)
        if errors:
            heard.noted[at] = errors
    if reader is None:
        heard.refused[at] = None
        way = "sent" if frame.sent else "received"
        reason = f"{transaction.code} ({way}) is valid X12 but no mapping reads it yet."
        return [frame.refusal(transaction.byte, place, "x12/unsupported-set", reason, REPORT)]
    reading = Reading(frame, group, transaction, segments)
    try:
        read = reader(reading)
        return [papers.completed(reading, fact) for fact in ([read] if isinstance(read, Fact) else read)]
    except Unreadable as fault:
        unreadable = fault
    except ValueError as bad:
        unreadable = Unreadable("value", f"{bad}.")
    heard.refused[at] = unreadable
    return [reading.refusal(unreadable)]


def _refused(frame: Frame, fault: Fault, prefix: str = "") -> Refusal:
    return frame.refusal(fault.byte, prefix + fault.place, fault.rule, fault.reason, fault.next_step)


def _is_fatal(faults: tuple[Fault, ...]) -> bool:
    return any(fault.weight is Weight.FATAL for fault in faults)
