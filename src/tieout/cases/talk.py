"""What people say to each other about an exception: comments with mentions, watching. None of it changes the exception."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from tieout.cases import notices
from tieout.cases.act import lock, look, write_events
from tieout.cases.item import Locked, Target
from tieout.cases.notices import Notice
from tieout.errors import OperatorError
from tieout.people import audit
from tieout.people.accounts import accounts
from tieout.people.person import Person, Right
from tieout.runtime.batch import Connection
from tieout.store.database import fetch, fetch_by, run

TEXT_MAX = 10_000
MENTION = re.compile(r"(?<![\w@.])@([a-z0-9][a-z0-9._@+-]{0,99})", re.IGNORECASE)


class Event(msgspec.Struct, frozen=True):
    """A step in the life of an exception."""

    id: int
    at: datetime
    event: str
    who: str
    detail: dict[str, Any]


def comment(connection: Connection, person: Person, work: int, text: str, now: datetime) -> int:
    """Say something about an exception; its number. Who is mentioned and may see it, and who watches it, is told."""
    person.need(Right.COMMENT)
    said = text.replace("\0", "").strip()
    if not 1 <= len(said) <= TEXT_MAX:
        raise OperatorError(f"A comment has 1 to {TEXT_MAX} characters.", "Shorten it, or attach a file.")
    with connection.transaction():
        row = seen(connection, person, work)
        known = {account.person.login: account for account in accounts(connection) if account.disabled is None}
        wanted = dict.fromkeys(match.rstrip(".-").casefold() for match in MENTION.findall(said))
        mentioned = [login for login in wanted if login in known and _sees(known[login].person, row)]
        (id_,) = write_events(connection, person.login, [(work, None, "commented", {"text": said, "mentions": mentioned})], now)
        watching = {login for (login,) in fetch(connection, "watchers", work)} - {person.login, *mentioned}
        told = [
            Notice(login, "email", f"{person.login} mentioned you", work, f"{row.ref}: {said}") for login in mentioned if login != person.login
        ]
        told += [Notice(login, "email", f"comment by {person.login}", work, f"{row.ref}: {said}") for login in sorted(watching)]
        notices.keep(connection, told, now)
        run(connection, "watch_work", person.login, now, [work])
        audit.write(connection, person, "comment", row.ref, {"event": id_}, now)
    return id_


def watch(connection: Connection, person: Person, works: Sequence[int], now: datetime, *, stop: bool = False) -> None:
    """Watch exceptions, or stop: whoever watches is told what others do with them."""
    person.need(Right.COMMENT)
    with connection.transaction():
        seen = sorted(lock(connection, person, [Target(work) for work in works]))
        if stop:
            run(connection, "unwatch_work", person.login, seen)
        else:
            run(connection, "watch_work", person.login, now, seen)


def history(connection: Connection, person: Person, work: int, *, before: int | None = None, limit: int = 100) -> list[Event]:
    """The life of an exception, newest first."""
    seen(connection, person, work, hold=False)
    rows = fetch_by(connection, "work_history", work=work, before=before, limit=min(limit, 1000))
    return [Event(id_, at, event, who, msgspec.json.decode(detail)) for id_, at, event, who, detail in rows]


def seen(connection: Connection, person: Person, work: int, *, hold: bool = True) -> Locked:
    """The exception, if this person may see it; held until the transaction ends, unless it is only looked at. Raises OperatorError."""
    with connection.transaction():
        found = (lock if hold else look)(connection, person, [Target(work)])
    if work not in found:
        raise OperatorError(f"There is no exception EX-{work} among those you may see.", "Check the number.")
    return found[work]


def _sees(person: Person, row: Locked) -> bool:
    return person.may(Right.READ) and person.scopes.sees(team=row.team, channel=row.channel, warehouse=row.warehouse)
