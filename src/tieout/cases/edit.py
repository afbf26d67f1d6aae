"""Edit and replay: a message is corrected into a child of its own, which takes its place; the original stays as it came.

What an edit changes is judged by the statements, not by the looks of the bytes: what says which document it is is locked, amounts and
partners are sensitive, the rest is free. Before anything is kept the whole is tried in a transaction that is rolled back.
"""

import difflib
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from tieout.cases import reasons
from tieout.cases.act import lock, look, write_events
from tieout.cases.follow import follow
from tieout.cases.item import Locked, Target
from tieout.cases.resolve import Said
from tieout.cases.verdict import Verdict, within_limit
from tieout.connectors import Document, System
from tieout.core.command import Command
from tieout.core.facts import Fact, Refusal
from tieout.errors import Forbidden, OperatorError
from tieout.people import audit
from tieout.people.person import Person, Right
from tieout.runtime.apply import apply
from tieout.runtime.batch import Connection
from tieout.runtime.configuration import Configuration, connector
from tieout.runtime.intake import GENERATION, MAPPING, PARENT, edited, mapping_hash
from tieout.runtime.lane import BEGINNING
from tieout.runtime.statements import Arrival, New, read
from tieout.store.database import fetch

LOCKED = ("kind", "system", "type", "number", "partner", "scope", "revision")
SENSITIVE = ("currency", "total", "customer", "entity", "due")
SENSITIVE_OF_LINES = ("subject", "item", "quantity", "unit", "value", "charge")
RAW_MAX = 5 * 1024 * 1024


class Field(NamedTuple):
    """One field of a statement: its path, its value as text, and whether it is locked, sensitive or free."""

    path: str
    value: str
    kind: str


class Column(NamedTuple):
    """A statement of a message: its identity with its fields, or why it could not be read, verbatim, with the next step."""

    identity: str
    fields: tuple[Field, ...]
    reason: str = ""
    next_step: str = ""


class Source(NamedTuple):
    """A message behind an exception that may be edited: who sent it, what its statement is, and when it came."""

    message: int
    system: str
    kind: str
    identity: str
    received: datetime


class Draft(NamedTuple):
    """A message side by side: its bytes as text with their hash, the statements in it, and the commands that rest on them."""

    message: int
    system: str
    raw: str
    hash: str
    statements: tuple[Column, ...]
    commands: tuple[tuple[str, str, str], ...]
    parent: int | None
    child: int | None


class Change(NamedTuple):
    """What an edit changes of a statement."""

    identity: str
    path: str
    before: str
    after: str
    kind: str


class Trial(NamedTuple):
    """What an edit would do: whether it can be read, what it changes, whether it may go alone, and the exceptions and commands it leads to."""

    statements: tuple[Column, ...]
    changes: tuple[Change, ...]
    refused: str
    verdict: Verdict | None
    opened: tuple[str, ...]
    resolved: tuple[str, ...]
    commands: tuple[Command, ...]
    lines: tuple[str, ...]


def sources(connection: Connection, configuration: Configuration, person: Person, work: int) -> list[Source]:
    """The messages that an exception rests on, newest first: the one that could not be read, or those behind a balance and its command."""
    row = _fit(look(connection, person, [Target(work)]), work)
    found = [Source(*one) for one in fetch(connection, "messages_behind", row.message or 0, row.root)]
    return [one for one in found if one.system in configuration.systems]


def draft(connection: Connection, configuration: Configuration, person: Person, work: int, now: datetime, message: int | None = None) -> Draft:
    """A message of an exception, to be looked at and edited. Whoever sees it sees what is masked for others: that is audited."""
    person.need(Right.UNMASK)
    row = _row(connection, person, work)
    message, system, original = _message(connection, configuration, row, message)
    raw, meta = original.raw, original.meta
    audit.read_masked(connection, person, row.ref, [f"message {message}"], now)
    columns = tuple(_columns(_read(system, original)))
    roots = fetch(connection, "commands_about", row.root)
    children = fetch(connection, "child_of", message, message, message)
    return Draft(
        message, system.name, _text(raw), hashlib.sha256(raw).hexdigest(), columns, tuple((key, act, body) for key, act, body in roots),
        int(meta[PARENT]) if PARENT in meta else None, children[0][0] if children else None,
    )  # fmt: skip


def check(
    connection: Connection, configuration: Configuration, person: Person, work: int, text: str, message: int | None = None
) -> tuple[tuple[Column, ...], str]:
    """What the contract reads in an edited text, and why it could not be kept; for whoever is still typing, so nothing is tried."""
    person.need(Right.RESOLVE)
    _, system, original = _message(connection, configuration, _row(connection, person, work), message)
    before, after = _read(system, original), _read(system, _as_edited(original, _bounded(text)))
    return tuple(_columns(after)), _refused(before, after, tuple(_changes(before, after)), original.raw, text)


def trial(
    connection: Connection, configuration: Configuration, person: Person, work: int, text: str, now: datetime, message: int | None = None
) -> Trial:
    """Try an edit: contract, changes, verdict and effect. Nothing of it stays."""
    person.need(Right.RESOLVE)
    row = _row(connection, person, work)
    message, system, original = _message(connection, configuration, row, message)
    return _try(connection, configuration, person, message, system, original, text, now)


def replay(
    connection: Connection, configuration: Configuration, person: Person, target: Target, hash_: str, text: str, now: datetime, said: Said,
    message: int | None = None,
) -> int:  # fmt: skip
    """Keep the edited message as a child of the original and apply it; its number.

    `hash_` is that of the bytes that were edited. Raises OperatorError when it cannot be read or changes what is locked, Forbidden when
    what it changes is over the person's limit.
    """
    person.need(Right.RESOLVE)
    reasons.check("edit", said.reason, said.why)
    row = _row(connection, person, target.id)
    if target.version is not None and target.version != row.version:
        raise OperatorError(f"{row.ref} is at version {row.version} now, you edited {target.version}.", "Look at it again; your text is kept.")
    message, system, original = _message(connection, configuration, row, message)
    if hashlib.sha256(original.raw).hexdigest() != hash_:
        raise OperatorError("The message is not the one that was edited.", "Look at it again.")
    if fetch(connection, "child_of", message, message, message):
        raise OperatorError(f"Somebody has edited message {message} already.", "Edit the message that came of it.")
    found = _try(connection, configuration, person, message, system, original, text, now)
    if found.refused:
        raise OperatorError(found.refused, "Nothing was kept.")
    if found.verdict is not None and not found.verdict.allowed:
        raise Forbidden(f"{found.verdict.said}.", "Let somebody edit it whose limit covers it.")
    apply(connection, configuration, [_arrival(connection, system, message, text.encode(), original, person, said, now)], now, what="edit")
    ((child,),) = fetch(connection, "child_of", message, message, message)
    with connection.transaction():
        detail = {**said._asdict(), "parent": message, "child": child, "changes": [change._asdict() for change in found.changes]}
        write_events(connection, person.login, [(row.id, None, "edited", detail)], now)
        audit.write(connection, person, "edit and replay", row.ref, detail, now)
    follow(connection, configuration, now)
    return int(child)


class _Back(Exception):
    """Ends the transaction of a trial."""


def _try(
    connection: Connection,
    configuration: Configuration,
    person: Person,
    message: int,
    system: System,
    original: Document,
    text: str,
    now: datetime,
) -> Trial:
    raw = original.raw
    before, after = _read(system, original), _read(system, _as_edited(original, _bounded(text)))
    changes = tuple(_changes(before, after))
    lines = tuple(difflib.unified_diff(_text(raw).splitlines(), text.splitlines(), "as it came", "as edited", lineterm=""))
    refused = _refused(before, after, changes, raw, text)
    verdict = None if refused else _verdict(person, before, after, changes, raw, text)
    opened, resolved, commands = ((), (), ()) if refused else _effect(connection, configuration, message, system, text, original, now)
    return Trial(tuple(_columns(after)), changes, refused, verdict, opened, resolved, commands, lines)


def _effect(
    connection: Connection, configuration: Configuration, message: int, system: System, text: str, original: Document, now: datetime
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[Command, ...]]:
    """The cases that would open and close, and the commands that would be issued, found by doing it and taking it back."""
    opened: tuple[str, ...] = ()
    resolved: tuple[str, ...] = ()
    commands: tuple[Command, ...] = ()
    pending = {key for (key,) in fetch(connection, "cases_to_follow")}
    try:
        with connection.transaction():
            apply(
                connection,
                configuration,
                [_arrival(connection, system, message, text.encode(), original, None, Said("typo"), now)],
                now,
                what="edit",
            )
            touched = sorted({key for (key,) in fetch(connection, "cases_to_follow")} - pending)
            states = fetch(connection, "case_states", touched)
            opened = tuple(case for case, state in states if state != "closed")
            resolved = tuple(case for case, state in states if state == "closed")
            commands = tuple(msgspec.json.decode(body, type=Command) for (body,) in fetch(connection, "commands_made", now))
            raise _Back
    except _Back:
        pass
    return opened, resolved, commands


def _arrival(
    connection: Connection, system: System, parent: int, raw: bytes, original: Document, person: Person | None, said: Said, now: datetime
) -> Arrival:
    """The edited message on its way in: it names its parent, and by its generation takes that one's place."""
    ((last,),) = fetch(connection, "last_generation")
    document = _as_edited(original, raw)
    own = dict(document.meta)
    own |= {PARENT: str(parent), GENERATION: str(last + 1), "tieout.edited_by": person.login if person else "", "tieout.reason": said.reason}
    if mapping := mapping_hash(system):
        own[MAPPING] = mapping
    return Arrival(msgspec.structs.replace(document, meta=own), system, now, generation=last + 1, key=edited(parent, raw), parent=parent)


def _read(system: System, document: Document) -> list[Fact | Refusal]:
    """The statements of a message, by the present mapping, as one that is read again is."""
    return [one.fact if isinstance(one, New) else one for one in read(Arrival(document, system, BEGINNING), connector(system.connector))]


def _as_edited(original: Document, raw: bytes) -> Document:
    """The original with other bytes: what it was believed to be and what came with it stay, less what we noted of it ourselves."""
    own = {name: value for name, value in original.meta.items() if not name.startswith("tieout.")}
    return msgspec.structs.replace(original, raw=raw, key="", meta=own)


def _columns(found: Sequence[Fact | Refusal]) -> Iterator[Column]:
    for one in found:
        if isinstance(one, Refusal):
            yield Column("", (), one.reason, one.next_step)
        else:
            yield Column(one.identity, tuple(_fields(one)))


def _fields(fact: Fact) -> Iterator[Field]:
    """Every field of a fact that says something."""
    said: dict[str, Any] = msgspec.to_builtins(fact, builtin_types=(Decimal,))
    for name, value in said.items():
        if name in ("lines", "source", "data"):
            continue
        kind = "locked" if name in LOCKED else "sensitive" if name in SENSITIVE else "free"
        yield Field(name, str(value), kind)
    for line in said.get("lines", ()):
        for name, value in line.items():
            kind = "locked" if name == "line" else "sensitive" if name in SENSITIVE_OF_LINES else "free"
            yield Field(f"line {line['line']} {name}", str(value), kind)
    for name, value in said.get("data", {}).items():
        yield Field(f"data {name}", value, "sensitive")


def _changes(before: Sequence[Fact | Refusal], after: Sequence[Fact | Refusal]) -> Iterator[Change]:
    old = {one.identity: {field.path: field for field in _fields(one)} for one in before if isinstance(one, Fact)}
    new = {one.identity: {field.path: field for field in _fields(one)} for one in after if isinstance(one, Fact)}
    for identity in dict.fromkeys((*old, *new)):
        mine, theirs = old.get(identity, {}), new.get(identity, {})
        if not mine or not theirs:
            yield Change(identity, "", "" if not mine else "said", "" if not theirs else "said", "locked" if mine else "sensitive")
            continue
        for path in dict.fromkeys((*mine, *theirs)):
            was, is_ = mine.get(path), theirs.get(path)
            if (was and was.value) != (is_ and is_.value):
                kind = (was or is_).kind if was or is_ else "free"  # type: ignore[union-attr]
                yield Change(identity, path, was.value if was else "", is_.value if is_ else "", kind)


def _refused(before: Sequence[Fact | Refusal], after: Sequence[Fact | Refusal], changes: Sequence[Change], raw: bytes, text: str) -> str:
    """Why an edit cannot be: it changes nothing, cannot be read, or changes what says which document it is."""
    if text.encode() == raw:
        return "The message is as it came: nothing is edited."
    wrong = next((one for one in after if isinstance(one, Refusal)), None)
    if wrong is not None:
        return f"It cannot be read: {wrong.reason} {wrong.next_step}"
    if not after:
        return "It says nothing any more."
    locked = [change for change in changes if change.kind == "locked"]
    if locked:
        what = ", ".join(f"{one.identity} {one.path}".strip() for one in locked[:3])
        return f"It changes which document it is ({what}); that is locked."
    return ""


def _verdict(
    person: Person, before: Sequence[Fact | Refusal], after: Sequence[Fact | Refusal], changes: Sequence[Change], raw: bytes, text: str
) -> Verdict | None:
    """Whether somebody may make a sensitive change alone: it is worth what its statements are worth. None when all is free."""
    unread = any(isinstance(one, Refusal) for one in before)
    if not any(change.kind == "sensitive" for change in changes) or (unread and _digits(_text(raw)) == _digits(text)):
        return None
    touched = {change.identity for change in changes if change.kind == "sensitive"}
    worth: dict[str, Decimal] = {}
    for one in after:
        if isinstance(one, Fact) and one.identity in touched:
            value = one.total if one.total is not None else sum((line.value or Decimal(0) for line in one.lines), Decimal(0))
            worth[one.currency] = worth.get(one.currency, Decimal(0)) + abs(value)
    verdicts = [within_limit(person, amount, currency, "") for currency, amount in worth.items() if amount]
    return next((one for one in verdicts if not one.allowed), verdicts[0] if verdicts else None)


def _digits(text: str) -> list[str]:
    """The digits of a text in order: an edit that changes none of them changes no amount, number or date."""
    return [character for character in text if character.isdigit()]


def _bounded(text: str) -> bytes:
    raw = text.encode()
    if not 1 <= len(raw) <= RAW_MAX:
        raise OperatorError(f"An edited message has 1 to {RAW_MAX // 1024 // 1024} MB.", "Correct it at its source.")
    return raw


def _row(connection: Connection, person: Person, work: int) -> Locked:
    with connection.transaction():
        return _fit(lock(connection, person, [Target(work)]), work)


def _fit(found: Mapping[int, Locked], work: int) -> Locked:
    """The exception among those that may be seen, if a message of it can be edited."""
    if work not in found:
        raise OperatorError(f"There is no exception EX-{work} among those you may see.", "Check the number.")
    if (found[work].message is None and found[work].kind not in ("balance", "command")) or found[work].state == "resolved":
        raise OperatorError(f"{found[work].ref} is about no message that could be edited.", "Edit what could not be read.")
    return found[work]


def _message(connection: Connection, configuration: Configuration, row: Locked, wanted: int | None) -> tuple[int, System, Document]:
    """The message of an exception, or the one of those it rests on that is wanted."""
    if row.message is None:
        behind = [id_ for id_, *_ in fetch(connection, "messages_behind", 0, row.root)]
        if wanted not in behind:
            raise OperatorError(f"{row.ref} does not rest on message {wanted or '(none)'}.", "Choose one of those it rests on.")
    ((id_, name, contract, origin, line, byte, meta, raw, _, _),) = fetch(connection, "message", [row.message or wanted])
    if name not in configuration.systems:
        raise OperatorError(f"The settings name no system {name!r} any more.", "Describe it again in tieout.toml.")
    document = Document(bytes(raw), origin, line, byte, contract, meta=msgspec.json.decode(meta))
    return id_, configuration.systems[name], document


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
