"""Commands: what systems are told; and what people do about one, always about the version they looked at."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from tieout.api.v1.ask import Asked, At, Changing, Reading, answer, etag
from tieout.api.v1.models import Command, Event, WholeCommand, Why
from tieout.api.v1.page import Cursor, Limit, Page, page_of, place_of
from tieout.api.v1.problems import missing, told
from tieout.api.v1.seen import BY_ROOT, rows
from tieout.core.attempt import Target
from tieout.core.command import State
from tieout.errors import Forbidden, OperatorError
from tieout.people import accounts
from tieout.people.approvers import approvers
from tieout.people.person import Right
from tieout.policy.approval import People
from tieout.runtime import desk
from tieout.store.database import fetch

router = APIRouter(tags=["commands"])
Id = Annotated[str, Path(pattern="^[A-Za-z0-9_-]{1,700}$", description="As lists give it.")]
Name = Annotated[str | None, Query(pattern="^[a-z0-9_-]{1,30}$", description="Only to this system.")]
Subject = Annotated[str | None, Query(min_length=1, max_length=400, description="Only of this transaction, `system/type/number`.")]


@router.get("/commands", responses=told(404))
def commands(
    ask: Reading, system: Name = None, state: State | None = None, subject: Subject = None, limit: Limit = 100, cursor: Cursor = None
) -> Page[Command]:
    """Commands, newest first; `state=held` is what waits for an approver."""
    created, key = place_of(cursor, tuple[datetime, str]) or (None, "")
    with ask.reading() as at:
        found = rows(
            at.session, "commands_page", at.person.scopes, BY_ROOT, system=system, state=None if state is None else state.value, subject=subject,
            created=created, key=key, limit=limit + 1,
        )  # fmt: skip
    items, following = page_of(found, limit, lambda row: (row[9], row[0]))
    return Page(items=[Command(**_plain(row)) for row in items], next=following)


@router.get("/commands/{command}", response_model=WholeCommand, responses={**told(404), 304: {"description": "You have it."}})
def one_command(ask: Reading, command: Id) -> Response:
    """A command with its content, the sums it rests on, and its whole life. Its ETag stands for content and state."""
    with ask.reading() as at:
        found = _whole(at, command)
        return ask.one(version_of(found), lambda: found)


@router.post("/commands/{command}/approve", response_model=WholeCommand, responses=told(404, 409, 412, 428))
def approve(ask: Changing, command: Id) -> Response:
    """Let a held command go, as it is. Not by whoever proposed it; and only with the ETag of what was looked at."""
    return _act(ask, command, Right.APPROVE, "approve command", _approve)


@router.post("/commands/{command}/reject", response_model=WholeCommand, responses=told(404, 409, 412, 428))
def reject(ask: Changing, command: Id, said: Why) -> Response:
    """Refuse a command before it goes; the same sums do not bring it back."""
    return _act(
        ask, command, Right.APPROVE, "reject command", lambda at, key, to: desk.reject(at.session, key, at.person.login, said.why, _people(at), to, at.now),
        why=said.why,
    )  # fmt: skip


@router.post("/commands/{command}/retry", response_model=WholeCommand, responses=told(404, 409, 412, 428))
def retry(ask: Changing, command: Id) -> Response:
    """Let what was refused be tried again; what is still owed becomes a command of its own."""
    return _act(
        ask, command, Right.RESOLVE, "retry command", lambda at, key, target: desk.retry(at.session, key, at.person.login, target, at.now)
    )


@router.post("/commands/{command}/cancel", response_model=WholeCommand, responses=told(404, 409, 412, 428))
def cancel(ask: Changing, command: Id, said: Why) -> Response:
    """Give a command up: somebody has looked into the target, and nothing more will come of it."""
    return _act(
        ask, command, Right.RESOLVE, "cancel command", lambda at, key, to: desk.cancel(at.session, key, at.person.login, said.why, _people(at), to, at.now),
        why=said.why,
    )  # fmt: skip


def _approve(at: At, key: str, target: Target) -> None:
    if accounts.login_of(_whole(at, id_of(key)).proposed_by) == at.person.login:
        raise Forbidden("You proposed this command.", "Somebody else has to approve it.")
    desk.approve(at.session, key, at.person.login, _people(at), target, at.now)


def _people(at: At) -> People:
    return approvers(at.session, at.project.people, at.now)


def _act(ask: Asked, command: str, right: Right, name: str, work: Callable[[At, str, Target], object], **detail: str) -> Response:
    def act(at: At) -> Response:
        before = _whole(at, command)
        ask.version(version_of(before), what="the command")
        target = at.project.targets.get(before.system)
        if target is None:
            raise OperatorError(f"The settings name no system {before.system!r} any more.", "Describe it again in tieout.toml.")
        work(at, before.key, target)
        at.wrote(name, before.key, hash=before.hash, **detail)
        after = _whole(at, command)
        return answer(after, headers={"etag": etag(version_of(after))})

    return ask.do(right, act)


def version_of(found: WholeCommand) -> str:
    """What stands for a command as somebody saw it: its content and where it stands."""
    return f"{found.hash[:32]}-{found.state}-{round(found.changed.timestamp() * 1_000_000)}"


def id_of(key: str) -> str:
    """The key of a command, fit for a path."""
    return urlsafe_b64encode(key.encode()).rstrip(b"=").decode()


def _whole(at: At, command: str) -> WholeCommand:
    try:
        key = urlsafe_b64decode(command + "=" * (-len(command) % 4)).decode()
    except ValueError as bad:
        raise missing("command with this id") from bad
    if "\0" in key or re.search(r"[\ud800-\udfff]", key):
        raise missing("command with this id")
    found = rows(at.session, "command_for", at.person.scopes, BY_ROOT, key=key)
    if not found:
        raise missing("command with this id")
    row = found[0]
    life = [
        Event(at=when, event=event, who=who, detail=msgspec.json.decode(detail) or {})
        for when, event, who, detail in fetch(at.session, "life_of", key)
    ]
    return WholeCommand(**_plain(row), body=msgspec.json.decode(row[11]), because=msgspec.json.decode(row[12]), hash=row[13], life=life)


def _plain(row: tuple[Any, ...]) -> dict[str, Any]:
    names = ("key", "subject", "act", "system", "state", "reason", "rule", "proposed_by", "approved_by", "created", "changed")
    return {**dict(zip(names, row, strict=False)), "id": id_of(row[0]), "reason": row[5] or ""}
