"""Hypothesis strategies for the history of a small distributor: facts as dictionaries, see `world.say`."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from world import line, say

Fact = dict[str, Any]
quantities = st.integers(1, 6).map(Decimal)
amounts = st.integers(1, 40).map(lambda n: Decimal(n) / 4)
hours = st.integers(0, 400)


def _lines(draw: Any, subject: str, *, value: bool, charges: bool = False, currency_mix: bool = False) -> list[dict[str, Any]]:
    items = draw(st.lists(st.sampled_from("AB"), min_size=1, max_size=2, unique=True))
    made = []
    for n, item in enumerate(["A", *[i for i in items if i != "A"]], 1):
        price = draw(amounts) if value and draw(st.booleans()) else None
        made.append(line(n, subject, item, draw(quantities), price))
    if charges and draw(st.booleans()):
        made.append(line("F", subject, value=draw(amounts), charge="freight"))
    return made


@st.composite
def revised(draw: Any, kind: str, system: str, number: str, subject: str, *, voidable: bool = True, **more: Any) -> list[Fact]:
    """One to three versions of a document; the last may withdraw it."""
    made = []
    value, charges = more.pop("value", False), more.pop("charges", False)
    start = draw(hours)
    for revision in range(1, draw(st.sampled_from((1, 1, 1, 2, 3))) + 1):
        lines = _lines(draw, subject, value=value, charges=charges)
        if more.get("own_due") and draw(st.booleans()):
            lines[0]["due"] = f"2026-03-{draw(st.integers(3, 28)):02d}T12:00:00Z"
        extra = {k: v for k, v in more.items() if k != "own_due"}
        made.append(say(kind, system, number, start + revision, lines, revision=revision, **extra))
    if len(made) > 1 and voidable and draw(st.booleans()):
        made[-1]["void"] = True
    return made


@st.composite
def orders(draw: Any, n: int) -> list[Fact]:
    """One order to cash, with everything that may be late, partial, repeated, revised or missing."""
    order, booked, delivery = f"shop/order/{n}", f"erp/sales_order/S{n}", f"wms/delivery/D{n}"
    facts: list[Fact] = []
    if draw(st.booleans()):
        facts += draw(revised("OrderPlaced", "shop", str(n), order, value=True, charges=True))
    links = draw(st.sampled_from(([], [[booked, order]])))
    if draw(st.booleans()):
        facts += draw(revised("OrderBooked", "erp", f"S{n}", booked, value=True, charges=True, own_due=True, links=links))
    for m in range(draw(st.integers(0, 2))):
        facts += draw(revised("Shipped", "wms", f"P{n}.{m}", draw(st.sampled_from((order, booked, delivery)))))
    for m in range(draw(st.integers(0, 2))):
        facts += draw(revised("Invoiced", "erp", f"I{n}.{m}", draw(st.sampled_from((order, booked))), value=True, charges=True))
        if draw(st.booleans()):
            facts.append(say("CashApplied", "erp", f"C{n}.{m}", draw(hours), [line(1, f"erp/invoice/I{n}.{m}", value=draw(amounts))]))
    if draw(st.booleans()):
        facts += draw(revised("BookingCancelled", "erp", f"X{n}", booked))
    if draw(st.booleans()):
        facts += draw(linked(f"L{n}", delivery, draw(st.sampled_from((order, booked)))))
    if draw(st.booleans()):
        facts += draw(linked(f"M{n}", order, f"shop/order/{draw(st.integers(1, 3))}"))
    return facts


@st.composite
def linked(draw: Any, number: str, a: str, b: str) -> list[Fact]:
    """A link that somebody says, and perhaps takes back or says anew."""
    made = [say("Linked", "erp", number, draw(hours), links=[[a, b]], revision=1)]
    for revision in range(2, 2 + draw(st.integers(0, 2))):
        made.append(say("Linked", "erp", number, 1, links=[[a, b]], revision=revision, void=draw(st.booleans())))
    for fact in made:
        fact["happened"] = made[0]["happened"]
    return made


@st.composite
def purchases(draw: Any) -> list[Fact]:
    """A purchase order and its receipts."""
    subject = "erp/purchase_order/PO"
    facts = draw(revised("PurchaseOrdered", "erp", "PO", subject, value=True, own_due=True))
    for m in range(draw(st.integers(0, 2))):
        facts += draw(revised("GoodsReceived", "wms", f"G{m}", subject))
    return facts


@st.composite
def plain(draw: Any) -> list[Fact]:
    """A history that the auditor can judge."""
    facts = [fact for n in range(1, draw(st.integers(1, 3)) + 1) for fact in draw(orders(n))]
    if draw(st.booleans()):
        facts += draw(purchases())
    return facts


@st.composite
def rich(draw: Any) -> list[Fact]:
    """A history with units, kits, other currencies, conflicts, stock, lists and write-offs as well."""
    facts = draw(plain())
    made: list[Fact] = []
    if draw(st.booleans()):
        start, factor = draw(st.integers(-10, 300)), draw(st.sampled_from(("12", "1/2", "6")))
        made.append(say("UnitDefined", "erp", "A-CS", start, data={"item": "A", "unit": "CS", "base": "EA", "factor": factor}))
        made.append(say("Shipped", "wms", "PCS", 50, [line(1, "shop/order/1", "A", draw(quantities), unit="CS")]))
    if draw(st.booleans()):
        for n, when in enumerate((-10, draw(st.integers(0, 200)))):
            parts = [line(1, "erp/kit/K", "A", draw(quantities), 2), line(2, "erp/kit/K", "C", 1, draw(quantities))]
            made.append(say("KitDefined", "erp", f"K{n}", when, parts, data={"item": "K"}))
        for kind, system, number in (
            ("OrderPlaced", "shop", "K"), ("OrderBooked", "erp", "K"), ("Shipped", "wms", "K"), ("Invoiced", "erp", "K")
        ):  # fmt: skip
            if draw(st.booleans()):
                subject = draw(st.sampled_from(("shop/order/1", "shop/order/2")))
                made.append(say(kind, system, number, draw(hours), [line(1, subject, "K", draw(quantities), draw(amounts))]))
    if draw(st.booleans()):
        made.append(say("Invoiced", "erp", "EUR", draw(hours), [line(1, "shop/order/1", "A", 1, draw(amounts))], currency="EUR"))
    for fact in draw(st.lists(st.sampled_from(facts), max_size=3)) if facts else []:
        if fact["lines"]:
            changed = {**fact, "lines": [{**fact["lines"][0], "quantity": draw(quantities)}, *fact["lines"][1:]]}
            made.append(changed)
    for n in range(draw(st.integers(0, 3))):
        kind, system = draw(st.sampled_from((("StockMoved", "wms"), ("StockPosted", "erp"))))
        made.append(say(kind, system, f"M{n}", draw(hours), [line(1, "*/stock/W1:A", "A", draw(st.integers(-3, 3)))]))
    if draw(st.booleans()):
        kept = draw(st.sampled_from(("I1.0", "I1.1", "I2.0")))
        made.append(say("Listed", "erp", "L", draw(st.integers(100, 500)), data={"system": "erp", "type": "invoice", "numbers": kept}))
    if draw(st.booleans()):
        left = draw(st.integers(-3, 3))
        made.append(say("WrittenOff", "erp", "W", 300, [line(1, "shop/order/1")], data={
            "account": "SNI", "key": "A", "residual": str(left), "unit": "EA", "who": "ann", "why": "small"}))  # fmt: skip
    return facts + made
