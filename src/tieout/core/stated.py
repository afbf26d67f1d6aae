"""What the statements of a root say besides amounts, as far as the command that rests on them has to say it too. Pure.

Terms, rate and base of the tax are taken from the earliest statement that has them: an order is judged by what it came
with. What nobody stated is left out; nothing is worked out here.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from tieout.core.account import Posting
from tieout.core.act import Act
from tieout.core.facts import Line

OF_MONEY = frozenset((Act.BOOK_ORDER, Act.POST_INVOICE, Act.ISSUE_CREDIT, Act.ISSUE_REFUND))
"""Acts that speak of money, and so of the terms on which it is owed."""
BY_CARRIER = frozenset((Act.RELEASE_SHIPMENT, Act.POST_SHIPMENT))
"""Acts that may name the carrier."""


def data_of(act: Act, lines: Iterable[Line], book: Sequence[Posting], notes: Mapping[str, str]) -> dict[str, str]:
    """The `data` of a command: `terms` where money is spoken of; `tax_rate` and `tax_base`, which are the whole order's, where that is
    booked and states a tax; where goods are to leave, where to (`ship_to…`, else `customer_id`), and the `carrier` that a fallback has named."""
    wanted = ["terms"] if act in OF_MONEY else []
    if act is Act.BOOK_ORDER and any(line.charge == "tax" for line in lines):
        wanted += ["tax_rate", "tax_base"]
    made = {name: text for name in wanted if (text := first_said(book, name))}
    if act is Act.RELEASE_SHIPMENT:
        made |= ship_to(book) or ({"customer_id": notes["customer"]} if notes.get("customer") else {})
    if act in BY_CARRIER and notes.get("carrier"):
        made["carrier"] = notes["carrier"]
    return made


def ship_to(book: Sequence[Posting]) -> dict[str, str]:
    """Where the goods go, as the earliest statement that says it has it: `ship_to`, `ship_to_street` and so on."""
    said = (
        {name: text for name, text in sorted(posting.notes.items()) if name.startswith("ship_to") and text}
        for posting in sorted(book, key=_order)
    )
    return next(filter(None, said), {})


def _order(posting: Posting) -> tuple[datetime, str]:
    return posting.occurred, posting.identity


def first_said(book: Sequence[Posting], name: str) -> str:
    """What the earliest statement says under a name; empty when none says it."""
    said = [(posting.occurred, posting.identity, posting.notes[name]) for posting in book if posting.notes.get(name)]
    return min(said)[2] if said else ""
