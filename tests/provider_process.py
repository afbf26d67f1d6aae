"""A real OpenID provider in a process of its own, and a browser that goes through it."""

import contextlib
import http.client
import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode, urlsplit

MODULE = "oidc_provider_mock"
IS_THERE = importlib.util.find_spec(MODULE) is not None
WHY_NOT = f"no OpenID provider to run: pip install {MODULE.replace('_', '-')}"


class Provider:
    """The provider as its users and its operator see it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.issuer = f"http://127.0.0.1:{port}"

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body or None, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def user(self, subject: str, **claims: object) -> None:
        """Set what the provider says of somebody."""
        status, _, said = self.ask("PUT", f"/users/{subject}", json.dumps(claims).encode(), content_type="application/json")
        assert status == 204, said

    def approve(self, url: str, subject: str, **form: str) -> dict[str, str]:
        """Go where the browser was sent and sign in there; the query it comes back with."""
        parts = urlsplit(url)
        assert f"{parts.scheme}://{parts.netloc}" == self.issuer
        status, _, page = self.ask("GET", f"{parts.path}?{parts.query}")
        assert status == 200, page
        body = urlencode({"sub": subject, **form}).encode()
        status, headers, said = self.ask("POST", f"{parts.path}?{parts.query}", body, content_type="application/x-www-form-urlencoded")
        assert status in (302, 303), said
        return dict(parse_qsl(urlsplit(headers["location"]).query))


@contextlib.contextmanager
def provider() -> Iterator[Provider]:
    """A provider, for as long as the block lasts."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", MODULE, "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ},
    )
    try:
        made = Provider(port)
        end = time.monotonic() + 60
        while True:
            try:
                status, _, _ = made.ask("GET", "/.well-known/openid-configuration")
                assert status == 200
                break
            except OSError:
                assert process.poll() is None, process.stdout.read() if process.stdout else ""
                assert time.monotonic() < end
                time.sleep(0.1)
        yield made
    finally:
        process.terminate()
        process.wait(30)


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


def is_token(text: str) -> bool:
    return re.fullmatch(r"[\w-]{43}", text) is not None
