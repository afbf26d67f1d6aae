"""News by asking: each `[[poll]]` page by page, every record kept as the bytes that came, and how far we have come.

The cursor is one JSON object: poll name to how far that poll has come. It moves on only when a poll was read to its last
page, because records seldom come in the order in which they changed; what is asked for again is deduplicated.
"""

from collections.abc import Generator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import msgspec

from tieout.connectors import Document, Secrets, System
from tieout.connectors.rest.access import Access
from tieout.connectors.rest.answers import NotJson, json_of, judged, judges_of
from tieout.connectors.rest.check import address, base_of, mapping_of
from tieout.connectors.rest.cursor import asked_from, further, overlap_of
from tieout.connectors.rest.mapping import CursorAt, Mapping, Poll
from tieout.connectors.rest.path import NotText, find, parts_of, text_of
from tieout.connectors.rest.records import CONTRACT
from tieout.connectors.rest.template import Value, fill, fill_address, parsed, places_of
from tieout.core.command import Call, Failed, Polled, Rejected, Reply
from tieout.formats.http import answered_at, next_link
from tieout.formats.json_stream import NO_JSON, decode_exact

KEY_MAX = 200


class Asking(msgspec.Struct, frozen=True):
    """Who asks whom."""

    mapping: Mapping
    system: System
    access: Access


class Page(msgspec.Struct, frozen=True):
    """One page of a poll: its records as the bytes that came, and the answer they stood in."""

    call: Call
    reply: Reply
    answer: Any
    raws: list[bytes]


Reached = tuple[str, datetime | None]
"""Where a poll's cursor stands after its last page, and up to which instant the state was read, if known."""


def poll(system: System, secrets: Secrets, cursor: str, found: list[Document]) -> Generator[Call, Reply, Polled | Failed]:
    """Ask for what changed since `cursor` (empty: from the beginning) and append the documents.

    The state was read up to the earliest of the target's own clocks, less the overlap, if every poll goes by time. A poll
    that fails keeps the cursor where it was; what was found is good. Raises SettingsError only when the mapping is wrong.
    """
    mapping = mapping_of(system)
    asking = Asking(mapping, system, Access(mapping.auth, base_of(system), mapping.rest.timeout, secrets))
    state = _state(cursor)
    instants: list[datetime | None] = []
    for stated in mapping.poll:
        reached = yield from _read_to_the_end(stated, state.get(stated.name, ""), asking, found)
        if isinstance(reached, Failed):
            return reached
        state[stated.name], instant = reached
        instants.append(instant)
    known = [instant for instant in instants if instant is not None]
    complete = min(known) if known and len(known) == len(instants) else None
    return Polled(msgspec.json.encode(state).decode(), complete)


def _read_to_the_end(stated: Poll, since: str, asking: Asking, found: list[Document]) -> Generator[Call, Reply, Reached | Failed]:
    zone = asking.system.timezone
    try:
        start = asked_from(stated.cursor, since, zone) if stated.cursor else ""
    except ValueError as bad:
        return Failed("request", f"The poll {stated.name!r} cannot go on from {since[:60]!r}: {bad}.")
    reached, clock = since, None
    url, seen = _first(stated, start, 0, asking), set[str]()
    for number in range(stated.pages_max):
        page = yield from _page(stated, url, asking)
        if isinstance(page, Failed):
            return page
        clock = clock or answered_at(page.reply.headers)
        records = [decode_exact(raw) for raw in page.raws]
        found += [_document(stated, page.call, raw, record) for raw, record in zip(page.raws, records, strict=True)]
        if stated.cursor is not None:
            reached = further(stated.cursor, reached, records, page.answer, clock, zone)
        seen.add(url)
        url = _following(stated, page, start, number, asking)
        if not url:
            return reached, _complete(stated.cursor, clock)
        if urlsplit(url)[:2] != urlsplit(base_of(asking.system))[:2]:
            return Failed("redirect", f"{page.call.shown}: the next page lies at another host, where our credentials do not go.")
        if url in seen:
            return Failed("endless", f"{page.call.shown}: the next page is one that was read already.")
    return Failed("endless", f"The poll {stated.name!r} has more than {stated.pages_max} pages. Raise `pages_max`, or ask for less.")


def _complete(cursor: CursorAt | None, clock: datetime | None) -> datetime | None:
    """The instant up to which everything was seen: the target's clock when we began, less what may still become visible."""
    overlap = overlap_of(cursor) if cursor is not None and cursor.kind == "time" else 0
    return clock - timedelta(seconds=overlap) if clock is not None and overlap else None


def _page(stated: Poll, url: str, asking: Asking) -> Generator[Call, Reply, Page | Failed]:
    """Ask for one page. Whatever is no list of records is a fault: an error page must not look like no news."""
    rules = asking.mapping.error
    headers = {"Accept": "application/json"} | asking.mapping.rest.headers | stated.headers
    call = Call("GET", url, headers, timeout=asking.mapping.rest.timeout, judges=judges_of(rules))
    reply = yield from asking.access.ask(call)
    if isinstance(reply, Failed):
        return reply
    fault = judged(call, reply, rules, asking.access.known)
    if fault is not None:
        return Failed("answer", f"{call.shown} was refused: {fault.reason}") if isinstance(fault, Rejected) else fault
    try:
        return Page(call, reply, json_of(reply), _raws(reply.body, stated.records))
    except NotJson as bad:
        return Failed("not-json", f"{call.shown} was answered with what is no JSON: {bad}.")
    except LookupError as bad:
        return Failed("answer", f"{call.shown}: {bad.args[0]}. Correct `records`, or add an [[error]] for this answer.")


def _raws(body: bytes, path: str) -> list[bytes]:
    """The records at a path as the bytes that came. Raises LookupError when there is no list and no object."""
    raw = body
    try:
        for part in parts_of(path):
            if raw.lstrip()[:1] == b"[":
                raw = bytes(msgspec.json.decode(raw, type=list[msgspec.Raw])[int(part[:6])])
            else:
                raw = bytes(msgspec.json.decode(raw, type=dict[str, msgspec.Raw])[part])
        if raw.lstrip()[:1] == b"{":
            return [raw.strip()]
        return [bytes(each).strip() for each in msgspec.json.decode(raw, type=list[msgspec.Raw])]
    except (*NO_JSON, LookupError, ValueError):
        raise LookupError(f"there is no list of records at {path or 'the top'!r}") from None


def _document(stated: Poll, call: Call, raw: bytes, record: Any) -> Document:
    origin = call.shown.partition(" ")[2]
    key = fill(stated.key, _key_values(stated.key, record))[:KEY_MAX] if stated.key else ""
    return Document(raw, origin, contract=CONTRACT + stated.record, key=key if key.strip() else "")


def _key_values(key: str, record: Any) -> dict[str, Value]:
    """The texts at the paths of a key; one that is not there is a dash, so that the others still tell records apart."""
    found: dict[str, Value] = {}
    for place in places_of(parsed(key)):
        try:
            found[place.name] = text_of(find(record, place.name)) or "-"
        except NotText:
            found[place.name] = "-"
    return found


def _first(stated: Poll, start: str, number: int, asking: Asking) -> str:
    """The address of page `number` (from 0), counted by page or offset."""
    paging = stated.paging
    page, offset = (paging.first + number, paging.size * number) if paging else (number, 0)
    filled = fill_address(stated.url, {"cursor": start, "page": str(page), "offset": str(offset)})
    return address(base_of(asking.system), filled)


def _following(stated: Poll, page: Page, start: str, number: int, asking: Asking) -> str:
    """The address of the next page; empty after the last."""
    paging = stated.paging
    if paging is None:
        return ""
    if paging.size:
        return _first(stated, start, number + 1, asking) if len(page.raws) >= paging.size else ""
    try:
        said = next_link(page.reply.headers) if paging.link else text_of(find(page.answer, paging.next or paging.token)).strip()
    except NotText:
        return ""
    if not said:
        return ""
    if paging.token:
        first = _first(stated, start, 0, asking)
        return f"{first}{'&' if '?' in first else '?'}{quote(paging.parameter, safe='')}={quote(said, safe='')}"
    return urljoin(page.call.url, said)


def _state(cursor: str) -> dict[str, str]:
    """How far each poll has come; a cursor that cannot be read means from the beginning, which repeats and loses nothing."""
    try:
        return msgspec.json.decode(cursor.encode(), type=dict[str, str]) if cursor else {}
    except msgspec.MsgspecError:
        return {}
