"""The agenda: when to look at a root again, so that nothing is missed and next to nothing is looked at in vain.

A look is planned per root and feed: the earliest moment at which something that this feed owes could be missed. It comes
due on the watermark of the feed. The plan of a root is `Subject.wake`; the rows of `wake` only find the roots, and one
that is no longer in the plan of its root is ignored.
"""

from collections.abc import Collection
from datetime import UTC, datetime

import msgspec

from tieout.core.account import Ageing, Group, Posting
from tieout.core.evaluate import Item, State
from tieout.runtime.batch import Batch, Connection, Subject, encode
from tieout.runtime.configuration import Configuration, Marks, Watch
from tieout.store import rows
from tieout.store.database import copy_rows, fetch, run
from tieout.store.rows import micros

Due = dict[str, dict[str, int]]
"""For each root the feeds whose looks have come due, each with the time of its last one."""


AT_ONCE = micros(datetime(1, 1, 1, tzinfo=UTC))
"""A look at the next occasion: before anything could have occurred."""


def plan(batch: Batch, root: str, subject: Subject, occurred: int, posting: Posting, *, is_undone: bool = False) -> None:
    """Per feed, the earliest moment at which something of this posting could be missed.

    One that is taken back, or takes back by a negative amount (a refund in a settlement, say), may uncover entries of any age, whose own
    looks are over: what it leaves open is looked at once. So is what a movement of stock shows again that another one had hidden.
    """
    configuration = batch.configuration
    planned = subject.wake
    at_once: set[str] = set()
    if is_undone or _takes_back(posting):
        for group in posting.groups:
            at_once |= _left_open(configuration, subject, group, {move[:-1] for move in group.moves})
    for group in () if is_undone else posting.groups:
        watch = configuration.watch(group.moves)
        if watch.hidden:
            at_once |= _left_open(configuration, subject, group, watch.hidden)
        if posting.day:
            looks, sides = [], watch.always
        else:
            looks, sides = [(feed, occurred + elapsed) for feed, elapsed in watch.elapsed], watch.counted
            if watch.own_due and any(row.due is not None for row in group.rows):
                sides += watch.own_due
        looks += [(feed, micros(configuration.due(side, posting, group))) for side in sides if (feed := configuration.feed_names[side])]
        if (watch.clears or watch.raised) and subject.net:
            exact = msgspec.structs.replace(posting, day=False) if posting.day else posting
            for side in _open_against(batch, subject, watch, group):
                if feed := configuration.feed_names[side]:
                    looks.append((feed, micros(configuration.due(side, exact, group))))
        for feed, at in looks:
            known = planned.get(feed)
            if known is None or at < known:
                planned[feed] = at
                batch.wake_rows.append(rows.wake_row(feed.encode(), at, root.encode()))
    for feed in at_once:
        planned[feed] = AT_ONCE
        batch.wake_rows.append(rows.wake_row(feed.encode(), AT_ONCE, root.encode()))


def _takes_back(posting: Posting) -> bool:
    """Whether any amount of a posting is negative."""
    return any(
        (row.quantity is not None and row.quantity < 0) or (row.value is not None and row.value < 0) for g in posting.groups for row in g.rows
    )


def _left_open(configuration: Configuration, subject: Subject, group: Group, codes: Collection[str]) -> set[str]:
    """The feeds that owe what stands open on some accounts under the keys of a group."""
    by_price = configuration.judged_by_price
    found: set[str] = set()
    for row in group.rows:
        for name in (f"{row.key}|{row.unit}", f"{row.key}|${row.currency}"):
            left = subject.net.get(name, {})
            for code in left.keys() & codes:
                signs = "+-" if code in by_price else "-" if left[code].is_signed() else "+"
                found |= {feed for sign in signs if (feed := configuration.feed_names[code + sign])}
    return found


def _open_against(batch: Batch, subject: Subject, watch: Watch, group: Group) -> tuple[str, ...]:
    """The sides to watch after clearing entries, where they left something open of the other sign or of price.

    What is left uncovered may be a later entry than this one: if this one is known to the day only, that one may be due before the day ends.

    Where only prices are judged, a debit by itself is nothing to watch; it is when something else stands on the account.
    """
    by_price = batch.configuration.judged_by_price
    sums = subject.net
    found: dict[str, None] = {}
    for row in group.rows:
        if watch.clears and (left := sums.get(f"{row.key}|{row.unit}")) is not None:
            for code in watch.clears:
                if (amount := left.get(code)) is not None and amount.is_signed():
                    found[code + "-"] = None
        if row.value is None or (left := sums.get(f"{row.key}|${row.currency}")) is None:
            continue
        for code in watch.clears:
            if (amount := left.get(code)) is not None:
                if code in by_price:
                    found[code + "+"] = found[code + "-"] = None
                elif amount.is_signed():
                    found[code + "-"] = None
        for code in watch.raised:
            if left.get(code, row.value) != row.value:
                found[code + "+"] = found[code + "-"] = None
    return tuple(found)


def prune(subject: Subject, configuration: Configuration) -> None:
    """Forget the looks at what the plain sums show as cleared; whatever opens again plans its own."""
    if subject.wake:
        for feed in configuration.owe_nothing(subject.wake, subject.net):
            del subject.wake[feed]


def due(connection: Connection, marks: Marks, now: datetime) -> Due:
    """The roots with looks that have come due; those are taken from the table."""
    found: Due = {}
    for (feed,) in fetch(connection, "wake_feeds"):
        mark = marks.of_feed(feed)
        if mark is not None:
            for root, at in fetch(connection, "due_roots", feed, min(mark, now)):
                looks = found.setdefault(root, {})
                looks[feed] = max(micros(at), looks.get(feed, 0))
    return found


def needed(batch: Batch, due: Due) -> list[str]:
    """The roots that need a full look; of the others, whose sums show nothing that the feeds due could clear, the looks are done."""
    found: list[str] = []
    done: list[tuple[str, str]] = []
    for root, looks in due.items():
        subject = batch.subjects[root]
        planned = [feed for feed in looks if subject.wake.get(feed, 1 + looks[feed]) <= looks[feed]]
        if not planned:
            continue
        if subject.cases or len(batch.configuration.owe_nothing(planned, subject.net)) < len(planned):
            found.append(root)
            continue
        for feed in planned:
            del subject.wake[feed]
        done.append((root, encode(subject.wake).decode()))
    if done:
        run(batch.connection, "set_wakes", *map(list, zip(*done, strict=True)))
    return found


def _horizon(marks: Marks, feed: str, now: datetime) -> datetime | None:
    """How far a feed's deadlines can be judged."""
    mark = marks.of_feed(feed)
    return None if mark is None else min(mark, now)


def replan(batch: Batch, items: dict[str, list[Item]], marks: Marks, now: datetime) -> None:
    """What is still pending needs a later look; looks that have been taken are forgotten.

    Of a flow both sides are waited for: whether it has stood is seen only as far as both feeds have reported.
    """
    configuration = batch.configuration
    planned: list[bytes] = []
    changed: list[tuple[str, str]] = []
    grace = configuration.policy.grace
    for root, found in items.items():
        wake: dict[str, int] = {}
        for item in found:
            if item.state not in (State.PENDING, State.UNKNOWABLE):
                continue
            own, other = ("+", "-") if item.side.value == "debit" else ("-", "+")
            feed = configuration.feed_names[item.account + own]
            horizon, at = _horizon(marks, feed, now), item.due + grace
            if horizon is not None and at <= horizon:
                at = horizon + configuration.standing_step
            wake[feed] = min(wake.get(feed, micros(at)), micros(at))
            if configuration.accounts[item.account].ageing is Ageing.STANDING and (feed := configuration.feed_names[item.account + other]):
                horizon, at = _horizon(marks, feed, now), item.due + grace
                if horizon is None or at > horizon:
                    wake[feed] = min(wake.get(feed, micros(at)), micros(at))
        subject = batch.subjects.get(root)
        if subject is None or subject.wake == wake:
            continue
        planned += [rows.wake_row(f.encode(), at, root.encode()) for f, at in wake.items() if subject.wake.get(f) != at]
        changed.append((root, encode(wake).decode()))
        subject.wake = wake
    copy_rows(batch.connection, "wake", planned)
    if changed:
        run(batch.connection, "set_wakes", *map(list, zip(*changed, strict=True)))
