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
from tieout.core.command import State
from tieout.errors import OperatorError
from tieout.runtime import desk
from tieout.settings import targets_of
from tieout.store.database import fetch
from tieout.store.sql import sql

FIRST = 20
Key = Annotated[str, typer.Argument(help="The command's key, such as 'SNI+ shop/order/1 1'.")]
Who = Annotated[str, typer.Option("--who", help="Who does it.")]
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
        arguments = {"system": system, "state": state, "subject": subject, "limit": limit}
        found = [_listed(row) for row in project.connection.execute(sql("list_commands"), arguments).fetchall()]
        if as_json:
            show.as_json(found)
            return
        if not found:
            show.console.print("There are no such commands.")
            return
        table = Table("command", "act", "system", "state", "next", "why", box=None, header_style="bold")
        for one in found:
            later = f"{one['next_move']} {_clock(one['next_at'])}" if one["next_at"] else ""
            table.add_row(one["key"], one["act"], one["system"], one["state"], later, one["reason"] or one["rule"])
        show.console.print(table)


def show_(key: Key, as_json: Json = False) -> None:
    """Show a command: what it says, why it was decided, where it stands, and its whole life."""
    with open_project() as project:
        found = one_command(project, key)
        if as_json:
            show.as_json(found)
            return
        show.console.print(f"[bold]{found['key']}[/]  {found['act']} to {found['system']}: [bold]{found['state']}[/]")
        if found["reason"]:
            show.console.print(f"  {found['reason']}", markup=False)
        if found["rule"]:
            show.console.print(f"  held by: {found['rule']}", markup=False)
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


def approve(key: Key, who: Who) -> None:
    """Let a held command go; whoever proposed it cannot."""
    _do(key, "Approved", lambda project, target, now: desk.approve(project.connection, key, who, target, now))


def reject(key: Key, who: Who, why: Why) -> None:
    """Refuse a command before it goes; the same sums do not bring it back."""
    _do(key, "Rejected", lambda project, target, now: desk.reject(project.connection, key, who, why, target, now))


def retry(key: Key, who: Who) -> None:
    """Let what was refused be tried again, as a command of its own if it is still owed."""
    _do(key, "Released", lambda project, target, now: desk.retry(project.connection, key, who, target, now))


def cancel(key: Key, who: Who, why: Why) -> None:
    """Give a command up: you have looked into the target, and nothing more will come of it."""
    _do(key, "Cancelled", lambda project, target, now: desk.cancel(project.connection, key, who, why, target, now))


def _do(key: str, done: str, what: Callable[[Tieout, Target, datetime], None]) -> None:
    with open_project() as project:
        found = fetch(project.connection, "command_system", key)
        if not found:
            raise OperatorError(f"There is no command {key!r}.", "`tieout commands list` shows them.")
        target = targets_of(project.settings).get(found[0][0])
        if target is None:
            raise OperatorError(f"The settings name no system {found[0][0]!r} any more.", "Describe it again in tieout.toml.")
        what(project, target, datetime.now(UTC))
        show.console.print(f"{done} {key}.", markup=False)


def one_command(project: Tieout, key: str) -> dict[str, Any]:
    """All that is known of a command."""
    rows = fetch(project.connection, "one_command", key)
    if not rows:
        raise OperatorError(f"There is no command {key!r}.", "`tieout commands list` shows them.")
    names = ("key", "subject", "account", "side", "act", "system", "state", "next_move", "next_at", "rule", "body", "because", "attempt",
             "hash", "fence", "held_by", "held_until", "proposed_by", "approved_by", "created", "changed")  # fmt: skip
    found = dict(zip(names, rows[0], strict=True))
    for name in ("body", "because", "attempt"):
        found[name] = msgspec.json.decode(found[name])
    found["reason"] = found["attempt"].get("reason", "")
    found["life"] = [
        {"at": at, "event": event, "who": who, "detail": msgspec.json.decode(detail)}
        for at, event, who, detail in fetch(project.connection, "life_of", key)
    ]
    return found


def _listed(row: tuple[Any, ...]) -> dict[str, Any]:
    found = dict(zip(_COLUMNS, row, strict=True))
    found["reason"] = _decode_attempt(found["reason"]).reason
    return found


def _clock(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="seconds").replace("+00:00", "Z")
