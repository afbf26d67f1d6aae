"""Functional acknowledgments out (997): what our reading of a received group found, set by set."""

import re

from tieout.connectors.x12.acknowledgments import STATUSES
from tieout.connectors.x12.send.draft import Draft, Unsendable
from tieout.formats.x12 import Row

SET = re.compile(r"([0-9A-Z]{3})/(\S{1,9}) ([AEPRMWX])((?: [0-9]{1,3}){0,5})")
ACKNOWLEDGMENT_GROUP = "FA"
SEGMENT = re.compile(r"([0-9A-Z]{2,3}) ([0-9]{1,6}) ([0-9]{1,3})((?:, [0-9]{1,2}:[0-9]{1,3}(?::[0-9A-Za-z.-]{1,30})?)*)")


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
        rows.append(("AK2", match[1], match[2]))
        rows += _errors(draft, f"errors {match[1]}/{match[2]}")
        rows.append(("AK5", match[3], *match[4].split()))
    received = draft.command.data.get("received") or str(len(said))
    included = draft.command.data.get("included") or received
    accepted = draft.text("accepted", "how many sets were accepted")
    return [*rows, ("AK9", status, included, received, accepted, *draft.command.data.get("codes", "").split())]


def _errors(draft: Draft, key: str) -> list[Row]:
    """AK3 and AK4: the segments and elements of a set that are wrong, from `BEG 2 8, 5:8:20261399; PO1 4 8, 2:6:1O`."""
    rows: list[Row] = []
    said = draft.command.data.get(key, "")
    for part in said.split("; ") if said else ():
        match = SEGMENT.fullmatch(part)
        if match is None:
            raise Unsendable(f"The data `{key}` holds {part!r}.", "Write a segment as PO1 4 8, and its elements after it as , 2:6:1O.")
        rows.append(("AK3", match[1], match[2], "", match[3]))
        for element in match[4].split(", ")[1:]:
            at, code, *copy = element.split(":")
            rows.append(("AK4", at, "", code, *copy))
    return rows
