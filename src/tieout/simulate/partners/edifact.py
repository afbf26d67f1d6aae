"""Trading partners that speak EDIFACT: ORDERS, ORDCHG and REMADV of customers, our ORDRSP, DESADV and INVOIC, and CONTRL both ways."""

from collections.abc import Callable, Iterator, Sequence

from tieout.formats.edifact import Envelope, MessageDraft, Row
from tieout.formats.edifact import write as write_edifact
from tieout.simulate.clock import local
from tieout.simulate.edi import ADDED, CHANGED, DELETED, REPRICED, UNCHANGED, said
from tieout.simulate.paper import Line, Paper, money
from tieout.simulate.partners import File
from tieout.simulate.partners.edi import ANSWERS, changed, remitted
from tieout.simulate.wire import packed

SYSTEMS = ("edifact",)
OURS = "CUPLINE"
QUALIFIER = "ZZ"
ACTIONS = {ADDED: "1", DELETED: "2", CHANGED: "3", REPRICED: "3", UNCHANGED: "4"}
"""What LIN says of a line in an ORDCHG."""
UNITS = {"CS": "CT", "EA": "PCE"}
MESSAGES = {
    "order": "ORDERS", "order_changed": "ORDCHG", "acknowledgment": "ORDRSP", "ship_notice": "DESADV", "sent_invoice": "INVOIC",
    "remittance": "REMADV",
}  # fmt: skip


def write(papers: Sequence[Paper], at: int) -> Iterator[File]:
    """All interchanges of the slice, one after the other in one file; what stands inside a remittance travels with it."""
    return packed([paper for paper in papers if "inside" not in paper.more], "interchanges-{}.edi", at, _interchange, glue=b"\n")


def _interchange(paper: Paper) -> bytes:
    partner, control = paper.more["partner"], str(paper.more["control"])
    sender, receiver = (OURS, partner) if paper.more.get("sent_by_us") else (partner, OURS)
    type_, release = ("CONTRL", "3") if paper.kind in ANSWERS else (MESSAGES[paper.kind], "96A")
    draft = MessageDraft(type_, "1", tuple(ROWS[paper.kind](paper)), release=release)
    envelope = Envelope(sender, receiver, control, QUALIFIER, QUALIFIER, syntax="UNOA")
    return write_edifact(envelope, (draft,), local(paper.more.get("sent", paper.happened)))


def _on(qualifier: str, at: int) -> Row:
    return "DTM", (qualifier, local(at).strftime("%Y%m%d"), "102")


def _goods(paper: Paper) -> list[Line]:
    return [line for line in paper.lines if not line.charge]


def _each(line: Line) -> str:
    assert line.quantity and line.value is not None
    return money(line.value // line.quantity)


def _charges(paper: Paper) -> Iterator[Row]:
    """Allowances and charges of the document."""
    for line in paper.lines:
        if line.charge:
            cents = line.value or 0
            yield "ALC", "A" if cents < 0 else "C", "", "", "", "DI" if line.charge == "discount" else "FC"
            yield "MOA", ("8", money(abs(cents)))


def _lines(lines: Sequence[Line], quantity: str, action: str = "", *, priced: bool = True, first: int = 1) -> Iterator[Row]:
    for n, line in enumerate(lines, first):
        yield "LIN", str(n), action, (line.item, "SA")
        yield "QTY", (quantity, str(line.quantity), UNITS[line.unit])
        if priced:
            yield "PRI", ("AAA", _each(line))


def _order(paper: Paper) -> list[Row]:
    customer, number = paper.number.split(":")
    head: list[Row] = [("BGM", "220", number, "9"), _on("137", paper.happened), ("NAD", "BY", (f"{customer}01", "", "92"), "", customer)]
    return [*head, *_charges(paper), *_lines(_goods(paper), "21"), ("UNS", "S"), ("CNT", ("2", str(len(_goods(paper)))))]


def _change(paper: Paper) -> list[Row]:
    customer, number = paper.number.split(":")
    head: list[Row] = [
        ("BGM", "230", f"{number}-{paper.revision}", "1" if paper.void else "5"),
        _on("137", paper.happened),
        ("RFF", ("ON", number)),
        ("NAD", "BY", (f"{customer}01", "", "92"), "", customer),
    ]
    rows = [row for n, (line, code) in enumerate(changed(paper), 1) for row in _lines([line], "21", ACTIONS[code], first=n)]
    return [*head, *rows, ("UNS", "S")]


def _acknowledgment(paper: Paper) -> list[Row]:
    number = paper.more["order"].split(":")[1]
    head: list[Row] = [("BGM", "231", f"R{paper.more['paper']}", "29"), _on("137", paper.happened)]
    head += [("RFF", ("ON", number)), ("RFF", ("VN", paper.more["paper"]))]
    return [*head, *_lines(_goods(paper.more["of"]), "21", "5"), ("UNS", "S")]


def _notice(paper: Paper) -> list[Row]:
    shipped: Paper = paper.more["of"]
    head: list[Row] = [("BGM", "351", paper.more["paper"], "9"), _on("137", paper.more["sent"]), _on("11", paper.happened)]
    head += [("RFF", ("ON", paper.more["order"].split(":")[1])), ("NAD", "SF", (shipped.more["warehouse"], "", "92")), ("CPS", "1")]
    head += [("RFF", ("CN", parcel)) for parcel in shipped.more["parcels"]]
    return [*head, *_lines(_goods(shipped), "12", priced=False), ("CNT", ("2", str(len(_goods(shipped)))))]


def _invoice(paper: Paper) -> list[Row]:
    billed: Paper = paper.more["of"]
    head: list[Row] = [("BGM", "380", paper.more["paper"], "9"), _on("137", paper.happened), ("RFF", ("ON", paper.more["order"].split(":")[1]))]
    total = money(sum(line.value or 0 for line in said(paper)))
    return [
        *head,
        ("CUX", ("2", "USD", "4")),
        *_charges(billed),
        *_lines([line for line in said(paper) if not line.charge], "47"),
        ("UNS", "S"),
        ("MOA", ("77", total)),
    ]


def _remittance(paper: Paper) -> list[Row]:
    number = paper.number.split(":")[1]
    rows: list[Row] = [("BGM", "481", f"RA{number}", "9"), _on("137", paper.happened), ("RFF", ("PQ", number)), ("CUX", ("2", "USD", "11"))]
    for name, cents in remitted(paper):
        rows += [("DOC", "380", name), ("MOA", ("12", money(cents)))]
    return [*rows, ("UNS", "S"), ("MOA", ("12", money(paper.lines[0].value or 0)))]


def _answer(paper: Paper) -> list[Row]:
    action = "7" if paper.more.get("verdict", "A") == "A" else "4"
    sender, receiver = (paper.more["partner"], OURS) if paper.more.get("sent_by_us") else (OURS, paper.more["partner"])
    return [("UCI", str(paper.more["control"]), (sender, QUALIFIER), (receiver, QUALIFIER), action)]


ROWS: dict[str, Callable[[Paper], list[Row]]] = {
    "order": _order, "order_changed": _change, "acknowledgment": _acknowledgment, "ship_notice": _notice, "sent_invoice": _invoice,
    "remittance": _remittance, **dict.fromkeys(ANSWERS, _answer),
}  # fmt: skip
"""What each kind of paper becomes: the segments of its message."""
