"""The daily digest: what is open, overdue and one's own, as an e-mail. All its figures come from one snapshot, those of the console."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal
from html import escape
from zoneinfo import ZoneInfo

import msgspec

from tieout.cases import listing, request
from tieout.cases.filter import Filter, Term
from tieout.cases.grouping import Cause, causes
from tieout.cases.listing import Group, Item, Totals
from tieout.cases.telling import Mail, deliver
from tieout.people.accounts import accounts
from tieout.people.person import Person, Right
from tieout.policy.work import Work
from tieout.runtime.batch import Connection
from tieout.store.database import fetch, run

FIRST = 10
CAUSES = 8
CELL = "padding:4px 12px 4px 0;text-align:left;border-bottom:1px solid #ccc"
NUMBER = "padding:4px 0 4px 12px;text-align:right;border-bottom:1px solid #ccc;font-variant-numeric:tabular-nums"


class Figures(msgspec.Struct, frozen=True):
    """What a digest says to somebody, as of one moment."""

    now: datetime
    all: Totals
    mine: Totals
    due_today: int
    ages: dict[str, dict[str, Group]]
    first: list[Item]
    causes: list[Cause]
    approvals: int


def figures(connection: Connection, person: Person, now: datetime) -> Figures:
    """The figures for somebody, within the scopes, from one snapshot."""
    mine = Filter((Term("owner", ("me",)),))
    end = datetime.combine(now.astimezone(ZoneInfo(person.zone)).date() + timedelta(days=1), time(), ZoneInfo(person.zone))
    today = Filter((Term("due", (f"..{end.isoformat()}",)),))
    with listing.snapshot(connection):
        return Figures(
            now, listing.totals(connection, Filter(), person, now), listing.totals(connection, mine, person, now),
            listing.count(connection, today, person, now), listing.ages(connection, Filter(), person, now),
            listing.items(connection, mine, person, now, limit=FIRST), causes(connection, Filter(), person, now, limit=CAUSES),
            len(request.waiting(connection, person)) if person.may(Right.APPROVE) else 0,
        )  # fmt: skip


def mail(person: Person, found: Figures, url: str) -> Mail:
    """The digest as a message, in the person's zone; the same figures as text and as HTML."""
    moment = found.now.astimezone(ZoneInfo(person.zone))
    head = [
        ("Open", found.all.many, "/exceptions"), ("Overdue", found.all.overdue, "/exceptions?overdue=yes"),
        ("Due today", found.due_today, "/exceptions?sort=due"), ("Yours", found.mine.many, "/exceptions?owner=me"),
        ("Yours overdue", found.mine.overdue, "/exceptions?owner=me&overdue=yes"), ("Approvals waiting", found.approvals, "/approvals"),
    ]  # fmt: skip
    subject = f"Tieout {moment:%a %d %b}: {found.all.many:,} open, {found.all.overdue:,} overdue, {found.mine.many:,} yours"
    return Mail(person.email, subject, _text(person, found, moment, head), _html(person, found, moment, head, url.rstrip("/")))


def send_due(connection: Connection, work: Work, password: str, now: datetime) -> int:
    """Send the digests that are due today and have not gone out; how many. Whoever has none wanted (`digest` is off) gets none."""
    if not work.table.digest_at or not work.table.mail.host:
        return 0
    at = time.fromisoformat(work.table.digest_at)
    wanted: list[tuple[Person, str]] = []
    for one in accounts(connection):
        person = one.person
        local = now.astimezone(ZoneInfo(person.zone))
        if one.disabled is not None or not person.email or not person.may(Right.READ) or person.preferences.get("digest") == "off":
            continue
        key = f"digest:{person.login}"
        if local.time() >= at and fetch(connection, "meta", key) != [(local.date().isoformat(),)]:
            wanted.append((person, local.date().isoformat()))
    faults = deliver(work.table.mail, password, [mail(person, figures(connection, person, now), work.table.url) for person, _ in wanted])
    for (person, day), fault in zip(wanted, faults, strict=True):
        if not fault:
            run(connection, "set_meta", f"digest:{person.login}", day)
    return sum(not fault for fault in faults)


def money(sums: dict[str, Decimal]) -> str:
    """`EUR 812,004.10, USD 12.00`; a dash where nobody knows."""
    return ", ".join(f"{currency} {amount:,.2f}" for currency, amount in sorted(sums.items())) or "-"


def _text(person: Person, found: Figures, moment: datetime, head: Sequence[tuple[str, int, str]]) -> str:
    lines = [f"As of {moment:%Y-%m-%d %H:%M} {moment.tzname()}", ""]
    lines += [f"{name:<18} {many:>8,}" for name, many, _ in head]
    lines += [f"{'Value at risk':<18} {money(found.all.sums)}", "", "Yours, due first"]
    lines += [f"  {one.ref}  {one.due.astimezone(ZoneInfo(person.zone)):%d %b %H:%M}  {one.title}: {one.summary}" for one in found.first] or [
        "  nothing"
    ]
    lines += ["", "Causes with most items"]
    lines += [f"  {one.ref}  {one.figures.many:>6,}  {money(one.figures.sums)}  {one.title}" for one in found.causes if one.figures] or [
        "  none"
    ]
    return "\n".join(lines) + "\n"


def _html(person: Person, found: Figures, moment: datetime, head: Sequence[tuple[str, int, str]], url: str) -> str:
    def link(text: str, path: str) -> str:
        return f'<a href="{escape(url + path)}">{escape(text)}</a>' if url else escape(text)

    def table(columns: Sequence[str], rows: Sequence[Sequence[str]], numbers: frozenset[int]) -> str:
        cells = "".join(f'<th scope="col" style="{NUMBER if n in numbers else CELL}">{escape(name)}</th>' for n, name in enumerate(columns))
        body = "".join(
            "<tr>" + "".join(f'<td style="{NUMBER if n in numbers else CELL}">{cell}</td>' for n, cell in enumerate(row)) + "</tr>"
            for row in rows
        )
        return f'<table style="border-collapse:collapse"><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>'

    buckets = [name for name, *_ in listing.BUCKETS]
    empty = Group("", 0, 0, {})
    ages = [
        [link(name, f"/exceptions?class={name.replace('+', '%2B')}"), *(f"{by.get(bucket, empty).many:,}" for bucket in buckets),
         escape(money(_added(by)))]
        for name, by in sorted(found.ages.items())
    ]  # fmt: skip
    mine = [
        [link(one.ref, f"/exceptions/{one.ref}"), f"{one.due.astimezone(ZoneInfo(person.zone)):%d %b %H:%M}", escape(one.title), escape(one.summary),
         "-" if one.worth is None else escape(f"{one.currency} {one.worth:,.2f}")]
        for one in found.first
    ]  # fmt: skip
    by_cause = [
        [link(one.ref, f"/exceptions?cause={one.ref}"), escape(one.title), f"{one.figures.many:,}", escape(money(one.figures.sums))]
        for one in found.causes
        if one.figures is not None
    ]
    parts = [
        f"<p>As of {moment:%Y-%m-%d %H:%M} {escape(moment.tzname() or '')}</p>",
        table(["", ""], [[link(name, path), f"{many:,}"] for name, many, path in head] + [["Value at risk", escape(money(found.all.sums))]], frozenset({1})),
        "<h2>By age</h2>", table(["Class", *buckets, "Value"], ages, frozenset(range(1, len(buckets) + 2))) if ages else "<p>Nothing is open.</p>",
        "<h2>Yours, due first</h2>",
        table(["Reference", "Due", "Class", "What disagrees", "Value"], mine, frozenset({4})) if mine else "<p>Nothing is yours.</p>",
        "<h2>Causes with most items</h2>", table(["Cause", "What", "Items", "Value"], by_cause, frozenset({2, 3})) if by_cause else "<p>None.</p>",
    ]  # fmt: skip
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Tieout</title></head>'
        f'<body style="font:14px/1.5 system-ui,sans-serif;color:#111"><h1 style="font-size:20px">Tieout</h1>{"".join(parts)}</body></html>'
    )


def _added(by: dict[str, Group]) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for group in by.values():
        for currency, amount in group.sums.items():
            sums[currency] = sums.get(currency, Decimal(0)) + amount
    return sums
