"""Who supplies, stores and hauls by X12: vendors (850, 855, 856, 810), the third party's warehouse (940, 945, 944, 947, 846) and the freight
carrier (204, 214, 210)."""

from collections.abc import Iterator, Mapping, Sequence

from tieout.formats.x12 import Row
from tieout.simulate.clock import local
from tieout.simulate.paper import Line, Paper, money
from tieout.simulate.partners import File
from tieout.simulate.partners.edi import Making, answered, interchange
from tieout.simulate.story import price_of
from tieout.simulate.wire import packed

SYSTEMS = ("threepl", "vendors", "freight")
Made = tuple[str, str, list[Row]]


def write(papers: Sequence[Paper], at: int) -> Iterator[File]:
    """All interchanges of the slice, one after the other in one file; what stands inside another document is said by that one."""
    return packed(
        [paper for paper in papers if "inside" not in paper.more], "interchanges-{}.edi", at, lambda paper: interchange(paper, SETS), glue=b"\n"
    )


def _day(at: int) -> str:
    return local(at).strftime("%Y%m%d")


def _moment(at: int) -> tuple[str, str]:
    return _day(at), local(at).strftime("%H%M%S")


def _number(reference: str) -> str:
    return reference.rsplit("/", 1)[1]


def _pieces(paper: Paper) -> str:
    return str(sum(line.quantity or 0 for line in paper.lines))


# The warehouse -------------------------------------------------------------------------------------------------------


def _release(paper: Paper) -> Made:
    rows: list[Row] = [("W05", "N", paper.number), ("N1", "WH", "LAKE 3PL", "92", paper.more["warehouse"])]
    for n, line in enumerate(paper.lines, 1):
        rows += [("LX", str(n)), ("W01", str(line.quantity), line.unit, "", "VN", line.item)]
    return "940", "OW", [*rows, ("W76", _pieces(paper))]


def _advice(paper: Paper) -> Made:
    rows: list[Row] = [
        ("W06", "F", _number(paper.about), _day(paper.happened), paper.number, "", paper.more.get("purchase_order", "")),
        ("N1", "WH", "LAKE 3PL", "92", paper.more["warehouse"]),
        *(("N9", "CN", parcel) for parcel in paper.more["parcels"]),
    ]
    for n, line in enumerate(paper.lines, 1):
        rows += [("LX", str(n)), ("W12", "SH", str(line.quantity), str(line.quantity), "", line.unit, "", "VN", line.item)]
    return "945", "SW", [*rows, ("W03", _pieces(paper))]


def _received(paper: Paper) -> Made:
    order = "" if paper.more.get("is_nameless") else _number(paper.about)
    rows: list[Row] = [("W17", "F", _day(paper.happened), paper.number, order), ("N1", "WH", "LAKE 3PL", "92", paper.more["warehouse"])]
    rows += [("W07", str(line.quantity), line.unit, "", "VN", line.item) for line in paper.lines]
    return "944", "RE", [*rows, ("W14", _pieces(paper))]


def _moved(paper: Paper) -> Made:
    rows: list[Row] = [("W15", _day(paper.happened), paper.number), ("N1", "WH", "LAKE 3PL", "92", paper.more["warehouse"])]
    rows += [("W19", "01", str(line.quantity), line.unit, "", "VN", line.item) for line in paper.lines]
    return "947", "AW", rows


def _snapshot(paper: Paper) -> Made:
    rows: list[Row] = [("BIA", "00", "MB", paper.number, *_moment(paper.happened)), ("N1", "WH", "LAKE 3PL", "92", paper.more["warehouse"])]
    for n, line in enumerate(paper.more["positions"], 1):
        rows += [("LIN", str(n), "VN", line.item), ("QTY", "17", str(line.quantity), "EA")]
    return "846", "IB", [*rows, ("CTT", str(len(paper.more["positions"])))]


# Vendors -------------------------------------------------------------------------------------------------------------


def _priced(name: str, lines: Sequence[Line]) -> Iterator[Row]:
    for n, line in enumerate(lines, 1):
        yield name, str(n), str(line.quantity), line.unit, money(price_of(line)), "", "VN", line.item


def _purchase(paper: Paper) -> Made:
    way = "DS" if paper.more.get("is_direct") else "SA"
    rows: list[Row] = [
        ("BEG", "00", way, paper.number, "", _day(paper.happened)),
        ("DTM", "002", paper.more["wanted"].strftime("%Y%m%d")),
        ("N1", "ST", "CUPLINE", "92", paper.more["warehouse"]),
        *_priced("PO1", paper.lines),
    ]
    return "850", "PO", [*rows, ("CTT", str(len(paper.lines)))]


def _accepted(paper: Paper) -> Made:
    rows: list[Row] = [("BAK", "00", "AC", _number(paper.about), _day(paper.happened))]
    for n, line in enumerate(paper.lines, 1):
        rows += [("PO1", str(n), str(line.quantity), line.unit, "", "", "VN", line.item), ("ACK", "IA", str(line.quantity), line.unit)]
    return "855", "PR", [*rows, ("CTT", str(len(paper.lines)))]


def _announced(paper: Paper) -> Made:
    rows: list[Row] = [("BSN", "00", paper.number, *_moment(paper.happened), "0004"), ("HL", "1", "", "S", "1")]
    rows += [("REF", "CN", parcel) for parcel in paper.more.get("parcels", ())]
    rows += [("HL", "2", "1", "O", "1"), ("PRF", _number(paper.about))]
    for n, line in enumerate(paper.lines, 1):
        rows += [("HL", str(n + 2), "2", "I", "0"), ("LIN", str(n), "VN", line.item), ("SN1", str(n), str(line.quantity), line.unit)]
    return "856", "SH", [*rows, ("CTT", str(len(paper.lines) + 2), _pieces(paper))]


def _billed(paper: Paper) -> Made:
    total = sum(line.value or 0 for line in paper.lines)
    due = paper.more["due"].strftime("%Y%m%d")
    rows: list[Row] = [
        ("BIG", _day(paper.happened), paper.number, "", paper.more["order"]),
        ("ITD", "01", "3", "", "", "", due),
        *_priced("IT1", paper.lines),
    ]
    return "810", "IN", [*rows, ("TDS", str(total)), ("CTT", str(len(paper.lines)))]


# The freight carrier -------------------------------------------------------------------------------------------------


def _rated(paper: Paper) -> Made:
    total = sum(line.value or 0 for line in paper.lines)
    rows: list[Row] = [
        ("B2", "", paper.more["partner"][:4], "", _number(paper.about), "", "PP"),
        ("B2A", "00"),
        ("L3", "", "", "", "", str(total)),
    ]
    return "204", "SM", rows


def _status(paper: Paper) -> Made:
    rows: list[Row] = [
        ("B10", paper.number, "", paper.more["partner"][:4]), ("LX", "1"), ("AT7", "D1", "NS", "", "", *_moment(paper.happened), "LT"),
        ("L11", paper.number, "CN"),
    ]  # fmt: skip
    return "214", "QM", rows


def _freight(paper: Paper) -> Made:
    total = str(sum(line.value or 0 for line in paper.lines))
    carrier = paper.more["partner"][:4]
    rows: list[Row] = [
        ("B3", "", paper.number, _number(paper.about), "PP", "", _day(paper.happened), total, "", "", "", carrier),
        ("C3", "USD"),
    ]
    for n, line in enumerate(paper.lines, 1):
        rows += [("LX", str(n)), ("L1", str(n), "", "", str(line.value), "", "", "", *(("FUE",) if line.charge == "fuel" else ()))]
    return "210", "IM", [*rows, ("L3", "", "", "", "", total)]


SETS: Mapping[str, Making] = {
    "release": _release, "shipment": _advice, "received": _received, "moved": _moved, "snapshot": _snapshot,
    "purchase": _purchase, "purchase_accepted": _accepted, "announced": _announced, "drop_shipped": _announced, "vendor_billed": _billed,
    "rated": _rated, "delivery": _status, "freight_billed": _freight, "answer": answered,
}  # fmt: skip
"""What each kind of paper becomes."""
