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
from examples.erp.proxy import BadLine
from examples.erp.tryton import PASSWORD, Tryton
from examples.erp.warehouse import Warehouse

from tieout.app import Tieout, open_project
from tieout.core.circuit import Rules as CircuitRules
from tieout.runtime import desk
from tieout.runtime.apply import apply
from tieout.runtime.consider import consider
from tieout.runtime.dispatch import Dispatcher
from tieout.runtime.intake import import_places
from tieout.runtime.looks import all_cases
from tieout.runtime.polling import Polls, poller
from tieout.runtime.roles import Place
from tieout.runtime.transport import Transport
from tieout.settings import limits_of, targets_of
from tieout.telemetry.metrics import Metrics
from tieout.telemetry.traces import traces_of

HERE = Path(__file__).parent
SETTINGS = ("tieout.toml", "checkpoints.toml")
POLL_SECONDS = 1.0
BUSY = ("queued", "sending", "unknown")
CIRCUIT = CircuitRules(wait=timedelta(seconds=1), wait_max=timedelta(seconds=2))
UNBROKEN = CircuitRules(faults_max=1_000_000, percent=100, calls_min=1_000_000, calls_max=1_000_000)
"""A circuit that never opens, for a line that is bad on purpose."""
BAD_LINE = {"timeout = 60": "timeout = 2", "settle_seconds = 3": "settle_seconds = 6", "concurrency = 1": "concurrency = 3"}
"""What the settings say differently for such a line: little patience. The line itself asks Tryton one thing at a time."""


def midnight(day: datetime) -> datetime:
    """The end of a day: what is precise to the day falls due then."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)


class Company:
    """A project in a folder of its own, between a running Tryton and a running warehouse."""

    def __init__(
        self,
        folder: Path,
        tryton: Tryton,
        warehouse: Warehouse,
        *,
        line: BadLine | None = None,
        database: str = "embedded",
        schema: str = "northgate",
    ) -> None:
        """`line` if Tryton is reached by a bad one."""
        os.environ.setdefault("NORTHGATE_ERP_PASSWORD", PASSWORD)
        self.folder, self.tryton, self.warehouse = folder, tryton, warehouse
        self.today = datetime.now(UTC)
        self._write_settings(line, database, schema)
        self.project: Tieout = open_project(folder)
        self.connection, self.configuration = self.project.connection, self.project.configuration
        settings = self.project.settings
        self.targets, limits = targets_of(settings), limits_of(settings)
        self._transport = Transport()
        place = Place(self._session, lambda connection: self.configuration, self.project.secrets_of, Metrics(), traces_of({}))
        erp = self.project.systems["erp"]
        self._polls = Polls(place, self.connection, self.configuration, self._transport, poller(erp), erp, POLL_SECONDS)
        limits["erp"] = msgspec.structs.replace(limits["erp"], circuit=UNBROKEN if line is not None else CIRCUIT)
        self._dispatcher = Dispatcher(
            lambda: self.project.database.session(writer=True), self.configuration, self.project.secrets_of, limits=limits
        )
        self._taken_in = 0

    def _write_settings(self, line: BadLine | None, database: str, schema: str) -> None:
        said = {"@ERP@": line.url if line is not None else self.tryton.url, "@WMS@": self.warehouse.url}
        said |= {'database = "embedded"': f'database = "{database}"', 'schema = "northgate"': f'schema = "{schema}"'}
        said |= BAD_LINE if line is not None else {}
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in SETTINGS:
            text = (HERE / name).read_text()
            for old, new in said.items():
                text = text.replace(old, new)
            (self.folder / name).write_text(text)

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

    def open(self) -> None:
        """In the morning: what Tryton has already, and what stands on the shelves of the warehouse."""
        self.poll()
        self.events("opening-stock", self.warehouse.open())

    def template(self, system: str, name: str) -> str:
        """A document of the day, its dates filled in: the day is always today, because Tryton's clock is, and every hour is past."""
        text = (HERE / system / name).read_text()
        for token, form in (("@DAY@", "%Y-%m-%d"), ("@YYYYMMDD@", "%Y%m%d"), ("@YYMMDD@", "%y%m%d")):
            text = text.replace(token, self.today.strftime(form))
        return text.replace("@HOUR@", (self.today - timedelta(hours=1)).strftime("%Y-%m-%dT%H"))

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
        desk.approve(self.connection, key, who, self.project.driving.people, self.targets["erp"], datetime.now(UTC))

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
