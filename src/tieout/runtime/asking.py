"""Asking: the requests of commands that are held: made when one is held, made anew when they lapse or when another row holds it by now.

An approval is a consent to exactly one payload. Nothing here gives one; that is done at the desk, by `policy.approval`.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

import msgspec

from tieout.core.command import Command
from tieout.core.residual import View
from tieout.core.values import plain
from tieout.policy import driving as policies
from tieout.policy.approval import Request, expired, payload_hash, request
from tieout.policy.checkpoints import UNNAMED, worth_of
from tieout.runtime.batch import Connection, encode
from tieout.runtime.knowing import About
from tieout.runtime.steps import US, say
from tieout.store.database import run

decode_request = msgspec.json.Decoder(Request).decode


class Review(NamedTuple):
    """A request as it is to be kept from now on: of which command, what happened to it, and why."""

    key: str
    request: Request
    event: str
    why: str


def request_of(policy: policies.Driving | None, command: Command, found: View, rule: str, about: About, now: datetime) -> Request:
    """Ask for the approval of a command that is held by a rule."""
    if policy is None:
        return request(command, UNNAMED, rule, US, now, worth_of(command), command.currency)
    return policy.knowing(about.known, about.diversions).request(command, found, rule, US, now)


def reviewed(key: str, stored: Request | None, fresh: Request, now: datetime) -> Review | None:
    """What becomes of a request when its command is looked at again; None when it stands. No lapse ever approves anything: the
    consents that were given count no more, and it is asked again."""
    if stored is None or stored.needs != fresh.needs or stored.payload != fresh.payload:
        return Review(key, fresh, "asked", f"{fresh.needs.replace(' ', ' with the role ', 1)}: {fresh.rule}")
    over = expired(stored, now)
    if over is not None:
        return Review(key, fresh, "returned", over.reason)
    if (stored.rule, stored.team) != (fresh.rule, fresh.team):
        return Review(key, msgspec.structs.replace(stored, rule=fresh.rule, team=fresh.team), "judged", fresh.rule)
    return None


def renewed(asked: Request, now: datetime) -> Request:
    """The same request from now on, without consents."""
    return msgspec.structs.replace(asked, asked_at=now, expires_at=now + (asked.expires_at - asked.asked_at), given=())


def keep(connection: Connection, reviews: Iterable[Review], now: datetime) -> None:
    """Write requests down, and into the lives of their commands."""
    found = list(reviews)
    if found:
        rows = [(one.key, encode(one.request).decode(), one.request.rule) for one in found]
        run(connection, "set_requests", *map(list, zip(*rows, strict=True)))
        say(connection, [(one.key, now, one.event, US, encode({"why": one.why}).decode()) for one in found])


def is_as_approved(asked: Request | None, command: Command) -> bool:
    """True when a command is, to the last field, what its request was about; also where nobody was ever asked."""
    return asked is None or asked.payload == payload_hash(command)


def changes(before: Command, after: Command) -> list[str]:
    """What one command says otherwise than another of the same account and subject, field by field."""
    made = [
        f"{name} {getattr(before, name) or 'none'} -> {getattr(after, name) or 'none'}"
        for name in ("act", "system", "currency", "customer", "channel", "warehouse", "entity")
        if getattr(before, name) != getattr(after, name)
    ]
    if before.total != after.total:
        made.append(f"total {_amount(before.total)} -> {_amount(after.total)}")
    old, new = ({line.line: line for line in one.lines} for one in (before, after))
    for key in sorted(old.keys() | new.keys()):
        one, other = old.get(key), new.get(key)
        if one is None or other is None:
            made.append(f"line {key} {'is new' if one is None else 'is gone'}")
            continue
        made += [
            f"line {key}: {name} {_amount(getattr(one, name))} -> {_amount(getattr(other, name))}"
            for name in ("quantity", "value")
            if getattr(one, name) != getattr(other, name)
        ]
    for name in sorted(before.data.keys() | after.data.keys()):
        if before.data.get(name) != after.data.get(name):
            made.append(f"{name} {before.data.get(name) or 'none'} -> {after.data.get(name) or 'none'}")
    return made


def _amount(amount: object) -> str:
    return "none" if amount is None else plain(amount)  # type: ignore[arg-type]
