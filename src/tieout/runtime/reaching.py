"""Reaching a system to see whether it answers and knows us: a question that changes nothing there, whatever comes of it."""

import importlib
import os
import time
from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec

from tieout.connectors import Document, Secrets, System
from tieout.core.command import Absent, Accepted, Call, Command, Failed, Reply
from tieout.errors import OperatorError
from tieout.runtime.batch import Connection
from tieout.runtime.configuration import sender_of
from tieout.runtime.transport import Transport
from tieout.store.database import fetch

CALLS_MAX = 4
_decode_command = msgspec.json.Decoder(Command).decode


class Reached(msgspec.Struct, frozen=True):
    """What came of it: `asked` is what was asked, without secrets; `why` says what is wrong when it is not well."""

    well: bool
    asked: str
    why: str
    seconds: float


class _NotAsked(Exception):
    """There is no harmless question; says why."""


def reach(connection: Connection, system: System, secrets: Secrets, folder: Path | None, transport: Transport) -> Reached:
    """Ask a system something that changes nothing: its first question for news, or whether it has a command that it was told before.

    A system that takes documents from a folder has its folder looked at. What is found is thrown away.
    """
    if folder is not None:
        well = folder.is_dir() and os.access(folder, os.W_OK)
        return Reached(well, f"the folder {folder.name}", "" if well else f"{folder} is no folder that can be written to.", 0.0)
    began = time.monotonic()
    asked: list[str] = []
    try:
        outcome = transport.perform(_first(_question(connection, system, secrets), asked))
    except _NotAsked as bad:
        return Reached(False, "nothing", str(bad), 0.0)
    except OperatorError as bad:
        return Reached(False, "nothing", f"{bad.what} {bad.next_step}", 0.0)
    why = (
        f"{outcome.fault}: {outcome.reason}" if isinstance(outcome, Failed) else "" if outcome is None else str(getattr(outcome, "reason", ""))
    )
    return Reached(not why, asked[-1] if asked else "nothing", why, time.monotonic() - began)


def _question(connection: Connection, system: System, secrets: Secrets) -> Generator[Call, Reply, Any]:
    name = f"tieout.connectors.{system.connector}.poll"
    if find_spec(name) is not None:
        found: list[Document] = []
        conversation: Generator[Call, Reply, Any] = importlib.import_module(name).poll(system, secrets, "", found)
        return conversation
    sender: Any = sender_of(system)
    if sender is None:
        raise _NotAsked(f"The connector {system.connector} only listens: nobody calls this system.")
    if not hasattr(sender, "probe"):
        raise _NotAsked(f"The connector {system.connector} writes documents, and no folder is named for them.")
    told = fetch(connection, "newest_command_of", system.name)
    if not told:
        raise _NotAsked("It has not been told anything yet, so there is nothing to ask it for.")
    asked: Generator[Call, Reply, Any] = sender.probe(_decode_command(told[0][0]), system, secrets)
    return asked


def _first(conversation: Generator[Call, Reply, Any], asked: list[str]) -> Generator[Call, Reply, Any]:
    """The beginning of a conversation: a sign-in takes a call or two before the first question. None when it would go on.

    A call that would write is not made.
    """
    try:
        call = next(conversation)
        for _ in range(CALLS_MAX):
            if call.writes:
                raise _NotAsked("Its first question would change something there.")
            asked.append(call.shown)
            call = conversation.send((yield call))
    except StopIteration as end:
        return None if isinstance(end.value, Accepted | Absent) or not hasattr(end.value, "reason") else end.value
    finally:
        conversation.close()
    return None
