"""What the interface works with: sessions, the configuration, how systems are told things, and a clock."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from weakref import WeakKeyDictionary

from tieout.connectors import System
from tieout.core.attempt import Target
from tieout.core.lane import Limits
from tieout.policy.approval import People
from tieout.process.mined import Mined
from tieout.report.state import Ledger
from tieout.runtime.configuration import Configuration
from tieout.runtime.credentials import Access
from tieout.store.pool import Pool
from tieout.store.session import Session

NOBODY = People({})
NO_ACCESS = Access()


class Project:
    """A project as the interface sees it. `people` are those that the policy names; `address` is where browsers reach the console, if the settings say."""

    def __init__(
        self,
        pool: Pool,
        configure: Callable[[Session], Configuration],
        systems: Mapping[str, System],
        targets: Mapping[str, Target],
        limits: Mapping[str, Limits],
        *,
        people: People = NOBODY,
        address: str = "",
        proxies: tuple[str, ...] = (),
        access: Access = NO_ACCESS,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.pool = pool
        self.systems = systems
        self.targets = targets
        self.limits = limits
        self.people = people
        self.address = address
        self.proxies = proxies
        self.access = access
        self.clock = clock
        self._configure = configure
        self.maps: dict[object, Mined] = {}
        """Maps of processes that were asked for, by all they depend on."""
        self._known: WeakKeyDictionary[Session, Configuration] = WeakKeyDictionary()

    def configuration(self, session: Session) -> Configuration:
        """The configuration that goes with a session: what it has read of reference data belongs to one thread at a time."""
        found = self._known.get(session)
        if found is None:
            found = self._known[session] = self._configure(session)
        return found

    def ledger(self, session: Session, as_of: datetime | None = None) -> Ledger:
        """The ledger as a session sees it."""
        return Ledger(session, self.configuration(session), self.clock(), as_of)
