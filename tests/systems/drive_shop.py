"""Drives a conversation over a real socket, as the runtime does, in as few lines as it takes."""

import http.client
from collections.abc import Generator
from typing import TypeVar
from urllib.parse import urlsplit

from tieout.core.command import Call, Failed, Reply

T = TypeVar("T")


def drive(conversation: Generator[Call, Reply, T], *, timeout: int = 5.0) -> T | Failed:
    """The outcome; a call that gets no answer ends the conversation, in doubt if the target may have changed by then."""
    wrote = False
    try:
        call = next(conversation)
        while True:
            wrote |= call.writes
            try:
                reply = exchange(call, timeout)
            except (OSError, http.client.HTTPException) as bad:
                return Failed("timeout", str(bad), in_doubt=wrote)
            call = conversation.send(reply)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    finally:
        conversation.close()


def exchange(call: Call, timeout: float) -> Reply:
    """One request and its answer."""
    url = urlsplit(call.url)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=timeout)
    try:
        path = url.path + (f"?{url.query}" if url.query else "")
        connection.request(call.method, path, call.body or None, dict(call.headers))
        answer = connection.getresponse()
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()
