"""Functional acknowledgments out (997): what our reading of a received group found, set by set."""

import re

from tieout.connectors.x12.acknowledgments import ACCEPTING, STATUSES
from tieout.connectors.x12.send.draft import Draft, Unsendable
from tieout.formats.x12 import Fault, Group, Interchange, Row, TransactionSet, Weight, parse, read_set

SET = re.compile(r"([0-9A-Z]{3})/(\S{1,9}) ([AEPRMWX])((?: [0-9]{1,3}){0,5})")
ACKNOWLEDGMENT_GROUP = "FA"
CODES_MAX = 5
"""AK5 and AK9 have room for five codes."""
SETS_DIGITS = 6
"""Longest count of sets that AK9 has room for."""
FATAL = (Weight.FATAL, Weight.GAP)


def verdicts(raw: bytes, control: str) -> dict[str, str]:
    """What a 997 says about the group with that control number (GS06) in a kept interchange: the data of `acknowledge_group`.

    Syntax alone is judged: envelopes, counts, control numbers and segment names. Raises ValueError when the group is
    not there, since then nothing can be acknowledged.
    """
    found = parse(raw)
    groups = [group for group in found.groups if group.control == control] if isinstance(found, Interchange) else []
    if not groups or isinstance(found, Fault):
        raise ValueError(f"there is no group {control} in this interchange")
    return _judged(found, groups[0])


def _judged(found: Interchange, group: Group) -> dict[str, str]:
    sets = [(each, *_verdict(found, each)) for each in group.sets]
    accepted = sum(status in ACCEPTING for _, status, _ in sets)
    codes = _codes(group.faults, "AK9:")
    if not accepted or any(fault.weight is Weight.FATAL for fault in group.faults):
        status, accepted = "R", 0
    elif accepted < len(sets):
        status = "P"
    else:
        status = "E" if codes or any(each == "E" for _, each, _ in sets) else "A"
    data = {
        "functional": group.code,
        "status": status,
        "sets": ", ".join(" ".join([f"{each.code}/{each.control}", verdict, *why]) for each, verdict, why in sets),
        "included": _included(found, group) or str(len(sets)),
        "received": str(len(sets)),
        "accepted": str(accepted),
        "codes": " ".join(codes),
    }
    return {key: value for key, value in data.items() if value}


def _included(found: Interchange, group: Group) -> str:
    """How many sets the sender counted (GE01); empty if GE is missing or says no number."""
    mark = "GE" + found.tokens.delimiters.element.decode("latin-1")
    trailer = next((text for text in found.tokens.texts[group.index :] if text.startswith(("GS" + mark[2:], mark))), "")
    count = trailer.split(mark[2:])[1].strip() if trailer.startswith(mark) else ""
    return count if count.isascii() and count.isdigit() and len(count) <= SETS_DIGITS else ""


def _verdict(found: Interchange, each: TransactionSet) -> tuple[str, list[str]]:
    faults = each.faults
    if all(fault.weight not in FATAL for fault in faults):
        segments = read_set(found, each)
        faults += (segments,) if isinstance(segments, Fault) else ()
    status = "R" if any(fault.weight in FATAL for fault in faults) else "E" if faults else "A"
    return status, _codes(faults, "AK5:")


def _codes(faults: tuple[Fault, ...], segment: str) -> list[str]:
    return list(dict.fromkeys(fault.code.removeprefix(segment) for fault in faults if fault.code.startswith(segment)))[:CODES_MAX]


def acknowledgment(draft: Draft) -> list[Row]:
    """997: from the data that `verdicts` gives; nothing is said of a group whose reading is not stated."""
    status = draft.text("status", "whether the group was accepted")
    if status not in STATUSES:
        raise Unsendable(f"The status {status!r} is no group acknowledgment.", "It is one of A, E, P and R.")
    functional = draft.text("functional", "which functional group it was")
    if functional == ACKNOWLEDGMENT_GROUP:
        raise Unsendable("The group is an acknowledgment itself, which nobody acknowledges.", "Cancel the command.")
    control = draft.command.data.get("group", "") or draft.command.group.rsplit(":", 1)[-1]
    rows: list[Row] = [("AK1", functional, control)]
    said = [part.strip() for part in draft.text("sets", "how each transaction set was read").split(",")]
    for part in said:
        match = SET.fullmatch(part)
        if match is None:
            raise Unsendable(f"{part!r} does not say how a set was read.", "Write it as 850/0001 A, or 850/0002 R 4.")
        rows += [("AK2", match[1], match[2]), ("AK5", match[3], *match[4].split())]
    received = draft.command.data.get("received") or str(len(said))
    included = draft.command.data.get("included") or received
    accepted = draft.text("accepted", "how many sets were accepted")
    return [*rows, ("AK9", status, included, received, accepted, *draft.command.data.get("codes", "").split())]
