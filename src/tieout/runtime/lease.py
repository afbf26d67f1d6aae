"""Leases: what a dispatcher holds it renews; what it could not renew it no longer sends."""

import time
from collections.abc import Iterable
from datetime import timedelta

from tieout.runtime.batch import Connection
from tieout.runtime.take import MARGIN
from tieout.runtime.task import Task
from tieout.store.database import fetch

LEASE = timedelta(seconds=30)
"""How long a command is held without a sign of life. A killed dispatcher's work is taken over after that."""
RENEWALS = 3
"""So often a lease is renewed before it would end."""


def renew(connection: Connection, tasks: Iterable[Task], holder: str, lease: timedelta) -> int:
    """Hold some tasks for another lease; how many somebody else holds by now, which will not write any more."""
    held = {task.key: task for task in tasks}
    if not held:
        return 0
    ends = time.monotonic() + lease.total_seconds() - MARGIN
    found = dict(fetch(connection, "renew_leases", lease, sorted(held), holder))
    gone = 0
    for key, task in held.items():
        task.ends = ends if found.get(key) == task.fence else 0.0
        gone += task.ends == 0.0
    return gone
