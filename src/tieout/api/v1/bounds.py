"""Around every request: a limit to its body, and the headers that keep an answer from being more than data."""

import re

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tieout.api.problem import Problem

BODY_MAX = 1024 * 1024
FILE_MAX = 10 * 1024 * 1024
_FILES = re.compile(r".*/cases/EX-[0-9]{1,18}/files")
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


DRAIN_SECONDS = 2.0


class _TooLarge(Exception):
    pass


class Bounds:
    """Middleware. What is longer than `BODY_MAX` (a file: `FILE_MAX`) is refused, by its length or as it comes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        size, begun = 0, False
        most = FILE_MAX if scope["method"] == "POST" and _FILES.fullmatch(scope["path"]) else BODY_MAX
        stated = dict(scope["headers"]).get(b"content-length", b"")

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > most:
                raise _TooLarge
            return message

        async def headed(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message["headers"] = [*message["headers"], *HEADERS]
                if not any(name == b"cache-control" for name, _ in message["headers"]):
                    message["headers"].append((b"cache-control", b"no-store"))
            await send(message)

        try:
            if stated.isdigit() and int(stated[:20]) > most:
                raise _TooLarge
            await self._app(scope, counted, headed)
        except _TooLarge:
            if begun:
                raise
            problem = Problem(413, "http/too-large", f"A body may have {most:,} bytes.", "Send less at once.", closes=True)
            await _drain(receive)
            await problem.response(scope["path"])(scope, receive, headed)


async def _drain(receive: Receive) -> None:
    """Let some of the rest come and go, so that a sender who is still sending hears the answer and not a closed line."""
    left = FILE_MAX
    with anyio.move_on_after(DRAIN_SECONDS):
        while left > 0:
            message = await receive()
            left -= len(message.get("body", b"")) + 1
            if not message.get("more_body", False):
                return
