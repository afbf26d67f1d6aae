"""Functional groups and their acknowledgments (997, 999, TA1): what went out, what came in, and who has answered."""

from decimal import Decimal

import msgspec

from tieout.connectors.x12.reading import Frame, Reading, Unreadable
from tieout.connectors.x12.verdicts import ACCEPTING
from tieout.core.facts import Fact, Line, Refusal
from tieout.core.facts.document import GroupAcknowledged, GroupAnswered, GroupReceived, GroupSent
from tieout.core.values import ref
from tieout.formats.x12 import Group, Segment, read_date, read_time, segment_place

STATUSES = frozenset("AEPRMWX")
SETS_MAX = 50
"""Refused sets named in an acknowledgment's data."""


def group_exchanged(frame: Frame, group: Group, verdict: dict[str, str]) -> Fact | Refusal:
    """The group itself, as sent by us or received from the partner, with our verdict on it.

    A partner may begin its group numbers anew in every interchange, so that a received one is known by both numbers.
    """
    place = segment_place(group.index, "GS")
    try:
        happened = frame.instant(read_date(group.date), read_time(group.time))
        subject = ref(frame.system.name, "group", f"{frame.partner}:{group.control}")
    except ValueError as bad:
        reason = f"GS04, GS05 or GS06: {bad}."
        return frame.refusal(group.byte, place, "x12/element", reason, "Ask the partner to correct GS.")
    kind = GroupSent if frame.sent else GroupReceived
    return Fact(
        kind=kind.name,
        system=frame.system.name,
        type="group",
        number=subject.split("/", 2)[2],
        scope="sent" if frame.sent else f"received-{frame.control}",
        partner=frame.partner.upper(),
        happened=happened,
        revision=frame.revision,
        entity=frame.system.entity,
        lines=(Line(line="1", subject=subject, quantity=Decimal(1), unit="DOC"),),
        data={"functional": group.code, "sets": str(len(group.sets))} | verdict,
        source=frame.source(group.byte, place),
    )


def group_acknowledged(reading: Reading) -> Fact:
    """997 or 999: one of ours answers the partner's group whatever it says. One of theirs counts as one document if it accepts ours
    (A, E); P is not enough (some sets were refused), R, M, W and X refuse, and the group stays open."""
    first = reading.need("AK1")
    last = reading.need("AK9")
    status = last.get(1)
    if status not in STATUSES:
        raise Unreadable("code", f"AK901 is {status!r}, not a group acknowledgment code.", last, 1)
    control = reading.text(first, 2, "the control number of the group")
    subject = reading.partners("group", f"{reading.frame.partner}:{control}")
    quantity = Decimal(1) if reading.frame.sent or status in ACCEPTING else None
    data = {"status": status, "functional": first.get(1)}
    refused = _refused_sets(reading)
    if refused:
        data["refused"] = ", ".join(refused[:SETS_MAX])
    codes = " ".join(code for code in (last.get(at) for at in range(5, 10)) if code)
    if codes:
        data["codes"] = codes
    fact = reading.fact(
        GroupAnswered if reading.frame.sent else GroupAcknowledged,
        subject,
        first,
        happened=reading.frame.moment,
        lines=(Line(line="1", subject=subject, quantity=quantity, unit="DOC"),),
        data={key: value for key, value in data.items() if value},
    )
    return msgspec.structs.replace(fact, scope=f"answered-{reading.frame.control}" if reading.frame.sent else "acknowledged")


def _refused_sets(reading: Reading) -> list[str]:
    """`850/0001 R 4 5` for every set whose AK5 (or IK5) does not accept it."""
    refused = []
    current = ""
    for segment in reading.segments:
        if segment.name == "AK2":
            current = f"{segment.get(1)}/{segment.get(2)}"
        elif segment.name in ("AK5", "IK5") and segment.get(1) not in ACCEPTING:
            refused.append(" ".join([current, *(text for text in segment.elements[1:] if text)]))
    return refused


def interchange_refused(frame: Frame, ta1: Segment) -> Refusal | None:
    """A TA1 that refuses one of our interchanges; an accepting TA1 says nothing that a 997 does not say better."""
    if ta1.get(4) not in ("R", "E"):
        return None
    verdict = "noted errors in" if ta1.get(4) == "E" else "rejected"
    reason = f"The partner {verdict} our interchange {ta1.get(1)}: TA1 note code {ta1.get(5)}."
    place = segment_place(ta1.index, "TA1", 4)
    return frame.refusal(ta1.byte, place, "x12/interchange-refused", reason, "Correct the interchange and send it again.")
