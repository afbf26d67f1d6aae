"""Seal: while it is on, this process can open no socket, ask no name server and start no process; whoever tries has failed the whole.

The database is reached all the same: the connections of its driver are made by its own library, before the seal.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

EVENTS = frozenset((
    "socket.__new__", "socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname", "subprocess.Popen", "os.system",
    "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "pty.spawn",
))  # fmt: skip
"""What Python itself reports before it happens: everything by which something could leave this process."""
_seals: list[list[str]] = []
"""What was tried under each seal that is on. Of the process, in all its threads, because an audit hook is."""


class Unsealed(RuntimeError):
    """Something tried to reach the world while nothing may."""


@contextmanager
def sealed() -> Iterator[None]:
    """Seal the process for the block. Raises Unsealed at the attempt, and again at the end if somebody swallowed that."""
    _watch()
    tries: list[str] = []
    _seals.append(tries)
    try:
        yield
    finally:
        _seals[:] = [one for one in _seals if one is not tries]
    if tries:
        raise Unsealed(f"{tries[0]} during a rehearsal: a rehearsal tells nobody anything")


@cache
def _watch() -> None:
    """Install the hook, once per process: it cannot be taken out again, which is what makes it a seal."""
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if _seals and event in EVENTS:
        for tries in _seals:
            tries.append(event)
        raise Unsealed(f"{event} during a rehearsal: a rehearsal tells nobody anything")
