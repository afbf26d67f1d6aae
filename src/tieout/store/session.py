"""A session that works while it waits: the server computes, and so do we, in one thread and without a lock."""

import select
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.waiting import Wait

T = TypeVar("T")


class Session(psycopg.Connection[tuple[Any, ...]]):
    """A connection with something to do: `idle` does a little (some microseconds) and says whether there is more.

    It is called while an answer of the server is not there yet; it must not use the session and must not raise.
    """

    idle: Callable[[], bool] | None = None

    def wait(self, gen: PQGen[T], *args: Any, **options: Any) -> T:
        """Run a conversation of the driver to its end, as any connection does, doing what there is to do meanwhile."""
        return super().wait(gen if self.idle is None else self._busy(gen, self.idle), *args, **options)

    def _busy(self, gen: PQGen[T], idle: Callable[[], bool]) -> PQGen[T]:
        poll = select.poll()
        socket = self.pgconn.socket
        try:
            wanted: Wait = next(gen)
            while True:
                poll.register(socket, (select.POLLIN if wanted & Wait.R else 0) | (select.POLLOUT if wanted & Wait.W else 0))
                while not poll.poll(0) and idle():
                    pass
                ready = yield wanted
                wanted = gen.send(ready)
        except StopIteration as end:
            result: T = end.value
            return result
