"""Seal: while a thread is sealed it can open no socket, ask no name server and start no process or thread; whoever tries has failed the whole.

The database is reached all the same: its driver's connections are made by its own library, before the seal.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

EVENTS = frozenset((
    "socket.__new__", "socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname", "subprocess.Popen", "os.system",
    "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "pty.spawn", "_thread.start_new_thread",
))  # fmt: skip
"""What Python itself reports before it happens: everything by which something could leave this process, or this seal."""


class Unsealed(RuntimeError):
    """Something tried to reach the world while nothing may."""


_tries: ContextVar[list[str] | None] = ContextVar("tries", default=None)


@contextmanager
def sealed() -> Iterator[None]:
    """Seal this thread for the block. Raises Unsealed at the attempt, and again at the end if somebody swallowed that."""
    _watch()
    tries: list[str] = []
    token = _tries.set(tries)
    try:
        yield
    finally:
        _tries.reset(token)
    if tries:
        raise Unsealed(f"something tried {tries[0]} during a rehearsal")


@cache
def _watch() -> None:
    """Install the hook, once per process: it cannot be taken out again, which is what makes it a seal."""
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in EVENTS and (tries := _tries.get()) is not None:
        tries.append(event)
        raise Unsealed(f"{event} during a rehearsal: a rehearsal tells nobody anything")
