"""Northgate's Tieout: takes documents in, asks Tryton for news, sends what is owed, and says what does not tie out."""

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from examples.erp.tryton import PASSWORD, Tryton
from examples.erp.warehouse import Warehouse

from tieout.app import Tieout, open_project
from tieout.core.attempt import Approved, Target
from tieout.core.circuit import Rules as CircuitRules
from tieout.core.lane import Limits
from tieout.core.rate import Rate
from tieout.runtime.apply import apply
from tieout.runtime.configuration import Driving
from tieout.runtime.consider import consider
from tieout.runtime.dispatch import Dispatcher
from tieout.runtime.intake import import_places
from tieout.runtime.looks import all_cases
from tieout.runtime.outbox import record
from tieout.runtime.polling import Polls, poller
from tieout.runtime.roles import Place
from tieout.runtime.transport import Transport
from tieout.telemetry.metrics import Metrics
from tieout.telemetry.traces import traces_of

HERE = Path(__file__).parent
TOKENS = ("tieout.toml", "checkpoints.toml")
POLL_SECONDS = 1.0
BUSY = ("queued", "sending", "unknown")
TARGETS = {
    "erp": Target(timedelta(seconds=3), first=timedelta(milliseconds=200), longest=timedelta(seconds=2)),
    "wms": Target(timedelta(seconds=1), timedelta(hours=1), timedelta(milliseconds=200), timedelta(seconds=2)),
}
"""How each treats what it is told: the longest time in which it may still do what we no longer wait for, whether it knows a key
again, and the waits between attempts. An ERP in production deserves minutes; a demo is watched."""
FAST = Rate(100, 1, 100)
CIRCUIT = CircuitRules(wait=timedelta(seconds=1), wait_max=timedelta(seconds=2))
UNBROKEN = CircuitRules(faults_max=1_000_000, percent=100, calls_min=1_000_000, calls_max=1_000_000)
BAD_LINE: dict[str, Any] = {"timeout": 2, "settle": 6.0, "concurrency": 3, "rules": UNBROKEN}
"""For a line that is bad on purpose: little patience, and a circuit that never opens. The line itself asks Tryton one thing at a time."""


def midnight(day: datetime) -> datetime:
    """The end of a day: what is precise to the day falls due then."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)


class Company:
    """A project in a folder of its own, between a running Tryton and a running warehouse."""

    def __init__(
        self, folder: Path, tryton: Tryton, warehouse: Warehouse, *, erp_url: str = "", timeout: int = 60, settle: float = 3.0,
        concurrency: int = 1, rules: CircuitRules = CIRCUIT, database: str = "embedded", schema: str = "northgate",
    ) -> None:  # fmt: skip
        """`erp_url` if Tryton is reached by another line; `timeout` and `settle` in seconds; `concurrency` for Tryton."""
        os.environ.setdefault("NORTHGATE_ERP_PASSWORD", PASSWORD)
        self.folder, self.tryton, self.warehouse = folder, tryton, warehouse
        self.today = datetime.now(UTC)
        folder.mkdir(parents=True, exist_ok=True)
        for name in TOKENS:
            text = (HERE / name).read_text().replace("@ERP@", erp_url or tryton.url).replace("@WMS@", warehouse.url)
            text = text.replace('database = "embedded"', f'database = "{database}"').replace('"northgate"', f'"{schema}"')
            (folder / name).write_text(text.replace("timeout = 60", f"timeout = {timeout}"))
        self.project: Tieout = open_project(folder)
        self.connection, self.configuration = self.project.connection, self.project.configuration
        self.targets = {**TARGETS, "erp": msgspec.structs.replace(TARGETS["erp"], settle=timedelta(seconds=settle))}
        self.configuration.driving = Driving(self.project.driving, self.targets)
        self._transport = Transport()
        place = Place(self._session, lambda connection: self.configuration, self.project.secrets_of, Metrics(), traces_of({}))
        erp = self.project.systems["erp"]
        self._polls = Polls(place, self.connection, self.configuration, self._transport, poller(erp), erp, POLL_SECONDS)
        # Tryton on SQLite is told one thing at a time: two invoices posted at once might be given the same number.
        limits = {"erp": Limits(concurrency, FAST, circuit=rules), "wms": Limits(concurrency=2, rate=FAST)}
        self._dispatcher = Dispatcher(
            lambda: self.project.database.session(writer=True), self.configuration, self.project.secrets_of, limits=limits
        )
        self._taken_in = 0

    def __enter__(self) -> "Company":
        return self

    def __exit__(self, *_: object) -> None:
        self._dispatcher.close()
        self._transport.close()
        self.project.close()

    def _session(self) -> Any:
        return self.project.database.connect(writer=True)

    # Taking in -------------------------------------------------------------------------------------------------------

    def take_in(self, system: str, name: str, text: str) -> None:
        """A document arrives: it is put into the inbox and imported like any other."""
        self._taken_in += 1
        path = self.folder / "inbox" / system / f"{self._taken_in:03d}-{name}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        import_places(self.connection, self.configuration, self.project.systems[system], [str(path)])

    def events(self, name: str, events: Iterable[dict[str, Any]]) -> None:
        """The warehouse says what it did."""
        self.take_in("wms", f"{name}.jsonl", "".join(json.dumps(event) + "\n" for event in events))

    def template(self, system: str, name: str) -> str:
        """A document of the day, its dates filled in: the day is always today, because Tryton's clock is."""
        text = (HERE / system / name).read_text()
        for token, form in (("@DAY@", "%Y-%m-%d"), ("@YYYYMMDD@", "%Y%m%d"), ("@YYMMDD@", "%y%m%d")):
            text = text.replace(token, self.today.strftime(form))
        return text

    def poll(self) -> bool:
        """Ask Tryton what changed, until it has said everything; false when it does not answer."""
        while not (wait := self._polls.step(datetime.now(UTC) + timedelta(hours=1))):
            pass
        return wait == POLL_SECONDS

    # Sending ---------------------------------------------------------------------------------------------------------

    def send(self, seconds: float = 3600.0, *, over: Callable[[], bool] | None = None) -> None:
        """Send what is owed until nothing waits any more, or until it is `over`."""
        until = time.monotonic() + seconds
        while not (over or self.is_idle)():
            if time.monotonic() > until:
                raise TimeoutError(f"commands still under way after {seconds:g} s: {self.states()}")
            wait = self._dispatcher.step(datetime.now(UTC))
            consider(self.connection, self.configuration, datetime.now(UTC))
            self._dispatcher.wait(wait)

    def is_idle(self) -> bool:
        """True when nothing waits to be sent, looked up or decided."""
        ((waiting,),) = self.connection.execute("select count(*) from consider where at <= %s", [datetime.now(UTC)]).fetchall()
        return not waiting and not any(state in BUSY for state in self.states())

    def is_sending(self) -> bool:
        """True while Tryton is being told something."""
        ((busy,),) = self.connection.execute("select count(*) from command where state = 'sending' and system = 'erp'").fetchall()
        return bool(busy)

    def states(self) -> Counter[str]:
        """How many commands stand where."""
        return Counter(dict(self.connection.execute("select state, count(*) from command group by 1").fetchall()))

    def commands(self, state: str) -> list[tuple[str, str]]:
        """(key, reason) of the commands in a state."""
        found = self.connection.execute(
            "select key, coalesce(attempt ->> 'reason', ''), rule from command where state = %s order by key", [state]
        )
        return [(key, reason or rule) for key, reason, rule in found.fetchall()]

    def references(self) -> list[str]:
        """The numbers of all orders that were placed."""
        found = self.connection.execute("select distinct identity from fact where kind = 'OrderPlaced' order by 1").fetchall()
        return [identity.split("/", 3)[3] for (identity,) in found]

    def approve(self, key: str, who: str) -> None:
        """A person lets a held command go."""
        with self.connection.transaction():
            record(self.connection, key, Approved(), self.targets["erp"], datetime.now(UTC), who=who)

    def settle(self) -> None:
        """Send what is owed and ask Tryton for what it made of it, until neither brings anything new."""
        while True:
            self.send()
            self.poll()
            if self.is_idle():
                return

    # Looking ---------------------------------------------------------------------------------------------------------

    def look(self) -> dict[str, str]:
        """Every feed has reported to the end of the day; what does not tie out then: `account+- root` -> sentence."""
        evening = midnight(self.today) + timedelta(minutes=30)
        apply(self.connection, self.configuration, [], datetime.now(UTC), declared=dict.fromkeys(self.project.systems, evening))
        self.project.tick()
        found: dict[str, str] = {}
        for case in all_cases(self.connection):
            amount = ", ".join(f"{n} {unit}" for unit, n in {**case.quantity, **case.value}.items())
            name = f"{case.code}{'+' if case.side == 'debit' else '-'} {case.root}" if case.account else case.case
            found[name] = "; ".join(part for part in (found.get(name, ""), f"{case.key or case.hint}: {amount}") if part)
        return found
