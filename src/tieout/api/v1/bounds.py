"""Around every request: a limit to its body, and the headers that keep an answer from being more than data."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tieout.api.problem import Problem

BODY_MAX = 1024 * 1024
HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class _TooLarge(Exception):
    pass


class Bounds:
    """Middleware. What is longer than `BODY_MAX` is refused, by its length or as it comes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        size, begun = 0, False
        stated = dict(scope["headers"]).get(b"content-length", b"")

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > BODY_MAX:
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
            if stated.isdigit() and int(stated[:20]) > BODY_MAX:
                raise _TooLarge
            await self._app(scope, counted, headed)
        except _TooLarge:
            if begun:
                raise
            problem = Problem(413, "http/too-large", f"A body may have {BODY_MAX:,} bytes.", "Send less at once.", closes=True)
            await problem.response(scope["path"])(scope, receive, headed)
