"""A dry run: what would be sent now, with nothing sent, nothing written and every secret masked."""

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec

from tieout.connectors import Numbers, Secrets, System
from tieout.core.attempt import Move
from tieout.core.command import Call, Command, Rejected
from tieout.errors import OperatorError
from tieout.runtime.batch import Connection
from tieout.runtime.configuration import Configuration, sender_of
from tieout.store.database import fetch
from tieout.store.sql import sql

MASK = "***"
ACCESS = "access_token"
"""What a connector that fetches tokens calls one that it is handed."""
OPEN_HEADERS = frozenset({"accept", "content-type", "idempotency-key"})
SHOWN_MAX = 4000
_decode_command = msgspec.json.Decoder(Command).decode


class Shown(msgspec.Struct, frozen=True):
    """The first request of a command, or its document, or why it would not be sent. Answers decide what follows the first."""

    key: str
    system: str
    move: str
    request: str = ""
    headers: dict[str, str] = {}
    body: str = ""
    refused: str = ""


def dry_run(connection: Connection, configuration: Configuration, secrets: Mapping[str, Secrets], most: int, now: datetime) -> Iterator[Shown]:
    """What a dispatcher would begin with now, in its order."""
    for name in sorted(configuration.driving.targets if configuration.driving is not None else configuration.systems):
        arguments = {"system": name, "now": now, "limit": most}
        keys = [key for key, _ in connection.execute(sql("candidates"), arguments).fetchall()]
        for key, body, _, move, _ in fetch(connection, "to_show", keys):
            yield _shown(key, _decode_command(body), configuration.systems[name], Move(move), secrets.get(name, {}), now)


def _shown(key: str, command: Command, system: System, move: Move, secrets: Secrets, now: datetime) -> Shown:
    module = sender_of(system)
    if module is None:
        return Shown(key, system.name, move.value, refused=f"the connector {system.connector} only listens")
    if hasattr(module, "document"):
        made = module.document(command, system, Numbers(1, 1, 1, now))
        if isinstance(made, Rejected):
            return Shown(key, system.name, move.value, refused=made.reason)
        return Shown(key, system.name, move.value, "a document, here with control numbers 1", body=_text(made))
    if hasattr(module, "renewed"):  # else the first request would be for a token, and say nothing of the command
        secrets = {ACCESS: MASK, **secrets}
    talk = (module.probe if move is Move.PROBE else module.send)(command, system, secrets)
    try:
        call: Call = next(talk)
    except StopIteration as end:
        return Shown(key, system.name, move.value, refused=str(getattr(end.value, "reason", end.value)))
    except OperatorError as bad:
        return Shown(key, system.name, move.value, refused=str(bad))
    finally:
        talk.close()
    headers = {name: value if name.lower() in OPEN_HEADERS else MASK for name, value in call.headers.items()}
    return Shown(key, system.name, move.value, call.shown, headers, masked(_text(call.body), secrets))


def masked(text: str, secrets: Secrets) -> str:
    """A text without any of the secrets."""
    for value in sorted(filter(None, secrets.values()), key=len, reverse=True):
        text = text.replace(value, MASK)
    return text


def _text(raw: bytes) -> str:
    return raw[:SHOWN_MAX].decode("utf-8", "replace")
