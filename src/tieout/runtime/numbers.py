"""Outgoing documents and their control numbers: given without gaps, stored with the bytes that took them, sent again byte for byte.

A number is taken and its document stored in one transaction. A writer that fails takes its number back with it; one that
comes at the same time for the same partner waits. So a partner who sees a gap has lost something of ours.
"""

import hashlib
from datetime import datetime
from typing import Any

import msgspec
import psycopg

from tieout.connectors import Numbers, System, Writer
from tieout.core.command import Command, Rejected
from tieout.store.database import fetch, run
from tieout.store.sql import sql


class Outgoing(msgspec.Struct, frozen=True):
    """A stored document: the key of its command, whose it is, its numbers, when it was made (UTC), and its bytes."""

    command: str
    system: str
    sender: str
    receiver: str
    interchange: int
    group: int
    set: int
    made: datetime
    raw: bytes

    @property
    def file(self) -> str:
        """A name that sorts by number and is the same whenever the document is sent."""
        return f"{_safe(self.sender)}_{_safe(self.receiver)}_{self.interchange:09d}.edi"


def written(
    connection: "psycopg.Connection[tuple[Any, ...]]", writer: Writer, command: Command, system: System, now: datetime
) -> Outgoing | Rejected:
    """The document of a command: the stored one if there is one, else written now with the next numbers, and stored.

    Runs inside the caller's transaction if there is one. When the document cannot be written no number is taken.
    """
    stored = outgoing(connection, command.key)
    if stored is not None:
        return stored
    address = writer.address(command, system)
    if isinstance(address, Rejected):
        return address
    try:
        with connection.transaction():
            row = {"sender": address.sender, "receiver": address.receiver, "first": address.first}
            ((interchange, group, set_),) = connection.execute(sql("next_numbers"), row).fetchall()
            stored = outgoing(connection, command.key)
            if stored is not None:
                raise _Back(stored)
            raw = writer.document(command, system, Numbers(interchange, group, set_, now))
            if isinstance(raw, Rejected):
                raise _Back(raw)
            made = Outgoing(command.key, system.name, address.sender, address.receiver, interchange, group, set_, now, raw)
            _store(connection, made)
            return made
    except _Back as back:
        return back.result


def outgoing(connection: "psycopg.Connection[tuple[Any, ...]]", key: str) -> Outgoing | None:
    """The document that was written for a command, if there is one."""
    rows = fetch(connection, "outgoing_of", key)
    return Outgoing(*rows[0]) if rows else None


def numbered(connection: "psycopg.Connection[tuple[Any, ...]]", sender: str, receiver: str, interchange: int) -> list[Outgoing]:
    """The documents a partner means by a control number, the newest first; more than one only after a billion documents."""
    return [Outgoing(*row) for row in fetch(connection, "outgoing_numbered", sender, receiver, interchange)]


class _Back(Exception):
    """Leaves the transaction without the number it took."""

    def __init__(self, result: Outgoing | Rejected) -> None:
        super().__init__()
        self.result = result


def _store(connection: "psycopg.Connection[tuple[Any, ...]]", made: Outgoing) -> None:
    numbers = (made.interchange, made.group, made.set)
    hash_ = hashlib.sha256(made.raw).digest()
    run(connection, "insert_outgoing", made.command, made.system, made.sender, made.receiver, *numbers, made.made, hash_, made.raw)


def _safe(identifier: str) -> str:
    """An interchange identifier as part of a file name: letters, digits and hyphens, all else as its number."""
    return "".join(mark if mark.isascii() and (mark.isalnum() or mark == "-") else f"%{ord(mark):02X}" for mark in identifier)
