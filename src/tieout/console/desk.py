"""What the pages work with: sessions of the database that requests take in turns, and what the project says about itself."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from threading import Lock, Thread

import msgspec
import psycopg

from tieout.console.figures import Figure, Figures
from tieout.core.attempt import Target
from tieout.core.lane import Limits
from tieout.errors import StoreError
from tieout.policy import CompanyPolicy
from tieout.report.state import Ledger
from tieout.runtime.configuration import Configuration
from tieout.store.pool import Busy, Pool
from tieout.store.session import Session


class Desk(msgspec.Struct, frozen=True):
    """The project as the console sees it. `environment` is a word (prod, test, demo); `zone` is for people without their own.

    `configuration` is the console's own, shared by its threads; `limits` and `targets` say how systems are told things.
    """

    pool: Pool
    name: str
    environment: str = "prod"
    zone: str = "UTC"
    is_secure: bool = False
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    configuration: Configuration = msgspec.field(default_factory=lambda: Configuration((), CompanyPolicy({})))
    limits: Mapping[str, Limits] = {}
    targets: Mapping[str, Target] = {}
    one_writer: Lock = msgspec.field(default_factory=Lock)
    """Held while a decision is posted: the configuration is one for all threads, and posting learns from what it posts."""
    figures: Figures = msgspec.field(default_factory=Figures)

    def ledger(self, connection: Session, as_of: datetime | None = None) -> Ledger:
        """The ledger as a session sees it, now or at a moment of recorded time."""
        return Ledger(connection, self.configuration, self.clock(), as_of)

    def figure(self, name: str, session: Session, compute: Callable[[Session], object]) -> Figure:
        """A figure that costs a pass over the ledger, with the moment it is of."""
        return self.figures.get(name, session, self.clock(), compute, self._apart)

    def _apart(self, work: Callable[[Session], None]) -> None:
        """Run something with a session of its own, in a thread of its own; when no session is free, somebody asks again later."""

        def run() -> None:
            with suppress(Busy, StoreError, psycopg.Error), self.pool.session() as session:
                work(session)

        Thread(target=run, name="figures", daemon=True).start()
