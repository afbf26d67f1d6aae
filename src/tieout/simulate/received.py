"""X12 documents of ours as a partner reads them: from whom, under which numbers, and what they say; nothing of what Tieout meant by them."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from tieout.formats.x12 import Fault, Segment, parse, read_set
from tieout.simulate.catalogue import BY_SKU
from tieout.simulate.clock import COMPANY
from tieout.simulate.paper import Cents

CASES = ("CS", "CA")
ITEM_AT = {"PO1": 7, "IT1": 7, "LIN": 3, "W01": 5}
"""Where each segment of a line has its item."""


class Unreadable(ValueError):
    """A document that its partner cannot read; the text says why."""


@dataclass(slots=True)
class Received:
    """An interchange with one set: its code, sender and receiver as `qualifier:id`, the control numbers of interchange and group, when its
    group says that it was made, how it is written, and the segments between ST and SE."""

    code: str
    sender: str
    receiver: str
    version: str
    delimiters: bytes
    interchange: int
    group: int
    made: int
    rows: list[Segment]

    def one(self, name: str) -> Segment:
        """The first segment of a name. Raises Unreadable."""
        found = next(self.all(name), None)
        if found is None:
            raise Unreadable(f"there is no {name}")
        return found

    def all(self, name: str) -> Iterator[Segment]:
        """The segments of a name."""
        return (row for row in self.rows if row.name == name)

    def goods(self, name: str) -> dict[str, tuple[int, Cents]]:
        """By item pieces and cents of the lines PO1 or IT1. Raises Unreadable."""
        found: dict[str, tuple[int, Cents]] = defaultdict(lambda: (0, 0))
        for row in self.all(name):
            pieces, item = pieces_of(row.get(2), row.get(3), row.get(ITEM_AT[name])), row.get(ITEM_AT[name])
            worth = number(row.get(2)) * number(row.get(4)) * 100
            found[item] = found[item][0] + pieces, found[item][1] + whole(worth)
        return dict(found)

    def charges(self) -> Cents:
        """What allowances and charges come to."""
        return sum((-1 if row.get(1) == "A" else 1) * whole(number(row.get(5))) for row in self.all("SAC"))


def received(raw: bytes) -> Received:
    """The one document of an interchange. Raises Unreadable."""
    found = parse(raw)
    if isinstance(found, Fault):
        raise Unreadable(found.reason)
    wrong = [*found.faults]
    for group in found.groups:
        wrong += [*group.faults, *(fault for each in group.sets for fault in each.faults)]
    if wrong:
        raise Unreadable(wrong[0].reason)
    ((group, set_),) = [(group, each) for group in found.groups for each in group.sets]
    rows = read_set(found, set_)
    if isinstance(rows, Fault):
        raise Unreadable(rows.reason)
    head, marks = found.header, found.header.delimiters
    made = datetime.strptime(f"{group.date} {group.time[:4]}", "%Y%m%d %H%M").replace(tzinfo=COMPANY)
    return Received(
        set_.code, f"{head.sender_qualifier}:{head.sender}", f"{head.receiver_qualifier}:{head.receiver}", group.version,
        marks.element + marks.component + marks.terminator, int(head.control), int(group.control), int(made.timestamp()), rows[1:-1],
    )  # fmt: skip


def pieces_of(quantity: str, unit: str, item: str) -> int:
    """How many pieces a quantity is. Raises Unreadable."""
    known = BY_SKU.get(item)
    if unit in CASES and known is None:
        raise Unreadable(f"nobody knows how many pieces a case of {item} has")
    return whole(number(quantity) * (known.case if unit in CASES and known else 1))


def number(text: str) -> Decimal:
    """A number. Raises Unreadable."""
    try:
        return Decimal(text)
    except InvalidOperation:
        raise Unreadable(f"{text!r} is no number") from None


def whole(amount: Decimal) -> int:
    """A whole number. Raises Unreadable."""
    if amount != int(amount):
        raise Unreadable(f"{amount} is not whole")
    return int(amount)
