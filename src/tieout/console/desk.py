"""What the pages work with: sessions of the database that requests take in turns, and what the project says about itself."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Lock, Thread
from typing import TypeVar

import msgspec
import psycopg

from tieout.console.figures import Figure, Figures
from tieout.core.attempt import Target
from tieout.core.lane import Limits
from tieout.errors import StoreError
from tieout.people.vault import Vault
from tieout.policy import CompanyPolicy
from tieout.report.state import Ledger
from tieout.runtime.configuration import Configuration
from tieout.runtime.credentials import Access
from tieout.settings import SignInTable
from tieout.store.database import fetch
from tieout.store.pool import Busy, Pool
from tieout.store.session import Session

LEDGER_FRESH, WORK_FRESH = timedelta(seconds=20), timedelta(seconds=2)
T = TypeVar("T")


class Desk(msgspec.Struct, frozen=True):
    """The project as the console sees it. `environment` is a word (prod, test, demo); `zone` is for people without their own.

    `configuration` is the console's own, shared by its threads; `limits` and `targets` say how systems are told things.
    `vault` seals the secrets of second factors; without a key it seals none.
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
    sign_in: SignInTable = SignInTable()
    access: Access = Access()
    vault: Vault = msgspec.field(default_factory=lambda: Vault(lambda: ""))
    one_writer: Lock = msgspec.field(default_factory=Lock)
    """Held while a decision is posted: the configuration is one for all threads, and posting learns from what it posts."""
    figures: Figures = msgspec.field(default_factory=Figures)

    def ledger(self, connection: Session, as_of: datetime | None = None) -> Ledger:
        """The ledger as a session sees it, now or at a moment of recorded time."""
        return Ledger(connection, self.configuration, self.clock(), as_of)

    def of_ledger(self, name: str, session: Session, compute: Callable[[Session], T]) -> Figure:
        """A figure that changes with the commits of the ledger."""
        return self.figures.get(name, fetch(session, "newest_commit"), self.clock(), LEDGER_FRESH, session, compute, self.apart)

    def of_work(self, name: str, session: Session, compute: Callable[[Session], T]) -> Figure:
        """A figure that changes with what happens to the exceptions."""
        return self.figures.get(name, fetch(session, "live_newest"), self.clock(), WORK_FRESH, session, compute, self.apart)

    def of_log(self, name: str, session: Session, compute: Callable[[Session], T]) -> Figure:
        """A figure that changes with the event log behind the process map."""
        return self.figures.get(name, fetch(session, "process_mark"), self.clock(), LEDGER_FRESH, session, compute, self.apart)

    def apart(self, work: Callable[[Session], None]) -> None:
        """Run something with a session of its own, in a thread of its own; when no session is free, somebody asks again later."""

        def run() -> None:
            with suppress(Busy, StoreError, psycopg.Error), self.pool.session() as session:
                work(session)

        Thread(target=run, name="figures", daemon=True).start()
