"""`tieout commands`: what systems are told, where each command stands and why, and what people do about it."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table

from tieout.app import Tieout
from tieout.cli import show
from tieout.cli.options import Json, open_project
from tieout.core.attempt import Attempt, Target
from tieout.core.command import Command, State
from tieout.errors import OperatorError
from tieout.people.approvers import approvers, speaker
from tieout.people.person import Person, Right
from tieout.policy.approval import People, Request
from tieout.policy.fallback import Wait
from tieout.runtime import desk
from tieout.runtime import lane as lanes
from tieout.runtime.asking import decode_request
from tieout.runtime.divert import Stuck, instead_of
from tieout.runtime.knowing import taken_of
from tieout.runtime.steps import decode_command
from tieout.settings import targets_of
from tieout.store.database import fetch
from tieout.store.sql import sql

FIRST = 20
Key = Annotated[str, typer.Argument(help="The command's key, such as 'SNI+ shop/order/1 1'.")]
Who = Annotated[
    str, typer.Option("--as", "--who", help="Who does it: a login of `tieout people`; while there is none, a name in `\\[people]`.")
]
Payload = Annotated[str, typer.Option("--payload", help="The hash that `show` gave, so that nothing else is approved than was looked at.")]
Why = Annotated[str, typer.Option("--why", help="The reason.")]
_decode_attempt = msgspec.json.Decoder(Attempt).decode
_COLUMNS = (
    "key",
    "subject",
    "act",
    "system",
    "state",
    "next_move",
    "next_at",
    "rule",
    "reason",
    "created",
    "changed",
    "held_by",
    "approved_by",
    "request",
    "asked",
)


def list_(
    system: Annotated[str | None, typer.Option(help="Only to this system.")] = None,
    state: Annotated[str | None, typer.Option(help="Only in this state: queued, held, sending, accepted, unknown, …")] = None,
    subject: Annotated[str | None, typer.Option(help="Only of this subject: system/type/number.")] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1, max=100_000)] = FIRST,
    as_json: Json = False,
) -> None:
    """List commands, newest first."""
    if state is not None and state not in set(State):
        raise OperatorError(f"There is no state {state!r}.", f"Write one of {', '.join(State)}.")
    with open_project() as project:
        arguments = {"system": system, "state": state, "subject": subject, "limit": limit + 1}
        found = [_listed(row) for row in project.connection.execute(sql("list_commands"), arguments).fetchall()]
        is_cut, found = len(found) > limit, found[:limit]
        if as_json:
            show.as_json(found)
            return
        if not found:
            show.console.print("There are no such commands.")
            return
        table = Table("command", "act", "system", "state", "next", "waits for", "why", box=None, header_style="bold")
        for one in found:
            later = f"{one['next_move']} {_clock(one['next_at'])}" if one["next_at"] else ""
            whom = one["waits_for"] or (f"asked: {one['asked']}" if one["asked"] else "")
            table.add_row(one["key"], one["act"], one["system"], one["state"], later, whom, one["reason"] or one["rule"])
        show.console.print(table)
        if is_cut:
            show.console.print(f"There are more than these {limit:,}; `--limit` says how many are shown.")


def show_(key: Key, as_json: Json = False) -> None:
    """Show a command: what it says, why it was decided, where it stands, and its whole life."""
    with open_project() as project:
        found = one_command(project, key)
        if as_json:
            show.as_json(found)
            return
        show.console.print(f"[bold]{found['key']}[/]  {found['act']} to {found['system']}: [bold]{found['state']}[/]")
        if to := _to(found["body"]):
            show.console.print(f"  {to}", markup=False)
        if found["reason"]:
            show.console.print(f"  {found['reason']}", markup=False)
        if found["rule"]:
            show.console.print(f"  held by: {found['rule']}", markup=False, soft_wrap=True)
        for line in (*_asking_lines(found), *_way_lines(found)):
            show.console.print(f"  {line}", markup=False, soft_wrap=True)
        if found["next_at"]:
            show.console.print(f"  next: {found['next_move']} at {_clock(found['next_at'])}")
        for name in ("documents", "differs"):
            if found["attempt"].get(name):
                show.console.print(f"  {name}: {', '.join(found['attempt'][name])}", markup=False)
        show.console.print("\nBecause")
        for key_, unit, debit, credit, *_ in found["because"]:
            show.console.print(f"  {key_ or 'the whole'} {unit}: debits {debit}, credits {credit}", markup=False)
        show.console.print("\nLife")
        for step in found["life"]:
            detail = ", ".join(f"{name}: {value}" for name, value in (step["detail"] or {}).items() if value)
            show.console.print(f"  {_clock(step['at'])}  {step['event']:<10} by {step['who']}  {detail}", markup=False)
        show.console.print("\nContent")
        show.console.print_json(msgspec.json.encode(found["body"]).decode())


def approve(key: Key, who: Who, payload: Payload = "") -> None:
    """Consent to a held command: with the role that it waits for, within your limit, and never to what you proposed."""
    _do(key, who, Right.APPROVE, lambda p, me, people, target, now: desk.approve(p.connection, key, me.login, people, target, now, payload))


def reject(key: Key, who: Who, why: Why) -> None:
    """Refuse a command before it goes; the same sums do not bring it back. Of what is held only who might approve it may."""

    def work(project: Tieout, me: Person, people: People, target: Target, now: datetime) -> str:
        desk.reject(project.connection, key, me.login, why, people, target, now)
        return f"Rejected {key}."

    _do(key, who, Right.APPROVE, work)


def retry(key: Key, who: Who) -> None:
    """Let what was refused be tried again, as a command of its own if it is still owed."""

    def work(project: Tieout, me: Person, people: People, target: Target, now: datetime) -> str:
        desk.retry(project.connection, key, me.login, target, now)
        return f"Released {key}."

    _do(key, who, Right.RESOLVE, work)


def cancel(key: Key, who: Who, why: Why) -> None:
    """Give a command up: you have looked into the target, and nothing more will come of it."""

    def work(project: Tieout, me: Person, people: People, target: Target, now: datetime) -> str:
        desk.cancel(project.connection, key, me.login, why, people, target, now)
        return f"Cancelled {key}."

    _do(key, who, Right.RESOLVE, work)


def _do(key: str, who: str, right: Right, what: Callable[[Tieout, Person, People, Target, datetime], str]) -> None:
    with open_project() as project:
        person = speaker(project.connection, project.driving.people, who)
        person.need(right)
        found = fetch(project.connection, "command_system", key)
        if not found:
            raise OperatorError(f"There is no command {key!r}.", "`tieout commands list` shows them.")
        target = targets_of(project.settings).get(found[0][0])
        if target is None:
            raise OperatorError(f"The settings name no system {found[0][0]!r} any more.", "Describe it again in tieout.toml.")
        now = datetime.now(UTC)
        done = what(project, person, approvers(project.connection, project.driving.people, now), target, now)
        show.console.print(done, markup=False, soft_wrap=True)


def one_command(project: Tieout, key: str) -> dict[str, Any]:
    """All that is known of a command."""
    rows = fetch(project.connection, "one_command", key)
    if not rows:
        raise OperatorError(f"There is no command {key!r}.", "`tieout commands list` shows them.")
    names = ("key", "subject", "account", "side", "act", "system", "state", "next_move", "next_at", "rule", "body", "because", "attempt",
             "hash", "fence", "held_by", "held_until", "proposed_by", "approved_by", "created", "changed", "number", "request")  # fmt: skip
    found = dict(zip(names, rows[0], strict=True))
    for name in ("body", "because", "attempt"):
        found[name] = msgspec.json.decode(found[name])
    found["reason"] = found["attempt"].get("reason", "")
    found |= _asking(project, found) | _ways(project, found)
    found["life"] = [
        {"at": at, "event": event, "who": who, "detail": msgspec.json.decode(detail)}
        for at, event, who, detail in fetch(project.connection, "life_of", key)
    ]
    return found


def _to(body: dict[str, Any]) -> str:
    """The warehouse and the carrier that it names."""
    named = (("warehouse", body.get("warehouse", "")), ("carrier", body.get("data", {}).get("carrier", "")))
    return ", ".join(f"{what} {name}" for what, name in named if name)


def _listed(row: tuple[Any, ...]) -> dict[str, Any]:
    found = dict(zip(_COLUMNS, row, strict=True))
    found["reason"] = _decode_attempt(found["reason"]).reason
    asked = found.pop("request")
    held = asked is not None and found["state"] == State.HELD
    found["waits_for"] = _waits_for(decode_request(asked)) if held else ""
    return found


def _waits_for(asked: Request) -> str:
    missing = asked.approvers - len(asked.given)
    return f"{missing} {asked.role} until {_clock(asked.expires_at)}"


def _asking(project: Tieout, found: dict[str, Any]) -> dict[str, Any]:
    """Whom a command waits for, who has consented to it, and whether it took the place of something that was approved otherwise."""
    text = found.pop("request")
    if text is None:
        return {"approval": None, "changed_from": None}
    asked = decode_request(text)
    approval = {
        "payload": asked.payload, "needs": asked.needs, "role": asked.role, "approvers": asked.approvers, "team": asked.team,
        "asked_at": asked.asked_at, "expires_at": asked.expires_at, "amount": asked.amount, "currency": asked.currency,
        "consents": [{"who": one.who, "for": one.for_, "at": one.at} for one in asked.given],
    }  # fmt: skip
    command = decode_command(found["body"] if isinstance(found["body"], str | bytes) else msgspec.json.encode(found["body"]))
    before = None
    if found["state"] == State.HELD:
        before = desk.changed_from(project.connection, found["subject"], found["account"], found["side"], found["number"], command)
    return {"approval": approval, "changed_from": None if before is None else before._asdict()}


def _asking_lines(found: dict[str, Any]) -> list[str]:
    """The same for a person."""
    made, before, approval = [], found["changed_from"], found["approval"]
    if before is not None:
        who = f", to which {', '.join(before['consented'])} had consented: that does not count for this" if before["consented"] else ""
        made.append(f"changed, review again: it stands in the place of {before['key']}{who}")
        made += [f"  {one}" for one in before["changes"]]
    if approval is None:
        return made
    consents = ", ".join(f"{one['who']}{' for ' + one['for'] if one['for'] else ''} at {_clock(one['at'])}" for one in approval["consents"])
    if found["state"] == State.HELD:
        team = f" (team {approval['team']})" if approval["team"] else ""
        made.append(f"needs {approval['approvers']} with the role {approval['role']}{team} by {_clock(approval['expires_at'])}")
    if consents:
        made.append(f"consents: {consents}")
    made.append(f"payload {approval['payload'][: desk.HASH_SHOWN]}")
    return made


def _ways(project: Tieout, found: dict[str, Any]) -> dict[str, Any]:
    """The fallbacks that were taken for a command, those that brought it here, and the one that waits."""
    taken = taken_of(project.connection, [found["subject"]])
    side = [one for one in taken if (one.account, one.side) == (found["account"], found["side"])]
    mine = [{"way": one.way, "why": one.rule, "at": one.at} for one in side if one.command == found["key"]]
    body = found["body"]
    here = {body["system"], body.get("warehouse", ""), body.get("data", {}).get("carrier", "")} - {""}
    earlier = [one for one in side if one.number < found["number"] and {one.use_system, one.use_warehouse, one.use_carrier} & here]
    brought = [{"from": one.command, "way": one.way, "why": one.rule, "at": one.at} for one in earlier]
    return {"fallbacks": mine, "instead_of": brought, "fallback_waits": _waiting_way(project, found)}


def _waiting_way(project: Tieout, found: dict[str, Any]) -> dict[str, str] | None:
    """A fallback whose condition is met, and why it is not taken."""
    attempt, command = msgspec.convert(found["attempt"], Attempt), msgspec.convert(found["body"], Command)
    stuck = Stuck(found["key"], found["subject"], command, attempt, found["created"])
    circuits = {name: lane.circuit for name, lane in lanes.lanes(project.connection).items()}
    instead = instead_of(project.connection, project.driving, [stuck], circuits, datetime.now(UTC)).get(found["key"])
    return {"reason": instead.reason, "rule": instead.rule} if isinstance(instead, Wait) else None


def _way_lines(found: dict[str, Any]) -> list[str]:
    """The same for a person."""
    made = [f"fallback taken {_clock(one['at'])}: {one['way']}; {one['why']}" for one in found["fallbacks"]]
    made += [f"here instead of {one['from']}: {one['way']}; {one['why']}" for one in found["instead_of"]]
    waits = found["fallback_waits"]
    return made + ([] if waits is None else [f"its fallback waits: {waits['reason']}; {waits['rule']}"])


def _clock(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="seconds").replace("+00:00", "Z")
