"""Whether a document of ours says what is true: held by the partner who gets it against his own order, what was shipped and what was billed.

Each proof gives the paper that a sound document is about; it raises Wrong where the document says anything else than the truth.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tieout.simulate.catalogue import BY_SKU
from tieout.simulate.clock import local
from tieout.simulate.paper import Cents, Line, Paper
from tieout.simulate.received import Received, Unreadable, pieces_of
from tieout.simulate.story import SETS, Order

GROUPS = dict(SETS.values())
"""The functional group of each set."""
ACCEPTED, REFUSED = "A", ("R", "E", "P")


class Wrong(ValueError):
    """A document says what is not so; the text says what."""


@dataclass(slots=True)
class Known:
    """What there is to hold documents against: all that was said so far, by kind and number, and whose order each is about."""

    said: dict[tuple[str, str], Paper] = field(default_factory=dict)
    versions: dict[str, list[Paper]] = field(default_factory=lambda: defaultdict(list))
    """What each customer has ordered and ordered instead, by the order's reference."""
    groups: dict[str, Paper] = field(default_factory=dict)
    """The groups that came, by reference."""
    orders: dict[str, Order] = field(default_factory=dict)
    """By the reference that papers are about."""

    def hear(self, paper: Paper) -> None:
        """Something was said to us."""
        if "group" in paper.more and not paper.more.get("sent_by_us"):
            self.groups.setdefault(paper.more["group"], paper)
        if paper.spoil:
            return
        if paper.kind in ("order", "order_changed"):
            self.versions[paper.about].append(paper)
        elif paper.kind in ("booking", "shipment", "invoice"):
            self.said[paper.kind, paper.number] = paper

    def of(self, kind: str, number: str, partner: str) -> tuple[Paper, Order]:
        """What a document says that it is about, and the order of it. Raises Wrong."""
        paper = self.said.get((kind, number))
        if paper is None:
            raise Wrong(f"there is no {kind} {number!r}")
        order = self.orders.get(paper.more["parts"][0].about if "parts" in paper.more else paper.about)
        if order is None or order.customer != partner:
            raise Wrong(f"{kind} {number} is not for {partner}")
        return paper, order


Proof = Callable[[Received, str, Known], Paper]


def acknowledgment(document: Received, partner: str, known: Known) -> Paper:
    """855: the customer's own lines, as he numbered and priced them, all accepted; and the sales order that was booked for it."""
    head = document.one("BAK")
    booked, order = known.of("booking", head.get(8), partner)
    _same("order number", head.get(3), own_number(order))
    _same("day of the order", head.get(4), f"{local(order.placed):%Y%m%d}")
    found = {row.get(1): (row.get(7), pieces_of(row.get(2), row.get(3), row.get(7))) for row in document.all("PO1")}
    worth = document.goods("PO1")
    if not any(found == _numbered(version) and worth == ordered(version) for version in known.versions[order.ref]):
        raise Wrong(f"its lines {worth} are none that {partner} has ordered in {order.ref}")
    rows = [row for row in document.rows if row.name in ("PO1", "ACK")]
    for line, ack in zip(rows[::2], rows[1::2], strict=True):
        _same("answer to a line", (ack.name, ack.get(1), ack.get(2), ack.get(3)), ("ACK", "IA", line.get(2), line.get(3)))
    return booked


def notice(document: Received, partner: str, known: Known) -> Paper:
    """856: what left, in which parcels, of which order."""
    shipped, order = known.of("shipment", document.one("BSN").get(2), partner)
    _same("order number", [row.get(1) for row in document.all("PRF")], [own_number(order)])
    found: dict[str, int] = defaultdict(int)
    items = [row.get(3) for row in document.all("LIN")]
    for item, row in zip(items, document.all("SN1"), strict=True):
        found[item] += pieces_of(row.get(2), row.get(3), item)
    _same("goods", dict(found), {item: pieces for item, (pieces, _) in ordered(shipped).items()})
    _same("parcels", {row.get(2) for row in (*document.all("REF"), *document.all("MAN"))} - {""}, set(shipped.more["parcels"]))
    return shipped


def invoice(document: Received, partner: str, known: Known) -> Paper:
    """810: the ERP's invoice, item by item and to the cent, and the orders that it bills."""
    head = document.one("BIG")
    billed, order = known.of("invoice", head.get(2), partner)
    _same("date", head.get(1), f"{local(billed.happened):%Y%m%d}")
    _same("goods", document.goods("IT1"), ordered(billed))
    total = sum(line.value or 0 for line in billed.lines)
    _same("total in cents", document.one("TDS").get(1), str(total))
    _same("sum of the lines in cents", sum(cents for _, cents in document.goods("IT1").values()) + document.charges(), total)
    parts = billed.more.get("parts", ())
    orders = {part.more["order"].split(":")[1] for part in parts} or {own_number(order)}
    _same("orders", {head.get(4)} - {""} | {row.get(2) for row in document.all("REF") if row.get(1) == "PO"}, orders)
    return billed


def answer(document: Received, partner: str, known: Known) -> Paper:
    """997: a group that came from this partner, accepted if it was sound and not if it was damaged."""
    head = document.one("AK1")
    group = known.groups.get(reference := f"edi/group/{partner}:{head.get(2)}")
    if group is None:
        raise Wrong(f"{partner} has sent no group {reference}")
    _same("functional group", head.get(1), GROUPS[SETS[group.kind][0]])
    status = document.one("AK9").get(1)
    if (status == ACCEPTED) is bool(group.spoil) or status not in (ACCEPTED, *REFUSED):
        raise Wrong(f"{reference} is answered {status}, and it is {group.spoil or 'sound'}")
    return group


PROOFS: Mapping[str, Proof] = {"855": acknowledgment, "856": notice, "810": invoice, "997": answer}
KINDS = {"855": "acknowledgment", "856": "ship_notice", "810": "sent_invoice", "997": "answer"}


def own_number(order: Order) -> str:
    """The customer's own number of his order."""
    return order.number.split(":", 1)[1]


def ordered(paper: Paper) -> dict[str, tuple[int, Cents]]:
    """By item the pieces and cents of a paper's goods."""
    found: dict[str, tuple[int, Cents]] = defaultdict(lambda: (0, 0))
    for line in paper.lines:
        if line.item:
            pieces, cents = found[line.item]
            found[line.item] = pieces + _pieces(line), cents + (line.value or 0)
    return dict(found)


def _numbered(paper: Paper) -> dict[str, tuple[str, int]]:
    goods = [line for line in paper.lines if line.item]
    return {str(n): (line.item, _pieces(line)) for n, line in enumerate(goods, 1)}


def _pieces(line: Line) -> int:
    return (line.quantity or 0) * (BY_SKU[line.item].case if line.unit == "CS" else 1)


def _same(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise Wrong(f"its {what} is {found}, and should be {wanted}")


__all__ = ["KINDS", "PROOFS", "Known", "Unreadable", "Wrong"]
