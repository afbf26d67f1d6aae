"""The headers of every response of the console: nothing from elsewhere, no inline script, no framing."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types console"
)
FIXED = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
PRIVATE = "private, no-cache"
OWN = frozenset(("Content-Security-Policy",))
"""What a response may state itself: a file of somebody is shut off further than a page is."""


class Headers:
    """Puts the fixed headers on every response, and keeps what is not an asset out of shared caches."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update({name: value for name, value in FIXED.items() if name not in headers or name not in OWN})
                headers.setdefault("Cache-Control", PRIVATE)
            await send(message)

        await self._app(scope, receive, sending if scope["type"] == "http" else send)
