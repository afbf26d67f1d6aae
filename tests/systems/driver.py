"""Holds conversations of connectors with a real server: each `Call` becomes one HTTP request, nothing is retried."""

import gzip
import http.client
from collections.abc import Callable, Generator
from typing import TypeVar
from urllib.parse import urlsplit

from tieout.core.command import Call, Reply

T = TypeVar("T")
Transport = Callable[[Call], Reply]


class Lost(Exception):
    """The connection ended before the answer: what the runtime calls unknown."""


def transport(call: Call) -> Reply:
    """One request over a connection of its own."""
    where = urlsplit(call.url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=call.timeout)
    try:
        connection.request(call.method, where.path + (f"?{where.query}" if where.query else ""), call.body or None, call.headers)
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        body = answer.read()
        return Reply(answer.status, headers, gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body)
    finally:
        connection.close()


def converse(conversation: Generator[Call, Reply, T], through: Transport = transport) -> T:
    """Hold a conversation to its end."""
    try:
        call = next(conversation)
        while True:
            call = conversation.send(through(call))
    except StopIteration as end:
        return end.value
