"""Interchanges and their syntax reports (CONTRL): what went out, what came in, and who has answered."""

from decimal import Decimal

import msgspec

from tieout.connectors.edifact.reading import Frame, Reading, Unreadable
from tieout.core.facts import Fact, Line, Refusal
from tieout.core.facts.document import GroupAcknowledged, GroupAnswered, GroupReceived, GroupSent
from tieout.core.values import ref
from tieout.formats.edifact import Interchange, Segment

ACCEPTED, REJECTED, RECEIVED = "7", "4", "8"
"""0083: acknowledged; rejected; the interchange was received, which says nothing about its syntax."""
SHOWN_MAX = 50
"""Rejected messages named in a report's data."""
TYPES_MAX = 10


def interchange_exchanged(frame: Frame, found: Interchange) -> Fact | Refusal:
    """The interchange itself, as sent by us or received from the partner; EDIFACT acknowledges it as X12 does a group."""
    control = found.header.control
    try:
        subject = ref(frame.system.name, "group", f"{frame.partner}:{control}")
    except ValueError as bad:
        return frame.refusal(found.header.start, "segment 1 (UNB)", "edifact/unb-element", f"UNB: {bad}.", "Ask the partner to correct UNB.")
    kind = GroupSent if frame.sent else GroupReceived
    types = dict.fromkeys(message.type[:6] for message in found.messages)
    return Fact(
        kind=kind.name,
        system=frame.system.name,
        type="group",
        number=subject.split("/", 2)[2],
        scope="sent" if frame.sent else "received",
        partner=frame.partner.upper(),
        happened=frame.moment,
        revision=frame.revision,
        entity=frame.system.entity,
        lines=(Line(line="1", subject=subject, quantity=Decimal(1) if frame.has_contrl else None, unit="DOC"),),
        data={"functional": " ".join(list(types)[:TYPES_MAX]), "sets": str(len(found.messages))},
        source=frame.source(found.header.start, "segment 1 (UNB)"),
    )


def interchange_acknowledged(reading: Reading) -> Fact:
    """CONTRL: an interchange accepted with all its messages counts as one document, anything else leaves it open.

    An acknowledgment of ours answers the partner's interchange whatever it says; one of theirs clears ours only if it accepts.
    """
    first = reading.need("UCI")
    action = first.get(4)
    if action not in (ACCEPTED, REJECTED, RECEIVED):
        raise Unreadable("code", f"UCI, element 4, is {action!r}: 4 (rejected), 7 (acknowledged) or 8 (received) is known.", first, 4)
    control = reading.text(first, 1, "the control reference of the interchange")
    subject = reading.partners("group", f"{reading.frame.partner}:{control}")
    refused = [_refused(each) for each in reading.segments if each.name in ("UCM", "UCF") and _action(each) == REJECTED]
    is_clean = action == ACCEPTED and not refused
    counts = reading.frame.has_contrl and (is_clean or reading.frame.sent)
    status = "P" if refused and action == ACCEPTED else {ACCEPTED: "A", REJECTED: "R", RECEIVED: "received"}[action]
    data = {"status": status, "refused": ", ".join(refused[:SHOWN_MAX]), "codes": first.get(5)}
    fact = reading.fact(
        GroupAnswered if reading.frame.sent else GroupAcknowledged,
        subject,
        first,
        happened=reading.frame.moment,
        lines=(Line(line="1", subject=subject, quantity=Decimal(1) if counts else None, unit="DOC"),),
        data={key: value for key, value in data.items() if value},
    )
    return msgspec.structs.replace(fact, scope="answered" if reading.frame.sent else "acknowledged")


def _action(segment: Segment) -> str:
    """What was done with a message (UCM) or a group (UCF)."""
    return segment.get(3 if segment.name == "UCM" else 4)


def _refused(segment: Segment) -> str:
    """`ORDERS 1 12` for a message that was rejected, with the error code."""
    if segment.name == "UCM":
        return " ".join(text for text in (segment.get(2), segment.get(1), segment.get(4)) if text)
    return " ".join(text for text in ("group", segment.get(1), segment.get(5)) if text)
