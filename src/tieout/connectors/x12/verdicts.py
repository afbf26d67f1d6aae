"""The verdict on a received functional group, set by set: what a functional acknowledgment (997) says of it, as data of its statement."""

import re
from typing import NamedTuple

from tieout.connectors.x12.reading import Unreadable
from tieout.formats.x12 import Fault, Group, Interchange, Segment, TransactionSet, Weight, parse, read_set
from tieout.formats.x12.elements import Element, elements, wrong
from tieout.formats.x12.numbers import N, R

ACCEPTING = frozenset("AE")
"""AK501 and AK901: accepted, accepted with errors noted."""
CODES_MAX = 5
"""AK5 and AK9 have room for five codes."""
SETS_DIGITS = 6
"""Longest count of sets that AK9 has room for."""
ERRORS_MAX, ELEMENTS_MAX, SETS_MAX = 20, 10, 100
"""Segments named per set, elements per segment, and sets whose errors are named."""
FATAL = (Weight.FATAL, Weight.GAP)
NOT_SUPPORTED, SEGMENTS_IN_ERROR = "1", "5"
MISSING_SEGMENT, ELEMENTS_IN_ERROR = "3", "8"
MISSING, SHORT, LONG, CHARACTER, CODE, DATE, TIME = "1", "4", "5", "6", "7", "8", "9"
COPY = re.compile(r"[0-9A-Za-z.-]{1,30}")
"""What is quoted of a wrong element: nothing that could separate in the answer."""
CONTROL = re.compile(r"\S{1,9}")


class Heard(NamedTuple):
    """What was found in the sets of a group, by their position: those that could not be cut into segments, what their readers refused
    (None: no reader knows the set), and what is wrong in sets that were read all the same, as `BEG 2 8, 5:8:20261399; PO1 4 8, 2:6:1O`."""

    broken: dict[int, Fault]
    refused: dict[int, Unreadable | None]
    noted: dict[int, str]


def verdicts(raw: bytes, control: str) -> dict[str, str]:
    """What a 997 says about the group with that control number (GS06) in a kept interchange, by its syntax alone.

    Raises ValueError when the group is not there, since then nothing can be acknowledged.
    """
    found = parse(raw)
    groups = [group for group in found.groups if group.control == control] if isinstance(found, Interchange) else []
    if not groups or isinstance(found, Fault):
        raise ValueError(f"there is no group {control} in this interchange")
    heard = Heard({}, {}, {})
    for at, each in enumerate(groups[0].sets):
        if not _is_broken(each.faults) and isinstance(fault := read_set(found, each), Fault):
            heard.broken[at] = fault
    return judged(found, groups[0], heard)


def judged(found: Interchange, group: Group, heard: Heard) -> dict[str, str]:
    """The same, with what was found in its sets."""
    sets = [(each, *_verdict(each, at, heard)) for at, each in enumerate(group.sets)]
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
        "sets": ", ".join(" ".join([f"{each.code}/{each.control}", verdict, *why]) for each, verdict, why in sets if _is_named(each)),
        "included": _included(found, group) or str(len(sets)),
        "received": str(len(sets)),
        "accepted": str(accepted),
        "codes": " ".join(codes),
    }
    told = 0
    for at, each in enumerate(group.sets):
        unreadable = heard.refused.get(at)
        errors = refusal_of(each, unreadable) if unreadable is not None else heard.noted.get(at, "")
        if errors and told < SETS_MAX and _is_named(each):
            data[f"errors {each.code}/{each.control}"] = errors
            told += 1
    return {key: value for key, value in data.items() if value}


def refusal_of(each: TransactionSet, unreadable: Unreadable) -> str:
    """Where a reader gave up, as one error: the segment that is missing, or the segment and element that it could not read."""
    at, element = unreadable.segment, unreadable.element
    if at is None:
        return f"{unreadable.missing} {each.end - each.start} {MISSING_SEGMENT}" if unreadable.missing else ""
    if not element:
        return f"{at.name} {at.index} {ELEMENTS_IN_ERROR}"
    return f"{at.name} {at.index} {ELEMENTS_IN_ERROR}, {_element(at, element, _why(at, element, unreadable.rule))}"


def errors_of(segments: list[Segment]) -> str:
    """What is wrong in the elements of a set that could be read all the same: lengths, characters, dates, times, what is missing."""
    found = []
    for segment in segments[1:-1]:
        known = elements(segment.name) or ()
        wrongs = [at for at, element in enumerate(known, 1) if wrong(element, segment.get(at))]
        if wrongs:
            parts = [_element(segment, at, _why(segment, at, "")) for at in wrongs[:ELEMENTS_MAX]]
            found.append(", ".join([f"{segment.name} {segment.index} {ELEMENTS_IN_ERROR}", *parts]))
            if len(found) == ERRORS_MAX:
                break
    return "; ".join(found)


def _verdict(each: TransactionSet, at: int, heard: Heard) -> tuple[str, list[str]]:
    faults = each.faults + ((heard.broken[at],) if at in heard.broken else ())
    codes = _codes(faults, "AK5:")
    if _is_broken(faults):
        return "R", codes
    if at in heard.refused:
        return "R", [NOT_SUPPORTED if heard.refused[at] is None else SEGMENTS_IN_ERROR]
    return ("E", codes) if faults or at in heard.noted else ("A", codes)


def _is_broken(faults: tuple[Fault, ...]) -> bool:
    return any(fault.weight in FATAL for fault in faults)


def _is_named(each: TransactionSet) -> bool:
    """False for a set whose head is so broken that no acknowledgment can name it."""
    return len(each.code) == 3 and each.code.isalnum() and CONTROL.fullmatch(each.control) is not None


def _included(found: Interchange, group: Group) -> str:
    """How many sets the sender counted (GE01); empty if GE is missing or says no number."""
    mark = "GE" + found.tokens.delimiters.element.decode("latin-1")
    trailer = next((text for text in found.tokens.texts[group.index :] if text.startswith(("GS" + mark[2:], mark))), "")
    count = trailer.split(mark[2:])[1].strip() if trailer.startswith(mark) else ""
    return count if count.isascii() and count.isdigit() and len(count) <= SETS_DIGITS else ""


def _codes(faults: tuple[Fault, ...], segment: str) -> list[str]:
    return list(dict.fromkeys(fault.code.removeprefix(segment) for fault in faults if fault.code.startswith(segment)))[:CODES_MAX]


def _element(segment: Segment, at: int, why: str) -> str:
    """`2:6:1O`: position, error code, and the value where it can be quoted."""
    text = segment.get(at)
    return f"{at}:{why}:{text}" if COPY.fullmatch(text) else f"{at}:{why}"


def _why(segment: Segment, at: int, rule: str) -> str:
    """The data element error (AK403)."""
    text, known = segment.get(at), elements(segment.name) or ()
    element = known[at - 1] if at <= len(known) else Element("", 0, 1000, False)
    if not text:
        return MISSING
    if rule == "x12/code":
        return CODE
    match element.type:
        case "DT":
            return DATE
        case "TM":
            return TIME
    if element.type in ("N", "R") and not (R if element.type == "R" else N).match(text):
        return CHARACTER
    length = sum(map(str.isdigit, text)) if element.type in ("N", "R") else len(text)
    return SHORT if length < element.least else LONG if length > element.most else CHARACTER
