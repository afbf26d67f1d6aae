"""What an exception may belong to: open items of the opposite side and documents of the same number, each with why. Only suggestions."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from tieout.people.person import Person
from tieout.runtime.batch import Connection
from tieout.store.database import fetch_by

LIMIT = 10


class Candidate(NamedTuple):
    """Something that may belong to an exception: its reference, why, how well it fits (0 to 100), and the exception it is, if any."""

    root: str
    why: str
    fits: int
    work: int | None
    summary: str
    worth: Decimal | None
    currency: str
    since: datetime | None


def candidates(connection: Connection, person: Person, work: int, words: str = "") -> list[Candidate]:
    """The best candidates for an exception, best first; `words` narrow them to what begins so."""
    rows = fetch_by(
        connection, "candidates_of", id=work, words=f"{words.strip().upper()}%" if words.strip() else "%", **person.scopes.arguments()
    )
    made = []
    for root, id_, summary, worth, currency, since, number, party, sku, quantity, value, apart in rows:
        reasons = [
            (number, 40, "same number"), (quantity, 25, "opposite quantity"), (value, 20, "same value"), (sku, 20, "same item"),
            (party, 15, "same partner"),
        ]  # fmt: skip
        fits = sum(points for holds, points, _ in reasons if holds) - min(int(apart), 30)
        why = ", ".join(said for holds, _, said in reasons if holds)
        days = "" if apart < 1 else f", {int(apart)} {'day' if int(apart) == 1 else 'days'} apart"
        made.append(Candidate(root, f"{why}{days}", max(1, min(fits, 100)), id_, summary, worth, currency, since))
    return sorted(made, key=lambda one: (-one.fits, one.root))[:LIMIT]
