"""How fast somebody may guess: after a few tries each further one has to wait longer, per login and per address."""

from datetime import datetime, timedelta

import msgspec

from tieout.errors import OperatorError
from tieout.store.database import Connection, fetch, run


class TooFast(OperatorError):
    """Too many tries: `retry_after` seconds are left to wait. The password was not looked at."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many sign-ins failed.", f"Wait {retry_after} seconds, then try again.")
        self.retry_after = retry_after


class Pace(msgspec.Struct, frozen=True):
    """`free` tries at once; then waits that double from one second to `longest`; all is forgotten `forget` after the last try."""

    free: int
    longest: timedelta
    forget: timedelta

    def wait(self, tries: int) -> timedelta:
        """How long after the last of so many tries the next may come."""
        over = tries - self.free
        return timedelta() if over < 0 else min(timedelta(seconds=2 ** min(over, 30)), self.longest)


PACES = {"login": Pace(5, timedelta(minutes=15), timedelta(days=1)), "address": Pace(100, timedelta(minutes=1), timedelta(minutes=15))}
"""An address may be that of a whole office, so it waits later and shorter."""


def admit(connection: Connection, login: str, address: str, now: datetime) -> None:
    """Count a try, before it is known whether it is good. Raises TooFast; such a try does not count."""
    keys = {f"login:{login[:100]}": PACES["login"]} | ({f"address:{address[:60]}": PACES["address"]} if address else {})
    with connection.transaction():
        run(connection, "make_try", now, sorted(keys))
        found = {key: (tries, since) for key, tries, since in fetch(connection, "tries_of", sorted(keys))}
        waits = [(since, keys[key].wait(tries)) for key, (tries, since) in found.items()]
        left = max((since + wait - now for since, wait in waits if wait), default=timedelta())  # another's try may be a moment ahead of `now`
        if left > timedelta():
            raise TooFast(max(1, round(left.total_seconds())))
        for key, (tries, since) in found.items():
            run(connection, "set_try", 1 if now - since > keys[key].forget else tries + 1, now, key)


def forget(connection: Connection, login: str, address: str = "") -> None:
    """The login was signed in to: its tries no longer count, and this one not for the address, so that a whole office may come in at once."""
    run(connection, "forget_tries", f"login:{login[:100]}")
    if address:
        run(connection, "take_back_try", f"address:{address[:60]}")
