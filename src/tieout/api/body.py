"""Reading a body with every bound there is: size, time, and the bytes that all requests together may hold."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import ClientDisconnect, Request

from tieout.api.problem import Problem

BODY_MAX = 16 * 1024 * 1024
BODY_SECONDS = 30.0
"""Seconds in which a body must be there, however steadily it trickles."""
ROOM_MAX = 128 * 1024 * 1024
"""Bytes of bodies held at once."""
DRAIN_SECONDS = 2.0
QUIET_SECONDS = 0.2
"""How long the rest of a refused body is read and thrown away, so that its sender gets to see why; less if none comes."""


class Room:
    """The bytes of bodies held at the moment, by all requests of this process. Lives on one event loop, so needs no lock."""

    def __init__(self, size: int = ROOM_MAX) -> None:
        self._left = size

    @asynccontextmanager
    async def body(self, request: Request) -> AsyncIterator[bytes]:
        """A request's body, for as long as the block lasts. Raises Problem."""
        parts: list[bytes] = []
        try:
            await self._read(request, parts)
            yield b"".join(parts)
        finally:
            self._left += sum(map(len, parts))

    async def _read(self, request: Request, parts: list[bytes]) -> None:
        try:
            _refuse_by_head(request)
            async with asyncio.timeout(BODY_SECONDS):
                async for part in request.stream():
                    parts.append(part)
                    self._left -= len(part)
                    if sum(map(len, parts)) > BODY_MAX:
                        raise _too_large()
                    if self._left < 0:
                        raise Problem(503, "http/busy", "Too many bytes are on their way in.", "Send it again.", retry_after=1, closes=True)
        except TimeoutError:
            detail = f"The body was not there within {BODY_SECONDS:g} seconds."
            raise Problem(408, "http/slow", detail, "Send it faster, or in smaller parts.", closes=True) from None
        except ClientDisconnect:
            raise Problem(400, "http/cut-off", "The connection ended within the body.", "Send it again.", closes=True) from None
        except Problem:
            await _drain(request)
            raise


def _refuse_by_head(request: Request) -> None:
    """What needs no byte of the body to be refused."""
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding not in ("", "identity"):
        raise Problem(415, "http/encoding", f"The encoding {encoding[:40]!r} is not taken.", "Send it uncompressed.", closes=True)
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > BODY_MAX:
        raise _too_large()


def _too_large() -> Problem:
    detail = f"A body may have {BODY_MAX:,} bytes."
    return Problem(413, "http/too-large", detail, "Send it in parts, or use `tieout import` for whole exports.", closes=True)


async def _drain(request: Request) -> None:
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            while (await asyncio.wait_for(request.receive(), QUIET_SECONDS)).get("more_body"):
                pass
    except TimeoutError:
        return
