"""Tryton's JSON-RPC as a conversation without sockets: log in, call, and say whose fault an answer is."""

import base64
import re
from collections.abc import Generator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import msgspec

from tieout.connectors import Secrets, System
from tieout.connectors.tryton.options import Options
from tieout.connectors.tryton.record import Moment
from tieout.core.command import Call, Failed, Rejected, Reply
from tieout.core.values import plain
from tieout.formats.json_stream import NO_JSON, decode_exact

T = TypeVar("T")
Talk = Generator[Call, Reply, T]
"""A part of a conversation that comes to a value."""

STRANGE = (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What reading an answer of an unexpected shape may raise."""
WARNINGS_MAX = 10
REASON_MAX = 1000
READ_SECONDS = 30.0
_encode = msgspec.json.Encoder(decimal_format="number").encode


class Broken(Exception):
    """The conversation ends here, with this outcome."""

    def __init__(self, outcome: Rejected | Failed) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


class Denied(Broken):
    """Tryton, or a rule of ours about what Tryton holds, says no."""

    def __init__(self, reason: str) -> None:
        super().__init__(Rejected(reason[:REASON_MAX]))


class Session(msgspec.Struct):
    """A user of one database; `wrote` says that something of this conversation stands there already."""

    options: Options
    authorization: str
    context: dict[str, Any] = {}
    wrote: bool = False
    calls: int = 0
    now: datetime | None = None


def login(session: Session, system: System, secrets: Secrets) -> Talk[None]:
    """Fill a session; by the token `session` if the secrets hold one, else by login and password."""
    if not re.match(r"https?://[^/]+/[^/]+/?$", session.options.url):
        raise Broken(Failed("request", f"The option url of {system.name} is no address like https://erp.example.com/database/."))
    token = secrets.get("session", "")
    if not token:
        name = secrets.get("login") or session.options.login
        found = yield from ask(session, "common.db.login", name, {"password": secrets.get("password", "")})
        if not (isinstance(found, list) and len(found) >= 2):
            raise Broken(Failed("credentials", "Tryton asks for more than a password, or does not know the user."))
        token = f"{name}:{found[0]}:{found[1]}"
    session.authorization = "Session " + base64.b64encode(token.encode()).decode()
    session.context = yield from ask(session, "model.res.user.get_preferences", True, {})
    if not isinstance(session.context, dict):
        raise Broken(Failed("answer", "Tryton's preferences of the user are none."))


def read(session: Session, model: str, method: str, *params: Any) -> Talk[Any]:
    """A call that changes nothing."""
    return (yield from ask(session, f"model.{model}.{method}", *params, session.context))


def write(session: Session, model: str, method: str, *params: Any) -> Talk[Any]:
    """A call that changes the target; warnings that the settings accept are skipped, any other is a refusal."""
    return (yield from change(session, f"model.{model}.{method}", *params, session.context))


def change(session: Session, method: str, *params: Any) -> Talk[Any]:
    """The same for any method, its context included."""
    for _ in range(WARNINGS_MAX):
        reply = yield _call(session, method, params, writes=True)
        answer = _answer(session, reply, writes=True)
        if answer.error is None:
            session.wrote = True
            return answer.result
        warning = _warning(answer.error)
        if warning is None or not warning.endswith(session.options.accept_warnings or ("\0",)):
            raise _no(session, answer.error)
        yield from ask(session, "model.res.user.warning.skip", warning, False, session.context)
    raise Denied("Tryton warns again and again.")


def ask(session: Session, method: str, *params: Any) -> Talk[Any]:
    """Any other call."""
    reply = yield _call(session, method, params, writes=False)
    answer = _answer(session, reply, writes=False)
    if answer.error is not None:
        raise _no(session, answer.error)
    return answer.result


def ask_raw(session: Session, method: str, *params: Any) -> Talk[msgspec.Raw]:
    """The result as the bytes Tryton sent."""
    reply = yield _call(session, method, params, writes=False)
    answer = _answer(session, reply, writes=False)
    if answer.error is not None:
        raise _no(session, answer.error)
    return answer.raw


def money(number: Decimal) -> dict[str, str]:
    """An exact number as Tryton wants it."""
    return {"__class__": "Decimal", "decimal": plain(number)}


def day(value: date) -> dict[str, Any]:
    """A date as Tryton wants it."""
    return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}


def moment(value: datetime) -> dict[str, Any]:
    """A time as Tryton wants it: UTC, without a zone."""
    value = value.astimezone(UTC)
    return {
        "__class__": "datetime", "year": value.year, "month": value.month, "day": value.day, "hour": value.hour,
        "minute": value.minute, "second": value.second, "microsecond": value.microsecond,
    }  # fmt: skip


class _Envelope(msgspec.Struct):
    result: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()


class _Answer(msgspec.Struct):
    raw: msgspec.Raw
    result: Any = None
    error: list[Any] | None = None


_envelopes = msgspec.json.Decoder(_Envelope)


def _call(session: Session, method: str, params: Sequence[Any], *, writes: bool) -> Call:
    """Tryton says of every longer answer that it is gzip, so we ask for that: asked for anything else it says so of plain text."""
    session.calls += 1
    headers = {"content-type": "application/json", "accept": "application/json", "accept-encoding": "gzip"}
    if session.authorization:
        headers["authorization"] = session.authorization
    body = _encode({"id": session.calls, "method": method, "params": list(params)})
    url = session.options.url.rstrip("/") + "/rpc/"
    patience = float(session.options.timeout)
    return Call("POST", url, headers, body, writes=writes, timeout=patience if writes else min(patience, READ_SECONDS))


def _answer(session: Session, reply: Reply, *, writes: bool) -> _Answer:
    """What a reply says. Raises Broken when it is no answer; whether the call had an effect is then in doubt if it writes."""
    doubt = session.wrote or writes
    session.now = _server_time(reply) or session.now
    if reply.status != 200:
        raise Broken(_status(session, reply, writes=writes))
    try:
        envelope = _envelopes.decode(reply.body)
        raw = bytes(envelope.error)
        error = decode_exact(raw) if raw and raw != b"null" else None
        result = _plain(decode_exact(bytes(envelope.result))) if bytes(envelope.result) else None
    except (*NO_JSON, ValueError, TypeError, KeyError) as bad:
        raise Broken(Failed("not-json", f"Tryton's answer cannot be read: {str(bad)[:200]}", doubt)) from bad
    if error is None and not bytes(envelope.result):
        raise Broken(Failed("answer", "Tryton's answer has neither a result nor an error.", doubt))
    if error is not None and not (isinstance(error, list) and error):
        raise Broken(Failed("answer", "Tryton's error has no name.", doubt))
    return _Answer(envelope.result, result, error)


def _status(session: Session, reply: Reply, *, writes: bool) -> Failed:
    """A status other than 200: Tryton sends none of them after it has done what was asked, but a proxy before it may."""
    doubt = session.wrote or (writes and reply.status >= 500)
    said = f"{session.options.url} answered {reply.status}"
    after = reply.headers.get("retry-after", "")
    retry_after = float(after) if after.isascii() and after.isdigit() else None
    if reply.status in (401, 403):
        what = "login, password or session is not accepted" if reply.status == 401 else "this user may not do that"
        return Failed("credentials", f"{said}: {what}.", session.wrote)
    if reply.status == 429:
        return Failed("rate-limit", f"{said}: too many log-ins or calls.", session.wrote, retry_after)
    if 300 <= reply.status < 400:
        return Failed("redirect", f"{said} and points to {reply.headers.get('location', 'nowhere')[:200]}.", session.wrote)
    return Failed("status", f"{said}: is the database name right, and the server version 8 or later?", doubt, retry_after)


def _no(session: Session, error: list[Any]) -> Broken:
    """The outcome of an error inside a 200: what a user would be told is a refusal, what a developer would be is a failure.

    The call itself was rolled back; in doubt is only what came before it.
    """
    name, *rest = error
    told = rest[0] if rest else ""
    if name in ("UserError", "UserWarning") and isinstance(told, list) and told:
        words = [text for text in (told[1:] if name == "UserWarning" else told) if isinstance(text, str) and text]
        return Denied(" ".join(words) or str(name))
    if name == "ConcurrencyException":
        return Broken(Failed("answer", f"Somebody else changed the record in these moments: {str(told)[:300]}", session.wrote))
    if name == "LoginException":
        return Broken(Failed("credentials", "Tryton asks for more than a password to log in.", session.wrote))
    return Broken(Failed("answer", f"Tryton failed: {str(name)[:300]}", session.wrote))


def _warning(error: list[Any]) -> str | None:
    if error[0] == "UserWarning" and len(error) > 1 and isinstance(error[1], list) and error[1]:
        return str(error[1][0])
    return None


def _server_time(reply: Reply) -> datetime | None:
    try:
        return parsedate_to_datetime(reply.headers["date"]).astimezone(UTC)
    except (KeyError, ValueError, TypeError):
        return None


def _plain(value: Any) -> Any:
    """Tryton's classed objects as values of ours."""
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("__class__")
    if kind == "Decimal":
        return Decimal(value["decimal"])
    if kind == "date":
        return date(value["year"], value["month"], value["day"])
    if kind == "datetime":
        return msgspec.convert(value, Moment).utc
    return {name: _plain(one) for name, one in value.items()}
