"""`tieout work`: the exceptions as work: whose they are, what people do with them, and what waits for approval."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table

from tieout.app import Tieout
from tieout.cases import attachments, digest, grouping, listing, request, resolve, talk
from tieout.cases.actions import Call, do
from tieout.cases.candidates import candidates
from tieout.cases.filter import Filter, parse
from tieout.cases.item import Outcome, Target
from tieout.cases.listing import Item
from tieout.cases.resolve import Said
from tieout.cli import show
from tieout.cli.options import Json, moment, open_project
from tieout.errors import OperatorError
from tieout.people.approvers import speaker
from tieout.people.person import Person, Role

FIRST = 20
Who = Annotated[
    str, typer.Option("--who", "--as", help="Who does it: a login of `tieout people`; while there is none, a name in `\\[people]`.")
]
Refs = Annotated[list[str], typer.Argument(metavar="EX-…", help="The exceptions.")]
Reason = Annotated[str, typer.Option("--reason", help="The reason code; a wrong one names those there are.")]
Why = Annotated[str, typer.Option("--why", help="The reason in words.")]
_ALL = Person(0, "command line", "Command line", roles=frozenset({Role.ANALYST, Role.APPROVER}))
"""Whoever may open the project's folder may read all of it."""


def list_(
    filters: Annotated[
        list[str] | None, typer.Argument(metavar="FILTERS", help="Such as class=SNI+ owner=ana due=..4h not.channel=web.")
    ] = None,
    sort: Annotated[str, typer.Option(help=f"One of {', '.join(listing.SORTS)}; - in front turns it around.")] = "due",
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=1000)] = FIRST,
    as_json: Json = False,
) -> None:
    """List exceptions, due soonest first, with the figures of all that the filters mean."""
    with open_project() as project:
        project.follow()
        now, wanted = datetime.now(UTC), _filter(filters or ())
        with listing.snapshot(project.connection):
            totals = listing.totals(project.connection, wanted, _ALL, now)
            found = listing.items(project.connection, wanted, _ALL, now, sort=sort, limit=limit)
        if as_json:
            show.as_json({"totals": msgspec.to_builtins(totals, enc_hook=str), "items": [_plain(item) for item in found]})
            return
        table = Table("ref", "due", "state", "class", "what", "value", "owner", box=None, header_style="bold")
        for item in found:
            worth = "-" if item.worth is None else f"{item.currency} {item.worth:,.2f}"
            table.add_row(item.ref, _clock(item.due), item.state, item.title, f"{item.number}: {item.summary}", worth, item.person or item.team)
        show.console.print(table)
        show.console.print(f"{len(found)} of {totals.many:,}, {totals.overdue:,} overdue, {digest.money(totals.sums)}", markup=False)


def show_(ref: Annotated[str, typer.Argument(metavar="EX-…")], as_json: Json = False) -> None:
    """Show an exception: what it is, whose, what it may belong to, and its history."""
    with open_project() as project:
        project.follow()
        item = _one(project, ref)
        history = talk.history(project.connection, _ALL, item.id, limit=50)
        near = candidates(project.connection, _ALL, item.id)
        if as_json:
            show.as_json({
                "item": _plain(item), "history": [_plain(one) for one in history],
                "candidates": [{"root": one.root, "why": one.why, "fits": one.fits} for one in near],
            })  # fmt: skip
            return
        worth = "nobody knows" if item.worth is None else f"{item.currency} {item.worth:,.2f}"
        lines = [
            f"{item.ref}  {item.title}: {item.summary}", f"  about      {item.root} {item.key}".rstrip(), f"  state      {item.state} {item.progress}".rstrip(),
            f"  due        {_clock(item.due)} (by {item.rule})", f"  at risk    {worth}; the delay has cost {item.cost} so far",
            f"  with       {item.person or 'nobody'}, team {item.team or '-'}, priority {item.priority}", f"  cause      CA-{item.cause}",
        ]  # fmt: skip
        lines += [f"  may belong {one.root}  {one.fits} %  {one.why}" for one in near]
        lines += [
            f"  {_clock(one.at)}  {one.event} by {one.who} {one.detail.get('text') or one.detail.get('why') or ''}".rstrip() for one in history
        ]
        show.console.print("\n".join(lines), markup=False, soft_wrap=True)


def causes(filters: Annotated[list[str] | None, typer.Argument(metavar="FILTERS")] = None, as_json: Json = False) -> None:
    """List the causes of what is open, those with most items first."""
    with open_project() as project:
        project.follow()
        found = grouping.causes(project.connection, _filter(filters or ()), _ALL, datetime.now(UTC))
        if as_json:
            show.as_json([_plain(one) for one in found])
            return
        table = Table("cause", "items", "value", "state", "what", box=None, header_style="bold")
        for one in found:
            if one.figures is not None:
                table.add_row(one.ref, f"{one.figures.many:,}", digest.money(one.figures.sums), one.state, one.title)
        show.console.print(table)


def assign(
    refs: Refs, who: Who, to: Annotated[str | None, typer.Option("--to")] = None, team: Annotated[str | None, typer.Option()] = None
) -> None:
    """Give exceptions to a person or a team."""
    _do(refs, who, "assign", {"to": to, "team": team})


def acknowledge(refs: Refs, who: Who) -> None:
    """Say that one is at it: it does not escalate for a while."""
    _do(refs, who, "acknowledge", {})


def snooze(refs: Refs, who: Who, until: Annotated[str, typer.Option("--until", help="A time.")], why: Why = "") -> None:
    """Let exceptions rest until a time; they stay counted."""
    _do(refs, who, "snooze", {"kind": "time", "until": moment(until), "why": why})


def tag(
    refs: Refs,
    who: Who,
    add: Annotated[list[str] | None, typer.Option("--add")] = None,
    remove: Annotated[list[str] | None, typer.Option()] = None,
) -> None:
    """Put tags on exceptions and take them off."""
    _do(refs, who, "tag", {"add": add or [], "remove": remove or []})


def retry(refs: Refs, who: Who, reason: Reason, why: Why = "", original: Annotated[bool, typer.Option("--original")] = False) -> None:
    """Read messages again (`--original`: by the mapping they came with), or have refused commands decided again."""
    _do(refs, who, "retry", {"reason": reason, "why": why, "mapping": "original" if original else "current"})


def accept(refs: Refs, who: Who, reason: Reason, why: Why = "") -> None:
    """Accept exactly the difference that stands open; over one's limit another has to approve."""
    _do(refs, who, "accept", {"reason": reason, "why": why})


def correct(refs: Refs, who: Who, reason: Reason, why: Why = "") -> None:
    """Have the owning system do what is owed, by a command."""
    _do(refs, who, "correct", {"reason": reason, "why": why})


def ignore(
    refs: Refs, who: Who, reason: Reason, until: Annotated[str, typer.Option("--until", help="The end: a time.")], why: Why = ""
) -> None:
    """Leave exceptions alone until a time; they stay counted and come back by themselves."""
    _do(refs, who, "ignore", {"reason": reason, "why": why, "until": moment(until)})


def ask(refs: Refs, who: Who, whom: Annotated[str, typer.Option("--whom")], reason: Reason, why: Why) -> None:
    """Request information by e-mail of a person, a team (`team:NAME`) or an address."""
    _do(refs, who, "ask", {"reason": reason, "why": why, "whom": whom})


def undo(refs: Refs, who: Who) -> None:
    """Take one's own last change back."""
    _do(refs, who, "undo", {})


def link(
    ref: Annotated[str, typer.Argument(metavar="EX-…")], other: Annotated[str, typer.Argument()], who: Who, reason: Reason, why: Why = ""
) -> None:
    """Say that an exception and another reference (system/type/number) are about the same transaction."""
    with open_project() as project:
        item, person = _one(project, ref), _person(project, who)
        _told([resolve.link(project.connection, project.configuration, person, Target(item.id), other, datetime.now(UTC), Said(reason, why))])


def take_back(ref: Annotated[str, typer.Argument(metavar="EX-…")], who: Who, reason: Reason, why: Why = "") -> None:
    """Take the last decision about an exception back."""
    with open_project() as project:
        item, person = _one(project, ref), _person(project, who)
        said = resolve.take_back(project.connection, project.configuration, person, item.id, datetime.now(UTC), Said(reason, why))
        show.console.print(f"{item.ref}: {said}.", markup=False)


def comment(ref: Annotated[str, typer.Argument(metavar="EX-…")], text: Annotated[str, typer.Argument()], who: Who) -> None:
    """Say something about an exception; @login tells that person."""
    with open_project() as project:
        item = _one(project, ref)
        talk.comment(project.connection, _person(project, who), item.id, text, datetime.now(UTC))
        show.console.print(f"Said it about {item.ref}.", markup=False)


def attach(ref: Annotated[str, typer.Argument(metavar="EX-…")], file: Annotated[Path, typer.Argument()], who: Who) -> None:
    """Put a file to an exception."""
    try:
        raw = file.read_bytes()
    except OSError as bad:
        raise OperatorError(f"{file} cannot be read: {bad.strerror}.", "Check the path.") from bad
    with open_project() as project:
        item = _one(project, ref)
        attachments.attach(project.connection, _person(project, who), item.id, file.name, raw, datetime.now(UTC))
        show.console.print(f"Attached {file.name} to {item.ref}.", markup=False)


def requests(
    state: Annotated[str, typer.Option(help="waiting, approved, denied, returned, withdrawn or void.")] = request.WAITING, as_json: Json = False
) -> None:  # fmt: skip
    """List what waits for approval, with the hash that an approval names; or what became of it."""
    with open_project() as project:
        found = request.waiting(project.connection, _ALL, state=state)
        if as_json:
            show.as_json([_plain(one) for one in found])
            return
        for one in found:
            show.console.print(
                f"{one.id}  {one.ref}  {one.action} {one.amount} {one.currency} by {one.proposer}: {one.why}\n"
                f"    {one.rule}; expires {_clock(one.expires)}; {one.hash}", markup=False, soft_wrap=True,
            )  # fmt: skip
        if not found:
            show.console.print(f"Nothing is {state} for approval." if state == request.WAITING else f"Nothing was {state}.")


def approve(
    number: Annotated[int, typer.Argument()],
    who: Who,
    payload: Annotated[str, typer.Option("--hash", help="The hash that was shown, or its first twelve digits.")],
) -> None:
    """Approve a request; never one's own."""
    _answer(number, who, payload, agrees=True, note="")


def reject(number: Annotated[int, typer.Argument()], who: Who, why: Why, payload: Annotated[str, typer.Option("--hash")] = "") -> None:
    """Reject a request, or take the own one back."""
    _answer(number, who, payload, agrees=False, note=why)


def digest_(login: Annotated[str, typer.Argument(help="Whose digest.")], html: Annotated[bool, typer.Option("--html")] = False) -> None:
    """Show the daily digest of somebody as it would be sent now."""
    with open_project() as project:
        project.follow()
        person = _person(project, login)
        made = digest.mail(person, digest.figures(project.connection, person, datetime.now(UTC)), project.settings.work.url)
        sys.stdout.write(made.html if html else f"{made.subject}\n\n{made.text}")


def _answer(number: int, who: str, payload: str, *, agrees: bool, note: str) -> None:
    with open_project() as project:
        person = _person(project, who)
        payload = request.hash_of(project.connection, number, payload, is_needed=agrees)
        said = request.answer(project.connection, project.configuration, person, number, payload, datetime.now(UTC), agrees=agrees, note=note)
        show.console.print(f"{said}.", markup=False)


def _do(refs: Sequence[str], who: str, action: str, said: dict[str, Any]) -> None:
    with open_project() as project:
        project.follow()
        targets = [Target(_one(project, ref).id) for ref in refs]
        call = Call(project.connection, project.configuration, _person(project, who), targets, datetime.now(UTC), dry=False)
        _told(do(call, action, {name: value for name, value in said.items() if value is not None}))


def _told(outcomes: Sequence[Outcome]) -> None:
    for one in outcomes:
        show.console.print(f"{one.ref}: {one.outcome}{': ' + one.reason if one.reason else ''}", markup=False, soft_wrap=True)
    if not all(one.is_good for one in outcomes):
        raise typer.Exit(1)


def _person(project: Tieout, login: str) -> Person:
    return speaker(project.connection, project.driving.people, login)


def _one(project: Tieout, ref: str) -> Item:
    found = listing.one(project.connection, ref, _ALL, datetime.now(UTC))
    if found is None:
        raise OperatorError(f"There is no exception {ref!r}.", "`tieout work list` shows what is open.")
    return found


def _filter(said: Sequence[str]) -> Filter:
    pairs = []
    for one in said:
        name, sign, value = one.partition("=")
        if not sign:
            raise OperatorError(f"{one!r} is no filter.", "Write name=value, such as class=SNI+.")
        pairs.append((name, value))
    return parse(pairs)


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value, enc_hook=str)


def _clock(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="minutes").replace("+00:00", "Z")
