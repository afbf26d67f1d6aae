"""Claiming: the most urgent exception that nobody has becomes one's own; two people never get the same. And who might be the best to have one."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from tieout.cases import act
from tieout.cases.filter import Filter, Term, where
from tieout.cases.item import Outcome, Target
from tieout.people.person import Person, Right
from tieout.policy.work import Work
from tieout.runtime.batch import Connection
from tieout.store.database import fetch_by
from tieout.store.sql import sql

NOBODY = Term("owner", ("none",))
DAYS = 90


class Owner(msgspec.Struct, frozen=True):
    """Somebody who can be given an exception: how many are open, how many of the same cause and class came to an end with this person
    of late, and, for the one that is suggested, why."""

    login: str
    name: str
    load: int
    same_cause: int
    same_class: int
    why: str = ""


def claim(connection: Connection, person: Person, wanted: Filter, now: datetime, work: Work) -> Outcome | None:
    """Take the most urgent of what a filter means and nobody has: by priority, then by what is due first. None when there is nothing."""
    person.need(Right.WORK)
    terms = tuple(term for term in wanted.terms if term.name not in ("owner", "state"))
    condition = where(Filter((*terms, NOBODY)), person, now)
    with connection.transaction():
        found = connection.execute(
            sql("next_unowned").format(where=condition.text).encode(), condition.arguments, prepare=False, binary=True
        ).fetchall()
        if not found:
            return None
        (outcome,) = act.assign(connection, person, [Target(found[0][0], found[0][1])], now, work, to=person.login)
    return outcome


def owners(connection: Connection, item: int, now: datetime) -> list[Owner]:
    """Who can be given an exception, whom we would give it to first: who has brought most of its cause to an end of late, else most of its
    class, else whoever has least to do."""
    found = [Owner(*row) for row in fetch_by(connection, "owners_of", id=item, now=now, days=DAYS)]
    best = _best(found)
    if best is None:
        return found
    return [best, *(one for one in found if one.login != best.login)]


def _best(found: Sequence[Owner]) -> Owner | None:
    for name, said in (("same_cause", "of the same cause"), ("same_class", "of the same class")):
        able = [one for one in found if getattr(one, name)]
        if able:
            best = max(able, key=lambda one: (getattr(one, name), -one.load, one.login))
            return msgspec.structs.replace(best, why=f"brought {getattr(best, name)} {said} to an end in {DAYS} days")
    if not found:
        return None
    best = min(found, key=lambda one: (one.load, one.login))
    return msgspec.structs.replace(best, why="has least to do")
