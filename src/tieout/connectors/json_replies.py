"""What every JSON API can answer instead of an answer: the outcome a conversation ends with, and JSON read exactly."""

from collections.abc import Generator
from typing import Any, TypeVar

import msgspec

from tieout.connectors.json_documents import Unreadable, decode
from tieout.core.command import Call, Failed, Outcome, Rejected, Reply

T = TypeVar("T")

SHOWN_MAX = 500
"""Characters of an answer that a reason quotes."""
CREDENTIALS = (401, 403)
TOO_MANY = 429


class Ended(Exception):
    """Ends a conversation wherever it is; caught where the conversation begins."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(str(outcome))
        self.outcome = outcome


def check_status(reply: Reply, *, wrote: bool) -> None:
    """Raise Ended for what is no answer to the question: redirect, credentials, too many calls, an error of the server.

    `wrote` says that the call could change the target; after an error of the server it may have done so.
    """
    status = reply.status
    if 300 <= status < 400:
        where = reply.headers.get("location", "nowhere")[:SHOWN_MAX]
        raise Ended(Failed("redirect", f"HTTP {status}: the address has moved to {where}; correct `url` in the settings."))
    if status in CREDENTIALS:
        raise Ended(Failed("credentials", f"HTTP {status}: {shown(reply)}; check the system's secret and what it may do."))
    if status == TOO_MANY:
        raise Ended(Failed("rate-limit", f"HTTP {status}: {shown(reply)}", retry_after=retry_after(reply)))
    if status >= 500 or status < 200 or status == 408:
        raise Ended(Failed("status", f"HTTP {status}: {shown(reply)}", in_doubt=wrote, retry_after=retry_after(reply)))


def answer(reply: Reply, decoder: "msgspec.json.Decoder[T]", *, wrote: bool) -> T:
    """The typed body of a reply. Raises Ended when it is not JSON or not of the agreed shape."""
    try:
        return decode(reply.body, decoder)
    except Unreadable as bad:
        reason = f"HTTP {reply.status} with an answer that cannot be read: {bad.reason} It begins: {shown(reply)}"
        raise Ended(Failed("not-json", reason, in_doubt=wrote)) from bad


def read_back(question: Generator[Call, Reply, T]) -> Generator[Call, Reply, T]:
    """A question about what was just written: whatever goes wrong with it, the target has changed, so the command is in doubt."""
    try:
        return (yield from question)
    except Ended as ended:
        outcome = ended.outcome
        if isinstance(outcome, Failed):
            raise Ended(msgspec.structs.replace(outcome, in_doubt=True)) from ended
        if isinstance(outcome, Rejected):
            raise Ended(Failed("status", outcome.reason, in_doubt=True)) from ended
        raise


def shown(reply: Reply) -> str:
    """The beginning of a body as a person reads it, on one line."""
    text = reply.body[: SHOWN_MAX * 4].decode("utf-8", "replace").replace("\0", "\ufffd")
    return " ".join(text.split())[:SHOWN_MAX] or "(empty)"


def is_page(reply: Reply) -> bool:
    """True for a web page: something in between has answered, not the system itself."""
    return "html" in reply.headers.get("content-type", "").lower() or reply.body[:64].lstrip().lower().startswith((b"<!doctype", b"<html"))


def retry_after(reply: Reply) -> float | None:
    """Seconds that the answer asks us to wait; None if it does not say, or says it as a date."""
    text = reply.headers.get("retry-after", "").strip()
    return float(text) if text.replace(".", "", 1).isdigit() and len(text) < 10 else None


def body(value: Any) -> bytes:
    """A JSON request body; decimals as texts, so that none is ever a float."""
    return msgspec.json.Encoder(decimal_format="string").encode(value)
