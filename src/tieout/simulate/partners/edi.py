"""Customers that speak X12: their orders (850), and our acknowledgments (997). What vendors, warehouses and carriers say stands in `supply`.

Every document travels in an interchange of its own, with one group and one set, as small partners send them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from tieout.formats.x12 import Envelope, GroupDraft, Row, SetDraft
from tieout.formats.x12 import write as write_x12
from tieout.simulate.clock import local
from tieout.simulate.paper import Paper, money
from tieout.simulate.partners import File
from tieout.simulate.wire import SPOILS, packed

SYSTEMS = ("edi",)
OURS = "CUPLINE"
Making = Callable[[Paper], tuple[str, str, list[Row]]]
"""A paper to the set's code, its group's, and its segments."""

SPOILS["control_number"] = lambda raw: raw.replace(b"~IEA*1*", b"~IEA*1*9", 1).replace(b"~IEA*1*90", b"~IEA*1*9", 1)
SPOILS["count"] = lambda raw: raw.replace(b"~SE*", b"~SE*9", 1)


def write(papers: Sequence[Paper], at: int) -> Iterator[File]:
    """All interchanges of the slice, one after the other in one file."""
    return packed(papers, "interchanges-{}.edi", at, lambda paper: interchange(paper, SETS), glue=b"\n")


def interchange(paper: Paper, sets: Mapping[str, Making]) -> bytes:
    """One paper in an interchange of its own."""
    code, group, rows = sets[paper.kind](paper)
    control = paper.more["control"]
    partner = paper.more["partner"]
    sender, receiver = (OURS, partner) if paper.more.get("sent_by_us") else (partner, OURS)
    made: datetime = local(paper.more.get("sent") or paper.more.get("made", paper.happened))
    draft = GroupDraft(group, control, (SetDraft(code, 1, tuple(rows)),))
    return write_x12(Envelope("ZZ", sender, "ZZ", receiver, control), (draft,), made)


def _order(paper: Paper) -> tuple[str, str, list[Row]]:
    customer, number = paper.number.split(":")
    rows: list[Row] = [
        ("BEG", "05" if paper.revision else "00", "SA", number, "", local(paper.happened).strftime("%Y%m%d")),
        ("N1", "BY", customer, "92", f"{customer}01"),
    ]
    for n, line in enumerate(paper.lines, 1):
        assert line.quantity and line.value is not None
        rows.append(("PO1", str(n), str(line.quantity), line.unit, money(line.value // line.quantity), "", "VN", line.item))
    return "850", "PO", [*rows, ("CTT", str(len(paper.lines)))]


def answered(paper: Paper) -> tuple[str, str, list[Row]]:
    """997: our acknowledgment of a group."""
    group, control, code = paper.more["answers"]
    rows: list[Row] = [("AK1", group, str(control)), ("AK2", code, "0001"), ("AK5", "A"), ("AK9", "A", "1", "1", "1")]
    return "997", "FA", rows


SETS: Mapping[str, Making] = {"order": _order, "answer": answered}
