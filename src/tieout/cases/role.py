"""The role `work` of `serve`: the work follows the ledger, operations go on, what nobody decided is returned, people are told."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from tieout.cases import decertify, digest, operation, request, telling
from tieout.cases.follow import follow
from tieout.process import follow as process
from tieout.runtime.roles import Place, Step, my_turn

FOLLOW_SECONDS = 1.0
TELL_EVERY = 10
PORTIONS_MAX = 5
"""Portions of the event log between two looks at the exceptions, which matter more."""
STEPS_MAX = 20
"""Portions of operations between two looks at the ledger: an operation of thousands keeps nobody waiting."""


@contextmanager
def working(place: Place, password: Callable[[], str], end: threading.Event) -> Iterator[Step]:
    """Keep the work in step; one process at a time follows and tells, operations are done by whoever has one."""
    rounds = 0
    with place.working() as (connection, configuration):

        def step(now: datetime) -> float:
            nonlocal rounds
            rounds += 1
            with my_turn(connection, "work") as mine:
                if mine:
                    follow(connection, configuration, now)
                    process.follow(connection, configuration.accounts, portions=PORTIONS_MAX)
                    if rounds % TELL_EVERY == 1:
                        request.expire(connection, now)
                        decertify.look(connection, configuration, now)
                        telling.tell(connection, configuration.work, password(), now)
                        digest.send_due(connection, configuration.work, password(), now)
            for _ in range(STEPS_MAX):
                if end.is_set() or not operation.step(connection, configuration, now):
                    return FOLLOW_SECONDS
            return 0.0

        yield step
