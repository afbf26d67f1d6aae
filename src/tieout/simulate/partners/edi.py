"""Customers that speak X12, each in a dialect of his own: orders, changes and remittances, what we tell them, and both sides'
acknowledgments. What vendors, warehouses and carriers say stands in `supply`.

Every document travels in an interchange of its own, with one group and one set, as small partners send them.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tieout.formats.x12 import Delimiters, Envelope, GroupDraft, Row, SetDraft
from tieout.formats.x12 import write as write_x12
from tieout.simulate.clock import local
from tieout.simulate.edi import UNCHANGED, said
from tieout.simulate.paper import Line, Paper, money
from tieout.simulate.partners import File
from tieout.simulate.story import SETS
from tieout.simulate.wire import SPOILS, packed

SYSTEMS = ("edi",)
Making = Callable[[Paper], tuple[str, str, list[Row]]]
"""A paper to the set's code, its group's, and its segments."""


def _another_digit(found: re.Match[bytes]) -> bytes:
    return found[1] + (b"8" if found[2] == b"9" else b"9")


SPOILS["control_number"] = lambda raw: re.sub(rb"(IEA.1.|UNZ\+1\+)(\d)", _another_digit, raw, count=1)
SPOILS["count"] = lambda raw: re.sub(rb"(?<=[~\n'])(SE[*|]|UNT\+)", rb"\g<1>9", raw, count=1)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a partner writes X12, and wants it written: version, delimiters, identifiers, codes, and whether lines are counted and summed."""

    ours: tuple[str, str] = ("ZZ", "CUPLINE")
    qualifier: str = "ZZ"
    version: str = "004010"
    delimiters: Delimiters = field(default_factory=lambda: Delimiters(b"*", b">", b"~", b"^"))
    item: str = "VN"
    units: Mapping[str, str] = field(default_factory=dict)
    has_sums: bool = True


PLAIN = Dialect()
MART = Dialect(("12", "7735550100"), "08", "005010", Delimiters(b"|", b":", b"\n", b"^"), "SK", {"CS": "CA"}, has_sums=False)
DIALECTS = {"GREENMART": MART}
"""Who does not write as all others do."""


def write(papers: Sequence[Paper], at: int) -> Iterator[File]:
    """All interchanges of the slice, one after the other in one file; what stands inside a remittance travels with it."""
    return packed([paper for paper in papers if "inside" not in paper.more], "interchanges-{}.edi", at, _interchange, glue=b"\n")


def _interchange(paper: Paper) -> bytes:
    dialect = DIALECTS.get(paper.more["partner"], PLAIN)
    code, group = ("997", "FA") if paper.kind in ANSWERS else SETS[paper.kind]
    return _enveloped(paper, code, group, ROWS[paper.kind](paper, dialect), dialect)


def interchange(paper: Paper, sets: Mapping[str, Making]) -> bytes:
    """One paper in an interchange of its own, as most partners write it."""
    return _enveloped(paper, *sets[paper.kind](paper), PLAIN)


def _enveloped(paper: Paper, code: str, group: str, rows: Sequence[Row], dialect: Dialect) -> bytes:
    control = paper.more["control"]
    ours, theirs = dialect.ours, (dialect.qualifier, paper.more["partner"])
    sender, receiver = (ours, theirs) if paper.more.get("sent_by_us") else (theirs, ours)
    made: datetime = local(paper.more.get("sent") or paper.more.get("made", paper.happened))
    envelope = Envelope(
        sender[0], sender[1], receiver[0], receiver[1], control, version=dialect.version, delimiters=dialect.delimiters
    )  # fmt: skip
    return write_x12(envelope, (GroupDraft(group, control, (SetDraft(code, 1, tuple(rows)),)),), made)


def _day(at: int) -> str:
    return local(at).strftime("%Y%m%d")


def _unit(line: Line, dialect: Dialect) -> str:
    return dialect.units.get(line.unit, line.unit)


def _goods(paper: Paper) -> list[Line]:
    return [line for line in paper.lines if not line.charge]


def _each(line: Line) -> str:
    assert line.quantity and line.value is not None
    return money(line.value // line.quantity)


def _sums(lines: Sequence[Line], dialect: Dialect) -> list[Row]:
    """How many lines there are, and the sum of their quantities, where the partner wants that."""
    return [("CTT", str(len(lines)), str(sum(line.quantity or 0 for line in lines)))] if dialect.has_sums else []


def _charges(paper: Paper) -> Iterator[Row]:
    """Allowances and charges of the document, in cents."""
    for line in paper.lines:
        if line.charge:
            cents = line.value or 0
            yield "SAC", "A" if cents < 0 else "C", "C310" if line.charge == "discount" else "D240", "", "", str(abs(cents))


def _order(paper: Paper, dialect: Dialect) -> list[Row]:
    customer, number = paper.number.split(":")
    rows: list[Row] = [
        ("BEG", "05" if paper.revision else "00", "SA", number, "", _day(paper.happened)),
        ("N1", "BY", customer, "92", f"{customer}01"),
        *_charges(paper),
    ]
    for n, line in enumerate(_goods(paper), 1):
        rows.append(("PO1", str(n), str(line.quantity), _unit(line, dialect), _each(line), "", dialect.item, line.item))
    return [*rows, *_sums(_goods(paper), dialect)]


def _change(paper: Paper, dialect: Dialect) -> list[Row]:
    customer, number = paper.number.split(":")
    purpose = "01" if paper.void else "05"
    rows: list[Row] = [
        (
            "BCH",
            purpose,
            "SA",
            number,
            "",
            str(paper.revision),
            _day(paper.more.get("first", paper.happened)),
            "",
            "",
            "",
            "",
            _day(paper.happened),
        ),
        ("N1", "BY", customer, "92", f"{customer}01"),
    ]
    lines = changed(paper)
    for n, (line, code) in enumerate(lines, 1):
        rows.append(("POC", str(n), code, str(line.quantity), "", _unit(line, dialect), _each(line), "", dialect.item, line.item))
    return [*rows, *_sums([line for line, _ in lines], dialect)]


def changed(paper: Paper) -> list[tuple[Line, str]]:
    """The lines of a change, each with what is said of it: as it is to be, or taken out."""
    codes = paper.more.get("codes", {})
    goods = [] if paper.void else [*_goods(paper), *paper.more.get("gone", ())]
    return [(line, codes.get(line.item, UNCHANGED)) for line in goods]


def _acknowledgment(paper: Paper, dialect: Dialect) -> list[Row]:
    booked: Paper = paper.more["of"]
    number = paper.more["order"].split(":")[1]
    rows: list[Row] = [("BAK", "00", "AD", number, _day(paper.happened), "", "", "", paper.more["paper"])]
    for n, line in enumerate(_goods(booked), 1):
        rows.append(("PO1", str(n), str(line.quantity), "EA", _each(line), "", dialect.item, line.item))
    return [*rows, *_sums(_goods(booked), dialect)]


def _notice(paper: Paper, dialect: Dialect) -> list[Row]:
    """Shipment, order, items: no packs."""
    shipped: Paper = paper.more["of"]
    sent = local(paper.more["sent"])
    rows: list[Row] = [("BSN", "00", paper.more["paper"], sent.strftime("%Y%m%d"), sent.strftime("%H%M"), "0004"), ("HL", "1", "", "S", "1")]
    rows += [("REF", "CN", parcel) for parcel in shipped.more["parcels"]]
    rows += [("DTM", "011", _day(paper.happened)), ("N1", "SF", "CUPLINE", "92", shipped.more["warehouse"])]
    rows += [("HL", "2", "1", "O", "1"), ("PRF", paper.more["order"].split(":")[1])]
    lines = _goods(shipped)
    for n, line in enumerate(lines, 1):
        rows += [("HL", str(n + 2), "2", "I", "0"), ("LIN", str(n), dialect.item, line.item), ("SN1", str(n), str(line.quantity), "EA")]
    return [*rows, *([("CTT", str(len(lines) + 2), str(sum(line.quantity or 0 for line in lines)))] if dialect.has_sums else [])]


def _invoice(paper: Paper, dialect: Dialect) -> list[Row]:
    """One for a single order names it in its head, a collective one line by line."""
    billed: Paper = paper.more["of"]
    number = paper.more["order"].split(":")[1]
    orders = {part.about: part.more["order"].split(":")[1] for part in billed.more.get("parts", ())}
    head = (_day(paper.more["placed"]), number) if number else ()
    rows: list[Row] = [("BIG", _day(paper.happened), paper.more["paper"], *head)]
    for n, line in enumerate((line for line in said(paper) if not line.charge), 1):
        rows.append(("IT1", str(n), str(line.quantity), "EA", _each(line), "", dialect.item, line.item))
        rows += [("REF", "PO", orders[line.about])] if orders else []
    rows.append(("TDS", str(sum(line.value or 0 for line in said(paper)))))
    return [*rows, *_charges(billed), *([("CTT", str(len(_goods(billed))))] if dialect.has_sums else [])]


def _remittance(paper: Paper, dialect: Dialect) -> list[Row]:
    total = money(paper.lines[0].value or 0)
    rows: list[Row] = [("BPR", "C", total, "C", "ACH", *[""] * 11, _day(paper.happened)), ("TRN", "1", paper.number.split(":")[1])]
    rows += [("RMR", "IV", name, "", money(cents)) for name, cents in remitted(paper)]
    return rows


def remitted(paper: Paper) -> list[tuple[str, int]]:
    """What a remittance pays on each invoice, by the number that it names."""
    return [
        (each.more.get("named") or each.lines[0].about.rsplit("/", 1)[1], each.lines[0].value or 0) for each in paper.more["paid"] if each.lines
    ]  # fmt: skip


def answered(paper: Paper) -> tuple[str, str, list[Row]]:
    """997: our acknowledgment of a group."""
    return "997", "FA", _answer(paper, PLAIN)


def _answer(paper: Paper, dialect: Dialect) -> list[Row]:
    group, control, code = paper.more["answers"]
    if paper.more.get("verdict", "A") == "A":
        return [("AK1", group, str(control)), ("AK2", code, "0001"), ("AK5", "A"), ("AK9", "A", "1", "1", "1")]
    return [("AK1", group, str(control)), ("AK2", code, "0001"), ("AK5", "R", "5"), ("AK9", "R", "1", "1", "0")]


ANSWERS = ("answer", "accepted", "rejected")
ROWS: dict[str, Callable[[Paper, Dialect], list[Row]]] = {
    "order": _order, "order_changed": _change, "acknowledgment": _acknowledgment, "ship_notice": _notice, "sent_invoice": _invoice,
    "remittance": _remittance, **dict.fromkeys(ANSWERS, _answer),
}  # fmt: skip
"""What each kind of paper becomes: the segments of its set."""
