"""Notices: what somebody is to be told. They are kept in the transaction that caused them and sent later, put together into digests."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from tieout.cases.item import Locked
from tieout.runtime.batch import Connection
from tieout.store.database import fetch, run_by

TELLING = {"assigned": "is yours now", "snoozed": "was snoozed", "woken": "is awake again", "commented": "was commented on"}


class Notice(NamedTuple):
    """One thing to tell: `recipient` is a login or `team:NAME`."""

    recipient: str
    way: str
    subject: str
    work: int | None
    text: str


def keep(connection: Connection, notices: Sequence[Notice], now: datetime, not_before: datetime | None = None) -> None:
    """Keep notices until they are sent; two of the same words to the same recipient are one."""
    wanted = list(dict.fromkeys(notices))
    if wanted:
        run_by(
            connection, "insert_notices", now=now, recipients=[n.recipient for n in wanted], ways=[n.way for n in wanted],
            subjects=[n.subject for n in wanted], works=[n.work for n in wanted], texts=[n.text for n in wanted],
            not_before=[not_before or now] * len(wanted),
        )  # fmt: skip


def of_changes(connection: Connection, who: str, changes: Sequence[tuple[Locked, Locked]], event: str, now: datetime) -> None:
    """Tell whoever an exception was given to, and those who watch it; nobody is told what he did himself."""
    made = []
    for before, after in changes:
        told = {after.person} if after.person != before.person and after.person else set()
        text = f"{after.ref} {TELLING.get(event, event)}: {after.summary}"
        made += [Notice(login, "email", f"{event} by {who}", after.id, text) for login in told - {who}]
        if len(changes) == 1:
            watching = {login for (login,) in fetch(connection, "watchers", after.id)}
            made += [Notice(login, "email", f"{event} by {who}", after.id, text) for login in sorted(watching - told - {who})]
    keep(connection, made, now)
