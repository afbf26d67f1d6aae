"""The ERP told to book, bill and credit. It knows what it was told by the sender's own reference, and does not notice when it is told twice.

POST sales_orders   `{"external_ref", "order": {"shop": "S100001"}, "customer", "channel", "lines": [{"sku", "qty", "amount"}]}`
POST invoices       `{"external_ref", "sales_order": "SO100001", "lines": […]}`
POST credits        `{"external_ref", "return": "RMA0", "lines": […]}`
GET  …?external_ref=…   what was made under it

With the header Idempotency-Key it does a thing once for each key.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tieout.simulate import following
from tieout.simulate.answers import Refusal, Reply, Request, Told, Unfit
from tieout.simulate.answers.wanted import lines_of, order_named
from tieout.simulate.books import Books, Document
from tieout.simulate.clock import iso
from tieout.simulate.paper import Paper
from tieout.simulate.story import Order, late

SYSTEMS = ("erp",)
KINDS = {"sales_orders": "booking", "invoices": "invoice", "credits": "credit"}
Make = Callable[[Books, Mapping[str, Any], str], Document]


def concerns(request: Request, books: Books) -> Told | None:
    """What it is told, and of which order."""
    if request.method != "POST" or request.path not in KINDS:
        return None
    wanted = request.json
    match KINDS[request.path]:
        case "booking":
            return Told("booking", ordered(wanted))
        case "invoice":
            return Told("invoice", _root(books, f"erp/sales_order/{wanted.get('sales_order', '')}"))
        case _:
            return Told("credit", _root(books, _returned_of(str(wanted.get("return", "")))))


def answer(request: Request, books: Books) -> Reply | None:
    """What was made, or what is there."""
    what = KINDS.get(request.path)
    if what is None:
        return None
    if request.method == "GET":
        found = books.keyed(what, request.query.get("external_ref", ""))
        return Reply({"data": [found.said] if found is not None else []})
    wanted = request.json
    once = request.headers.get("idempotency-key", "")
    key = once or str(wanted.get("external_ref", ""))
    if not key:
        raise Unfit("neither the header Idempotency-Key nor an `external_ref` says how it is found again")
    known = books.keyed(what, key) if once else None
    return Reply((known or MAKES[what](books, wanted, key)).said, 201)


def ordered(wanted: Mapping[str, Any]) -> str:
    """The channel's order that is to be booked. Raises Unfit."""
    named = wanted.get("order")
    (system, number), *others = named.items() if isinstance(named, dict) and named else [("", "")]
    if not system or not number or others or "/" in str(system):
        raise Unfit('`order` names the channel and its number: {"shop": "S100001"}')
    return f"{system}/order/{number}"


def _book(books: Books, wanted: Mapping[str, Any], key: str) -> Document:
    reference, lines = ordered(wanted), lines_of(wanted, priced=True)
    order = order_named(books, reference, wanted)
    number = books.number("booking", reference, order.sales_order)
    about, at = f"erp/sales_order/{number}", books.moment
    more = {"customer": order.customer, "channel": str(wanted.get("channel", "")) or order.channel.name, "order": reference}
    paper = Paper("booking", "erp", number, at, at + late(books.chance(order, number)), about, lines, ((about, reference),), more=more)
    books.plans[about] = books.plans[reference]
    following.booked(books, order, paper)
    return _made(books, "booking", paper, reference, key)


def _bill(books: Books, wanted: Mapping[str, Any], key: str) -> Document:
    about = f"erp/sales_order/{wanted.get('sales_order', '')}"
    order, lines = _known(books, about), lines_of(wanted, priced=True)
    number = books.number("invoice", about, f"INV-{500001 + order.index}")
    booked = books.numbered("booking", about.rsplit("/", 1)[1])
    if booked is not None and not books.made_for("invoice", about) and not any(line.charge for line in lines):
        lines += [line.copy() for line in booked.lines if line.charge]
    at = books.moment
    paper = Paper("invoice", "erp", number, at, at + late(books.chance(order, number)), about, lines)
    following.billed(books, order, paper)
    return _made(books, "invoice", paper, about, key)


def _credit(books: Books, wanted: Mapping[str, Any], key: str) -> Document:
    name = str(wanted.get("return", ""))
    order, lines = _known(books, _returned_of(name)), lines_of(wanted, priced=True)
    about, at = f"erp/return/{name}", books.moment
    number = books.number("credit", about, f"CR{order.index}")
    paper = Paper("credit", "erp", number, at, at + late(books.chance(order, number)), about, lines)
    made = _made(books, "credit", paper, about, key)
    following.credited(books, order, paper)
    return made


MAKES: dict[str, Make] = {"booking": _book, "invoice": _bill, "credit": _credit}


def _made(books: Books, what: str, paper: Paper, about: str, key: str) -> Document:
    said = {"number": paper.number, "date": iso(paper.happened), "external_ref": key}
    return books.make(Document(what, paper.number, about, key, paper.lines, said))


def _known(books: Books, reference: str) -> Order:
    plan = books.plans.get(reference)
    if plan is None:
        raise Refusal("NOT_FOUND", f"There is no {reference.split('/', 1)[-1]}.")
    return plan.order


def _root(books: Books, reference: str) -> str:
    plan = books.plans.get(reference)
    return plan.order.ref if plan is not None else reference


def _returned_of(number: str) -> str:
    """A return bears the number of its order: `RMA0` is about `SO100001`."""
    index = number.removeprefix("RMA")
    return f"erp/sales_order/SO{100001 + int(index)}" if index.isdecimal() else f"erp/return/{number}"
