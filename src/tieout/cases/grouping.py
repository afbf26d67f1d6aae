"""Merging causes and splitting them. A merge names who and why and can be taken back; a split is for good."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from tieout.cases.act import lock, write_events
from tieout.cases.filter import Filter, where
from tieout.cases.item import Target
from tieout.errors import Forbidden, OperatorError
from tieout.people import audit
from tieout.people.person import Person, Right, predicate
from tieout.runtime.batch import Connection
from tieout.store.database import fetch, fetch_by, run, run_by
from tieout.store.sql import sql

MERGED_MAX = 200
ESCALATES_FROM = 10
"""A cause escalates when a day brings twice as many items as the day before, and at least so many."""
DAY = timedelta(days=1)


class Cause(msgspec.Struct, frozen=True):
    """A cause with its open items among those that a filter means."""

    id: int
    fingerprint: str
    class_: str
    systems: str
    field: str
    version: str
    party: str
    sku: str
    title: str
    state: str
    team: str
    person: str
    fixed_in: str
    snooze_until: datetime | None
    first_seen: datetime
    last_seen: datetime
    seen: int
    row_version: int
    figures: "Figures | None" = None

    @property
    def ref(self) -> str:
        """`CA-17`."""
        return f"CA-{self.id}"


class Merged(msgspec.Struct, frozen=True):
    """A cause that another took in, with the rule that joined them: whose decision it was and why."""

    id: int
    fingerprint: str
    title: str
    who: str
    why: str
    at: datetime


def causes(connection: Connection, wanted: Filter, person: Person, now: datetime, *, limit: int = 200) -> list[Cause]:
    """The causes of what a filter means, with most items first."""
    condition = where(wanted, person, now)
    text = f"""select w.cause, w.currency, count(*), count(*) filter (where w.due < %(now)s), sum(w.worth) filter (where w.priced),
      count(*) filter (where w.opened > %(now)s - interval '1 day'),
      count(*) filter (where w.opened > %(now)s - interval '2 days' and w.opened <= %(now)s - interval '1 day'),
      sum(count(*)) over (partition by w.cause) as total
      from work w where {condition.text} and w.cause is not null group by 1, 2 order by total desc, 1"""  # noqa: S608
    figures: dict[int, Figures] = {}
    for id_, currency, many, overdue, worth, today, yesterday, _ in connection.execute(
        text.encode(), condition.arguments, prepare=False, binary=True
    ).fetchall():
        one = figures.setdefault(id_, Figures())
        one.many, one.overdue, one.today, one.yesterday = one.many + many, one.overdue + overdue, one.today + today, one.yesterday + yesterday
        if currency and worth is not None:
            one.sums[currency] = worth
    ids = list(figures)[:limit]
    found = {row[0]: Cause(*row) for row in fetch(connection, "list_causes", ids)}
    return [_with(found[id_], figures[id_], now) for id_ in ids]


class Figures(msgspec.Struct):
    """Counts and sums of a cause's items; `today` and `yesterday` are those opened in the last 24 hours and the 24 before."""

    many: int = 0
    overdue: int = 0
    today: int = 0
    yesterday: int = 0
    sums: dict[str, Decimal] = {}


def _with(cause: Cause, figures: Figures, now: datetime) -> Cause:
    """A cause with its figures, and its state as they show it."""
    state = cause.state
    if state not in ("snoozed", "regressed"):
        if figures.today >= ESCALATES_FROM and figures.today >= 2 * figures.yesterday and cause.first_seen <= now - DAY:
            state = "escalating"
        else:
            state = "new" if cause.first_seen > now - DAY else "ongoing"
    return msgspec.structs.replace(cause, state=state, figures=figures)


def spark(connection: Connection, causes: Sequence[int], now: datetime, days: int = 14) -> dict[int, list[int]]:
    """How many items of each cause were opened on each of the last days, oldest first; those resolved since count too."""
    made = {cause: [0] * days for cause in causes}
    for cause, ago, many in fetch_by(connection, "cause_days", ids=list(causes), now=now, days=days):
        made[cause][days - 1 - ago] = many
    return made


def merges(connection: Connection, cause: int) -> list[Merged]:
    """What was merged into a cause, and by which rule."""
    return [Merged(*row) for row in fetch(connection, "merges_of", cause)]


def merge(connection: Connection, person: Person, into: int, others: Sequence[int], why: str, now: datetime) -> None:
    """Take other causes into one. Raises OperatorError when any two of them were split from each other: that is for good."""
    _may(person, why)
    with connection.transaction():
        wanted = {row[0]: row for row in fetch(connection, "lock_causes", sorted({into, *others}))}
        missing = {into, *others} - wanted.keys()
        if missing or into in others or not others:
            raise OperatorError(
                f"There is no such cause to merge: {', '.join(f'CA-{i}' for i in sorted(missing)) or 'itself'}.", "Name others."
            )
        if wanted[into][1] is not None:
            raise OperatorError(f"CA-{into} is part of CA-{wanted[into][1]}.", f"Merge into CA-{wanted[into][1]}.")
        may_change(connection, person, [into, *others])
        members = {i for one in (into, *others) for (i,) in fetch_by(connection, "members_of", id=one)}
        if len(members) > MERGED_MAX:
            raise OperatorError(f"A cause takes in at most {MERGED_MAX} others.", "Say in `[work.causes]` what does not tell them apart.")
        for a, b, who, at in fetch_by(connection, "split_between", ids=sorted(members)):
            raise OperatorError(f"{who} split CA-{a} from CA-{b} for good on {at:%Y-%m-%d}.", "They stay apart; merge others.")
        moved = sorted(members - {into} - {i for (i,) in fetch_by(connection, "members_of", id=into)})
        run_by(connection, "merge_causes", into=into, who=person.login, why=why, now=now, ids=moved)
        run_by(connection, "regroup_work", ids=moved, now=now)
        write_events(connection, person.login, [(None, one, "merged", {"into": into, "why": why}) for one in moved], now)
        audit.write(connection, person, "merge causes", f"CA-{into}", {"causes": moved, "why": why}, now)


def part(connection: Connection, person: Person, cause: int, why: str, now: datetime) -> None:
    """Take a merged cause out again, for good: nobody merges the two a second time."""
    _may(person, why)
    with connection.transaction():
        found = fetch(connection, "one_cause", cause)
        if not found or found[0][1] is None:
            raise OperatorError(f"CA-{cause} is not merged into another.", "Only what was merged is taken out.")
        into = found[0][1]
        may_change(connection, person, [cause])
        run(connection, "unmerge_cause", now, cause)
        run_by(connection, "insert_split", a=cause, b=into, who=person.login, why=why, now=now)
        run_by(connection, "regroup_work", ids=[cause], now=now)
        write_events(connection, person.login, [(None, cause, "split", {"from": into, "why": why})], now)
        audit.write(connection, person, "split causes", f"CA-{cause}", {"from": into, "why": why}, now)


def split_off(connection: Connection, person: Person, targets: Sequence[Target], title: str, why: str, now: datetime) -> int:
    """Give some items of one cause a cause of their own, for good; its number. They stay there when they come back, too."""
    _may(person, why)
    with connection.transaction():
        rows = lock(connection, person, targets)
        if len(rows) != len(targets) or len({row.cause for row in rows.values()}) != 1:
            raise OperatorError("The items to split off are not of one cause, or some are not there.", "Select items of one cause.")
        cause = next(iter(rows.values())).cause
        if cause is None:
            raise OperatorError("They have no cause yet.", "Wait a moment; it is found when they are routed.")
        ((new,),) = fetch_by(connection, "split_off", id=cause, title=title.strip()[:300] or "Split off", many=len(rows), now=now)
        run_by(connection, "insert_split", a=cause, b=new, who=person.login, why=why, now=now)
        run_by(connection, "pin_work", cause=new, ids=sorted(rows), now=now)
        events: list[tuple[int | None, int | None, str, dict[str, Any]]] = [
            (id_, new, "split off", {"from": cause, "why": why}) for id_ in sorted(rows)
        ]
        write_events(connection, person.login, events, now)
        audit.write(connection, person, "split causes", f"CA-{new}", {"from": cause, "items": sorted(rows), "why": why}, now)
    return int(new)


def settle_on(
    connection: Connection, person: Person, cause: int, now: datetime, *, team: str = "", owner: str = "", fixed_in: str = ""
) -> None:
    """Say whose matter a cause is, or in which mapping version it is fixed: what appears after that version is regressed."""
    person.need(Right.WORK)
    with connection.transaction():
        if not fetch(connection, "one_cause", cause):
            raise OperatorError(f"There is no cause CA-{cause}.", "Check the number.")
        may_change(connection, person, [cause])
        run_by(connection, "set_cause", id=cause, team=team, person=owner, fixed_in=fixed_in, now=now)
        detail = {"team": team, "person": owner, "fixed_in": fixed_in}
        write_events(connection, person.login, [(None, cause, "settled", detail)], now)
        audit.write(connection, person, "settle cause", f"CA-{cause}", detail, now)


def _may(person: Person, why: str) -> None:
    person.need(Right.WORK)
    if not why.strip():
        raise OperatorError("A merge or a split needs a reason.", "Write why.")


def may_change(connection: Connection, person: Person, ids: Sequence[int]) -> None:
    """A cause that has items outside somebody's scopes is not this person's to change. Raises Forbidden."""
    if person.scopes.is_all:
        return
    text = sql("causes_beyond").replace("{seen}", predicate("w"))
    if connection.execute(text, {"ids": list(ids), **person.scopes.arguments()}).fetchall():
        raise Forbidden("The causes have items that you may not see.", "Somebody who sees all of them changes them.")
